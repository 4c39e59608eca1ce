/** The prefix that Amazon's webhook and everything written for it use (`--annotation-prefix`). */
export const DEFAULT_ANNOTATION_PREFIX = 'eks.amazonaws.com';

/** On a ServiceAccount, Profile or role record: podrole leaves the object alone while the value is `true`. */
export const PAUSED_ANNOTATION = 'podrole.dev/paused';

/** On a pod: comma-separated names of the only containers to fill; absent means all. Ours, not upstream's. */
export const INCLUDE_CONTAINERS_ANNOTATION = 'podrole.dev/include-containers';

/** On a ServiceAccount or pod: the region to inject, or `auto`. Ours, not upstream's. */
export const REGION_ANNOTATION = 'podrole.dev/region';

/** On a ServiceAccount or pod: `true` names the STS session after the pod. Ours, not upstream's. */
export const SESSION_NAME_ANNOTATION = 'podrole.dev/session-name-from-pod';

/** Set on pods that get EKS Pod Identity credentials; fixed, whatever the prefix (upstream webhook since v0.6.15). */
export const POD_IDENTITY_LABEL = 'eks.amazonaws.com/pod-identity';
export const POD_IDENTITY_LABEL_VALUE = 'enabled';

/** The annotations of the upstream webhook under one prefix. */
export interface AnnotationKeys {
  /** ServiceAccount: the role's ARN. */
  readonly roleArn: string;
  /** ServiceAccount: the token's audience. */
  readonly audience: string;
  /** ServiceAccount: whether `AWS_STS_REGIONAL_ENDPOINTS=regional` is injected. */
  readonly stsRegionalEndpoints: string;
  /** ServiceAccount and pod: the token's life in seconds. */
  readonly tokenExpiration: string;
  /** Pod: containers left alone. */
  readonly skipContainers: string;
}

/** The upstream annotation names under `prefix`, which takes no trailing slash. */
export function annotationKeys(prefix: string = DEFAULT_ANNOTATION_PREFIX): AnnotationKeys {
  return {
    roleArn: `${prefix}/role-arn`,
    audience: `${prefix}/audience`,
    stsRegionalEndpoints: `${prefix}/sts-regional-endpoints`,
    tokenExpiration: `${prefix}/token-expiration`,
    skipContainers: `${prefix}/skip-containers`,
  };
}

/** Whether an object carries `podrole.dev/paused: "true"`. */
export function isPaused(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return annotations?.[PAUSED_ANNOTATION] === 'true';
}
