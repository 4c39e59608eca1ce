/**
 * Why the webhook did what it did. A metric label, a log line, a warning, an audit annotation and an Event carry the same code
 * (upper camel case, because conditions and Events take no hyphen). The text is the code's whole documentation.
 */
export const reasonCodes = {
  // What became of a pod.
  Injected: 'the pod was given AWS credentials',
  AlreadyInjected: 'everything the pod needs was there already, nothing was changed',
  NoRole: 'the service account names no role and nothing maps it to one',
  EmptyRole: 'the service account has a role-arn annotation without a value, which means no role',
  NoServiceAccount: 'the pod names no service account (mirror pods do not)',
  NoNamespace: 'the request names no namespace',
  ServiceAccountNotFound: 'the service account does not exist, not even in a direct read',
  NotAPod: 'the object is of another kind than Pod',
  NotACreate: 'the request is not the creation of a pod',
  ExemptNamespace: 'the namespace was exempted when the webhook was started',
  UndecodablePod: 'the object does not have the shape of a pod, it was allowed as it is',
  RefusedRole: 'the role ARN is malformed and the webhook was told not to inject such roles',

  // What is odd about a service account, a mapping entry or a pod.
  InvalidRoleArn: 'the role is not the ARN of an IAM role; it was injected as it is, STS will refuse it',
  EmptyAudience: 'the audience is empty, so the token is one for the API server, which STS refuses',
  InvalidStsRegionalEndpoints: 'sts-regional-endpoints is not a boolean, the default was used',
  InvalidTokenExpiration: 'token-expiration is not a whole number of seconds, the next source in line was used',
  TokenExpirationTooShort: 'token-expiration was below 600 seconds, 600 was used',
  TokenExpirationTooLong: 'token-expiration was above the maximum, the maximum was used',
  InvalidContainerList: 'a list of containers is not one record of comma-separated values, it was ignored',
  UnknownContainer: 'a list of containers names one that the pod does not have',
  HalfSetCredentials: 'a container sets one variable of a pair, so podrole set neither',
  VolumeClash: 'a volume of the name exists and does not hold the wanted token',
  MountPathClash: 'a container mounts something else where the token belongs, the token was mounted beside it',
  MountElsewhere: 'a container mounts the volume under a sub-path, or mounts a foreign one, so the token is not where the variable says',
  SessionNameTooLong: 'the pod name exceeds the 64 characters of a session name, so STS sessions were left unnamed',
  InvalidSessionName: 'session-name-from-pod is not a boolean, the default was used',
  InvalidRegion: 'podrole.dev/region is not the name of a region, the next source in line was used',
  RegionUnknown: 'no region is known for the partition of the role, so none was injected',
  LabelOverwritten: 'the pod-identity label had another value, which was overwritten',

  // What became of a source of bindings.
  ConfigMapInvalid: 'the mapping ConfigMap is not a JSON object of entries, the last good one stays in use',
  ConfigMapEntryInvalid: 'an entry of the mapping ConfigMap is malformed, its last good version stays in use',
  IdentitiesInvalid: 'the container credentials file is malformed, the last good one stays in use',

  // Why a request got no decision.
  NoRequest: 'the review has no request',
  UndecodableReview: 'the body is not JSON, or not an AdmissionReview',
  UnsupportedReview: 'the body is a review of a version or kind that is not served',
  BodyTooLarge: 'the body exceeds 3 MiB',
  BodyTooDeep: 'the body nests deeper than 64 levels',
  WrongContentType: 'the content type is not exactly application/json',
  MalformedQuery: 'the query of the URL is malformed',
  ReadFailed: 'a service account or a mapping that was needed could not be read in time',
  TooManyReads: 'too many direct reads are under way',
  Overloaded: 'more requests or connections came at once than the webhook holds, this one was turned away at once',
  Internal: 'podrole made a mistake; the failure policy decides about the pod',
} as const satisfies Readonly<Record<string, string>>;

/** The closed union of reason codes. */
export type ReasonCode = keyof typeof reasonCodes;

/** One thing that is odd, in words for whoever reads the code beside it. Never holds an environment value or an annotation's value. */
export interface Note {
  readonly reason: ReasonCode;
  readonly message: string;
}
