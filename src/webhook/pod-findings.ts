import type { ReasonCode } from '../identity/reason-codes.ts';

/**
 * What an explanation of a pod finds beside the webhook's own reason codes, which it uses where they fit. The text is the code's whole documentation;
 * codes are never reused.
 */
export const podFindingCodes = {
  // A running pod, and what it would get now.
  CreatedBeforeAnnotation: 'the pod is older than the last change of what binds its service account to a role',
  CreatedBeforeServiceAccount: 'the pod is older than its service account, which was made anew',
  NotInjected: 'the pod lacks the credentials that a new one would get',
  ContainerNotInjected: 'some containers of the pod lack the credentials that the others have',
  RoleChanged: 'the pod has another role than a new one would get',
  RoleRemoved: 'the pod has a role that a new one would not get',
  AudienceChanged: "the pod's token has another audience than a new one would get",
  ExpirationChanged: "the pod's token has another life than a new one would get",
  TokenNotMounted: 'a variable names a token file where nothing, or no token, is mounted',

  // What the pod brings itself.
  OwnRole: "a container sets a role of its own, which the service account's does not replace",
  ContainerSkipped: 'a list of containers of the pod leaves the container out',
  StaticKeysWin: 'a container sets access keys, which every SDK prefers to the role',
  ProfileSet: 'a container names a profile, which some SDKs prefer to the role',
  SharedFilesMounted: 'a container mounts or names files of credentials, which some SDKs prefer to the role',
  EnvFromUnseen: 'a container takes variables from elsewhere, among which access keys would win',
  MethodShadowed: 'a container sets a role and token file of its own, which SDKs prefer to EKS Pod Identity',
  HostNetwork: "the pod uses the node's network, so that without its own credentials it gets the node's role",
  WindowsPodIdentity: 'EKS Pod Identity has no agent on Windows nodes',
  OtherAccountsHaveRoles: 'the pod runs as an account without a role while others of its namespace have one',

  // Whether the API server calls the webhook for it.
  WebhookNotRegistered: 'no mutating webhook configuration registers a pod identity webhook',
  WebhookRulesMiss: 'the rules of the registered webhook leave out the creation of pods',
  NamespaceNotSelected: 'the namespaceSelector of the registered webhook leaves the namespace out',
  PodNotSelected: 'the objectSelector of the registered webhook leaves the pod out',
  MatchConditionsUnjudged: 'the registered webhook has match conditions, which were not evaluated',
  WebhookUntrusted: 'the registered webhook has no caBundle, so the API server cannot verify whom it calls',
  FailuresIgnored: 'while the registered webhook cannot be reached, pods are made without credentials (failurePolicy Ignore)',
  RegistrationUnknown: 'the webhook configurations could not be read',

  // The role's side.
  RoleRefusesSubject: 'the trust policy of the role does not let the service account in',
  RoleNotFound: 'the role does not exist',
  ProviderNotRegistered: "the cluster's issuer is not registered in the role's account",
  AudienceNotRegistered: "the token's audience is not among the client ids of the OIDC provider",
  RoleUnchecked: 'the role could not be looked at',
} as const satisfies Readonly<Record<string, string>>;

export type PodFindingCode = keyof typeof podFindingCodes;

export type Severity = 'error' | 'warning' | 'info';

/** One thing found about a pod: a stable code, words, and what to do. Never holds the value of a variable that is not one of podrole's own. */
export interface PodFinding {
  readonly code: PodFindingCode | ReasonCode;
  /** `error`: the pod does not have, or would not get, working credentials. */
  readonly severity: Severity;
  readonly message: string;
  readonly remedy: string;
  readonly container?: string;
}

/** Severity and remedy of the webhook's own codes. What is missing is no finding. */
export const reasonRemedies: Partial<Readonly<Record<ReasonCode, { readonly severity: Severity; readonly remedy: string }>>> = {
  EmptyRole: { severity: 'error', remedy: 'give the role-arn annotation of the service account a value, or remove it' },
  RefusedRole: { severity: 'error', remedy: 'write the role-arn annotation as arn:aws:iam::<12 digits>:role/<name>' },
  ServiceAccountNotFound: { severity: 'error', remedy: 'create the service account, or correct spec.serviceAccountName' },
  UndecodablePod: {
    severity: 'error',
    remedy: 'correct the types in the manifest: annotations and labels are texts, so quote numbers and booleans',
  },
  InvalidRoleArn: { severity: 'error', remedy: 'write the role as arn:aws:iam::<12 digits>:role/<name>' },
  EmptyAudience: { severity: 'error', remedy: 'name the audience that the OIDC provider knows, sts.amazonaws.com by default' },
  HalfSetCredentials: { severity: 'error', remedy: 'set both variables of the pair or neither, or run the webhook with --complete-pairs' },
  VolumeClash: { severity: 'error', remedy: 'rename the volume, or run the webhook with --volume-clash=rename' },
  MountElsewhere: { severity: 'error', remedy: 'mount the volume whole, where the variable points' },
  MountPathClash: { severity: 'warning', remedy: 'mount the other volume elsewhere' },
  InvalidStsRegionalEndpoints: { severity: 'warning', remedy: 'write true or false' },
  InvalidTokenExpiration: { severity: 'warning', remedy: 'write a whole number of seconds, from 600 to 86400' },
  TokenExpirationTooShort: { severity: 'warning', remedy: 'write 600 or more' },
  TokenExpirationTooLong: { severity: 'warning', remedy: 'write 86400 or less, or run the webhook with --max-token-expiration' },
  InvalidContainerList: { severity: 'warning', remedy: 'write names with commas between and no blanks' },
  UnknownContainer: { severity: 'warning', remedy: 'correct the name in the list, or remove it' },
  SessionNameTooLong: { severity: 'warning', remedy: 'give the pod a name of at most 64 characters' },
  InvalidSessionName: { severity: 'warning', remedy: 'write true or false' },
  InvalidRegion: { severity: 'warning', remedy: 'write a region such as us-west-2, or auto' },
  RegionUnknown: { severity: 'warning', remedy: 'name a region instead of auto, or run the webhook with --cluster-region' },
  LabelOverwritten: { severity: 'warning', remedy: 'do not set the label' },
};
