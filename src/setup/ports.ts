import type { KubeObject } from '../kube/core/object.ts';

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

/** What setup asks of AWS. What does not exist is `undefined`; every refusal rejects. */
export interface SetupAws {
  identity(signal?: AbortSignal): Promise<{ readonly account: string; readonly arn: string }>;
  cluster(name: string, signal?: AbortSignal): Promise<{ readonly arn: string; readonly issuer: string | undefined } | undefined>;
  provider(arn: string, signal?: AbortSignal): Promise<ProviderFacts | undefined>;
  role(name: string, signal?: AbortSignal): Promise<RoleFacts | undefined>;
  inlinePolicy(role: string, policy: string, signal?: AbortSignal): Promise<string | undefined>;
  createProvider(
    provider: { readonly issuer: string; readonly clientIds: readonly string[]; readonly tags: Readonly<Record<string, string>> },
    signal?: AbortSignal,
  ): Promise<void>;
  addClientId(providerArn: string, clientId: string, signal?: AbortSignal): Promise<void>;
  createRole(
    role: {
      readonly name: string;
      readonly trustPolicy: string;
      readonly description: string;
      readonly tags: Readonly<Record<string, string>>;
    },
    signal?: AbortSignal,
  ): Promise<void>;
  updateTrustPolicy(role: string, document: string, signal?: AbortSignal): Promise<void>;
  putInlinePolicy(role: string, policy: string, document: string, signal?: AbortSignal): Promise<void>;
}

/** What setup asks of the cluster. */
export interface SetupKube {
  /** The issuer by the API server's own discovery document. */
  issuer(signal?: AbortSignal): Promise<string>;
  namespaceExists(name: string, signal?: AbortSignal): Promise<boolean>;
  serviceAccount(target: { readonly namespace: string; readonly name: string }, signal?: AbortSignal): Promise<KubeObject | undefined>;
  createNamespace(name: string, signal?: AbortSignal): Promise<void>;
  /** Server-side apply as `podrole-setup`: this annotation and nothing else is ours. */
  annotateServiceAccount(
    target: { readonly namespace: string; readonly name: string },
    annotations: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<void>;
}

export interface SetupPorts {
  readonly aws: SetupAws;
  readonly kube: SetupKube;
}
