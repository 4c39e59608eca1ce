import type { TokenOptions } from '../../kube/client/kube-client.ts';

/** Whatever is needed to act as a service account: a token to ask for, a role, and the variables that go with it. */
export interface ExecIdentity {
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
  readonly roleArn: string;
  readonly token: TokenOptions;
  /** Variables that a pod of this account has beside role and token file. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether region and session are the pod's, and the caller's own do not count. */
  readonly exact: boolean;
  /** What could not be reproduced, or deserves a look. */
  readonly notes: readonly string[];
}

/** What the caller wants otherwise than the cluster says. */
export interface IdentityOverrides {
  readonly roleArn?: string | undefined;
  readonly audience?: string | undefined;
  /** Seconds that a token lives. */
  readonly durationSeconds?: number | undefined;
  /** Of a pod: the container whose environment counts; absent: the first with a role. */
  readonly container?: string | undefined;
}

/** The shortest life that a token can have: what the API server takes. */
export const TOKEN_SECONDS = 600;
