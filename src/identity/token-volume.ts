/** Lower bound of a projected token's life in seconds (Kubernetes validation of serviceAccountToken sources). */
export const MIN_TOKEN_EXPIRATION_SECONDS = 600;
/** podrole's upper bound, and upstream's default, in seconds. */
export const MAX_TOKEN_EXPIRATION_SECONDS = 86_400;

/** Which of the two varieties of AWS credentials a pod gets: IRSA or EKS Pod Identity. */
export type CredentialMethod = 'web-identity' | 'container-credentials';

/** Names and paths of web identity (IRSA), as the upstream webhook has them. Volume and file are not configurable there. */
export const WEB_IDENTITY = {
  volumeName: 'aws-iam-token',
  tokenFile: 'token',
  mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
  audience: 'sts.amazonaws.com',
} as const;

/** Defaults of container credentials (EKS Pod Identity), as the upstream webhook has them. */
export const CONTAINER_CREDENTIALS = {
  volumeName: 'eks-pod-identity-token',
  tokenFile: 'eks-pod-identity-token',
  mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
  audience: 'pods.eks.amazonaws.com',
  fullUri: 'http://169.254.170.23/v1/credentials',
} as const;

/** A volume that holds nothing but one service account token, kept fresh by the kubelet. */
export interface TokenVolume {
  readonly name: string;
  /** Empty: a token for the API server, the field is then omitted. */
  readonly audience: string;
  /** Seconds. */
  readonly expirationSeconds: number;
  /** The token's file name in the volume. */
  readonly file: string;
}

/** The volume as a member of `spec.volumes`; `defaultMode` is left to the API server. */
export function projectedVolume({ name, audience, expirationSeconds, file }: TokenVolume): Readonly<Record<string, unknown>> {
  const serviceAccountToken = audience === '' ? { expirationSeconds, path: file } : { audience, expirationSeconds, path: file };
  return { name, projected: { sources: [{ serviceAccountToken }] } };
}

/** What was made of a wished-for token life. */
export interface ClampedExpiration {
  /** Seconds. */
  readonly seconds: number;
  readonly clamped: 'below-minimum' | 'above-maximum' | undefined;
}

/** Brings a token's life into [600, `maximum`] seconds. */
export function clampExpiration(seconds: number, maximum: number = MAX_TOKEN_EXPIRATION_SECONDS): ClampedExpiration {
  if (seconds < MIN_TOKEN_EXPIRATION_SECONDS) return { seconds: MIN_TOKEN_EXPIRATION_SECONDS, clamped: 'below-minimum' };
  if (seconds > maximum) return { seconds: maximum, clamped: 'above-maximum' };
  return { seconds, clamped: undefined };
}

/** A rooted path that has nothing to clean: no empty part and none that begins with a dot. */
const CLEAN = /^(?:\/[^/.][^/]*)+$/;

/** Joins and cleans a Unix path lexically: no `.`, no `..`, no doubled or trailing slash (Go's `path.Join`). */
export function joinPath(directory: string, file: string): string {
  const joined = `${directory}/${file}`;
  if (CLEAN.test(joined)) return joined;
  const rooted = joined.startsWith('/');
  const kept: string[] = [];
  for (const part of joined.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  return `${rooted ? '/' : ''}${kept.join('/')}` || '.';
}

/** The token's path as a container's environment names it: cleaned, and on Windows with drive and backslashes. */
export function tokenPath(directory: string, file: string, windows: boolean): string {
  const path = joinPath(directory, file);
  return windows ? `C:${path.replaceAll('/', '\\')}` : path;
}
