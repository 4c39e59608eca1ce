import type { CredentialObserver } from './events.ts';
import type { CredentialFetch } from './fetch.ts';

/** One more `sts:AssumeRole`, with the credentials of the step before. */
export interface RoleStep {
  readonly roleArn: string;
  /** Default: the session name of the step before. */
  readonly sessionName?: string;
  readonly externalId?: string;
  /** 900 to 3600: AWS ends chained sessions after an hour. Default 3600. */
  readonly durationSeconds?: number;
}

/** Everything is optional: what is absent comes from the environment, as the AWS SDKs read it. */
export interface ServiceAccountOptions {
  /** Default `AWS_ROLE_ARN`. */
  readonly roleArn?: string;
  /** Default `AWS_WEB_IDENTITY_TOKEN_FILE`. Read anew for every exchange, as the kubelet replaces it. */
  readonly tokenFile?: string;
  /** Audience that the token must have; absent: any that can be meant for STS. */
  readonly audience?: string;
  /** Default `AWS_REGION`, then `AWS_DEFAULT_REGION`; without any, the partition's global or first region. */
  readonly region?: string;
  /** URL of STS. Default `AWS_ENDPOINT_URL_STS`, then `AWS_ENDPOINT_URL`, then the region's own. `http:` on loopback only. */
  readonly endpoint?: string;
  /** Default `AWS_ROLE_SESSION_NAME`, then the pod's or service account's name from the token. */
  readonly sessionName?: string;
  /** 900 to 43200. Default: AWS's, 3600. */
  readonly durationSeconds?: number;
  /** Roles to assume from there, in order; the last one's credentials are handed out. */
  readonly roleChain?: readonly RoleStep[];
  /** Nothing configured is an error that ends the SDK's `chain()` too, so that a program never acts as its node. Default false. */
  readonly strict?: boolean;
  /**
   * How long, in milliseconds, `AccessDenied` on the first exchange is asked again, as a new role or trust policy takes 4 to 12 seconds
   * to take effect; `true` is 20,000. Default: not at all.
   */
  readonly waitForPropagation?: number | boolean;
  /** Told what happens. Default: warnings alone, as process warnings. */
  readonly onEvent?: CredentialObserver;
  /** Wall time. Default the machine's. */
  readonly now?: () => Date;
  /** From 0 inclusive to 1 exclusive, for jitter. Default `Math.random`. */
  readonly random?: () => number;
  /** Default: `node:https`, which starts faster than the global `fetch`. Give one where a proxy is needed. */
  readonly fetch?: CredentialFetch;
}
