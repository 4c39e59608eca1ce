import type { IamPolicies } from '../../aws/iam-policies.ts';
import type { IamProviders } from '../../aws/iam-providers.ts';
import type { IamRoles } from '../../aws/iam-roles.ts';
import type { S3Objects } from '../../aws/s3-objects.ts';
import type { Clock } from '../../base/clock.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Kubelet } from '../../sandbox/kubelet/kubelet.ts';
import type { SetupPorts } from '../../setup/ports.ts';
import type { Sandbox } from '../sandbox.ts';

/** What the walk's steps act with and look with: two sets of clients, so that nothing is observed by the one that did it. */
export interface WalkWorld {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly kubelet: Kubelet;
  /** What setup acts with. */
  readonly setup: SetupPorts;
  /** Starts what needs the roles of setup: the controller and the webhook. */
  readonly startServers: (signal: AbortSignal) => Promise<void>;
  /** The platform engineer's hands. */
  readonly actor: { readonly kube: KubeClient; readonly policies: IamPolicies; readonly s3: S3Objects };
  /** Eyes only. */
  readonly observer: {
    readonly kube: KubeClient;
    readonly roles: IamRoles;
    readonly policies: IamPolicies;
    readonly providers: IamProviders;
  };
  /** How long a step waits for what others do before it is red, in milliseconds. */
  readonly patienceMs: number;
  /** What one step leaves for a later one. */
  readonly notes: WalkNotes;
}

export interface WalkNotes {
  /** Tokens of the profiles' service accounts, by profile, as their pods or a TokenRequest got them. */
  readonly tokens: Map<string, string>;
}

/** Names of the walk. */
export const USER_ROLE = (cluster: string): string => `kf-user-${cluster}`;
export const ADMIN_ROLE = (cluster: string): string => `kf-admin-${cluster}`;
export const PROFILES = ['user-a', 'user-b'] as const;
export const POD = { namespace: 'user-a', name: 'notebook' } as const;
export const UNTRUSTED_POD = { namespace: 'user-a', name: 'borrower' } as const;
export const BUCKET = 'podrole-walk';
export const OBJECT_KEY = 'hello.txt';
export const OBJECT_BODY = 'hello from a bucket';
/** The image that stands for the unmodified AWS SDK for JavaScript. */
export const SDK_IMAGE = 'podrole.test/aws-sdk-js:3';

/** The ARN of the role that users' pods hold. */
export const userRoleArn = (sandbox: Sandbox): string => `arn:aws:iam::${sandbox.account}:role/${USER_ROLE(sandbox.cluster)}`;
export const providerArn = (sandbox: Sandbox): string =>
  `arn:aws:iam::${sandbox.account}:oidc-provider/${sandbox.issuer.replace(/^https:\/\//, '')}`;
