import { DEFAULT_ANNOTATION_PREFIX } from '../identity/annotations.ts';
import { CONTAINER_CREDENTIALS, MAX_TOKEN_EXPIRATION_SECONDS, WEB_IDENTITY } from '../identity/token-volume.ts';

/** Names and paths of EKS Pod Identity credentials. */
export interface ContainerCredentialsOptions {
  readonly audience: string;
  readonly mountPath: string;
  readonly volumeName: string;
  /** File name of the token in the volume. */
  readonly tokenFile: string;
  /** URL of the agent's endpoint. */
  readonly fullUri: string;
}

/** How the webhook decides. Every default is the upstream webhook's, unless it says otherwise. */
export interface WebhookOptions {
  readonly annotationPrefix: string;
  /** Audience of tokens whose ServiceAccount does not say. Not applied to mapping entries, unless `mappingDefaults`. */
  readonly audience: string;
  readonly mountPath: string;
  /** Seconds, within [600, `maxTokenExpirationSeconds`]. */
  readonly tokenExpirationSeconds: number;
  /** Upper bound of every token's life in seconds; podrole's own, 86,400 by default. */
  readonly maxTokenExpirationSeconds: number;
  /** Injected region; `auto`: by the role's partition; absent: none. */
  readonly region: string | undefined;
  /** The cluster's region, for `auto`. */
  readonly homeRegion: string | undefined;
  readonly stsRegional: boolean;
  /** Whether the mapping ConfigMap counts. */
  readonly mapping: boolean;
  /** Whether mapping entries take audience and STS setting from the options where they do not say. podrole's own, off by default. */
  readonly mappingDefaults: boolean;
  /** Account and partition for role-arn annotations that hold a bare name; absent: such a value is no ARN. */
  readonly composeRole: { readonly account: string; readonly partition: string } | undefined;
  /** Absent: the container credentials branch is off. */
  readonly containerCredentials: ContainerCredentialsOptions | undefined;
  /** How long an unknown ServiceAccount is waited for after a direct read found none, in milliseconds. */
  readonly gracePeriodMs: number;
  /** Whether a malformed role ARN leaves the pod alone. podrole's own; by default it is injected with a warning, as upstream injects it. */
  readonly refuseInvalidRoles: boolean;
  /** podrole's own: `AWS_ROLE_SESSION_NAME` from the pod's name. */
  readonly sessionNameFromPod: boolean;
  /** podrole's own: complete a pair of which a container sets the first half. */
  readonly completePairs: boolean;
  /** A foreign volume of our name: `keep` and warn (upstream keeps it silently), or `rename` ours. */
  readonly volumeClash: 'keep' | 'rename';
  /** Namespaces whose pods are never touched. */
  readonly exemptNamespaces: readonly string[];
  /** Deadline of one direct read in milliseconds; below the API server's own for the call. */
  readonly readTimeoutMs: number;
  /** Direct reads under way at once; beyond, the failure policy decides. */
  readonly maxReads: number;
  /** How long the answer of a direct read is believed without asking again, in milliseconds. */
  readonly readCacheMs: number;
  /** The least time between two reads of the container credentials file on behalf of pods that it does not name, in milliseconds. */
  readonly identitiesRefreshMs: number;
}

/** What an upstream webhook does without a flag; see the members. */
export const defaultWebhookOptions: WebhookOptions = {
  annotationPrefix: DEFAULT_ANNOTATION_PREFIX,
  audience: WEB_IDENTITY.audience,
  mountPath: WEB_IDENTITY.mountPath,
  tokenExpirationSeconds: MAX_TOKEN_EXPIRATION_SECONDS,
  maxTokenExpirationSeconds: MAX_TOKEN_EXPIRATION_SECONDS,
  region: undefined,
  homeRegion: undefined,
  stsRegional: false,
  mapping: false,
  mappingDefaults: false,
  composeRole: undefined,
  containerCredentials: undefined,
  gracePeriodMs: 0,
  refuseInvalidRoles: false,
  sessionNameFromPod: false,
  completePairs: false,
  volumeClash: 'keep',
  exemptNamespaces: [],
  readTimeoutMs: 1_500,
  maxReads: 64,
  readCacheMs: 1_000,
  identitiesRefreshMs: 100,
};

/** The container credentials branch with upstream's names and paths. */
export const defaultContainerCredentials: ContainerCredentialsOptions = {
  audience: CONTAINER_CREDENTIALS.audience,
  mountPath: CONTAINER_CREDENTIALS.mountPath,
  volumeName: CONTAINER_CREDENTIALS.volumeName,
  tokenFile: CONTAINER_CREDENTIALS.tokenFile,
  fullUri: CONTAINER_CREDENTIALS.fullUri,
};
