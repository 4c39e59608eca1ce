/** A role as setup reads it; `trustPolicy` is decoded JSON text. */
export interface RoleFacts {
  readonly name: string;
  readonly arn: string;
  readonly trustPolicy: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface ProviderFacts {
  readonly arn: string;
  readonly issuer: string;
  readonly clientIds: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** An EKS cluster as setup reads it. */
export interface ClusterFacts {
  readonly arn: string;
  readonly status: string;
  readonly issuer: string | undefined;
}

/** A service account as setup reads it. */
export interface AccountFacts {
  /** The role annotation. */
  readonly roleArn: string | undefined;
  /** Setup created the object: it carries setup's label. */
  readonly made: boolean;
  /** The annotation is among the fields that setup applied. */
  readonly annotated: boolean;
  /** Other field managers of the object, for example `kubectl-client-side-apply`. */
  readonly otherManagers: readonly string[];
}

/** A Profile that names roles by its plugin. */
export interface ProfileFacts {
  readonly name: string;
  readonly roleArns: readonly string[];
}

export type Tags = Readonly<Record<string, string>>;

/** A write that finds its object gone says so: the caller knows whether that is a matter of waiting. */
export type Written = 'done' | 'absent';
export type Created = 'created' | 'exists';
export type Deleted = 'deleted' | 'absent';

/** What setup asks of AWS: each call is one request (a list: one per page). What does not exist is `undefined`; every other refusal rejects. */
export interface SetupAws {
  identity(signal?: AbortSignal): Promise<{ readonly account: string; readonly arn: string }>;
  cluster(name: string, signal?: AbortSignal): Promise<ClusterFacts | undefined>;
  provider(arn: string, signal?: AbortSignal): Promise<ProviderFacts | undefined>;
  role(name: string, signal?: AbortSignal): Promise<RoleFacts | undefined>;
  inlinePolicies(role: string, signal?: AbortSignal): Promise<readonly string[] | undefined>;
  inlinePolicy(role: string, policy: string, signal?: AbortSignal): Promise<string | undefined>;
  /** ARNs of managed policies on the role. */
  attachedPolicies(role: string, signal?: AbortSignal): Promise<readonly string[] | undefined>;
  /** Every role of the account, with its trust policy. */
  roles(signal?: AbortSignal): Promise<readonly Pick<RoleFacts, 'name' | 'trustPolicy'>[]>;
  createProvider(
    provider: {
      readonly issuer: string;
      readonly clientIds: readonly string[];
      /** Empty: IAM finds them itself. */
      readonly thumbprints: readonly string[];
      readonly tags: Tags;
    },
    signal?: AbortSignal,
  ): Promise<Created>;
  addClientId(providerArn: string, clientId: string, signal?: AbortSignal): Promise<Written>;
  deleteProvider(arn: string, signal?: AbortSignal): Promise<Deleted>;
  createRole(
    role: { readonly name: string; readonly trustPolicy: string; readonly description: string; readonly tags: Tags },
    signal?: AbortSignal,
  ): Promise<Created>;
  tagRole(role: string, tags: Tags, signal?: AbortSignal): Promise<Written>;
  updateTrustPolicy(role: string, document: string, signal?: AbortSignal): Promise<Written>;
  putInlinePolicy(role: string, policy: string, document: string, signal?: AbortSignal): Promise<Written>;
  deleteInlinePolicy(role: string, policy: string, signal?: AbortSignal): Promise<Deleted>;
  detachPolicy(role: string, policyArn: string, signal?: AbortSignal): Promise<Deleted>;
  deleteRole(role: string, signal?: AbortSignal): Promise<Deleted>;
}

/** What setup asks of the cluster. */
export interface SetupKube {
  /** The issuer by the API server's own discovery document. */
  issuer(signal?: AbortSignal): Promise<string>;
  namespace(name: string, signal?: AbortSignal): Promise<{ readonly made: boolean } | undefined>;
  serviceAccount(target: { readonly namespace: string; readonly name: string }, signal?: AbortSignal): Promise<AccountFacts | undefined>;
  /** Profiles that name a role; none where the cluster has no Profiles. */
  profiles(signal?: AbortSignal): Promise<readonly ProfileFacts[]>;
  createNamespace(name: string, signal?: AbortSignal): Promise<void>;
  /** Server-side apply: the role annotation and, on what setup made, its label are ours and nothing else. */
  applyServiceAccount(
    account: { readonly namespace: string; readonly name: string; readonly roleArn: string; readonly made: boolean },
    signal?: AbortSignal,
  ): Promise<void>;
  /** Gives up what setup applied: the annotation goes unless somebody else applied it too. */
  releaseServiceAccount(target: { readonly namespace: string; readonly name: string }, signal?: AbortSignal): Promise<void>;
  deleteServiceAccount(target: { readonly namespace: string; readonly name: string }, signal?: AbortSignal): Promise<Deleted>;
  deleteProfile(name: string, signal?: AbortSignal): Promise<Deleted>;
  profileExists(name: string, signal?: AbortSignal): Promise<boolean>;
}

export interface SetupPorts {
  readonly aws: SetupAws;
  readonly kube: SetupKube;
}
