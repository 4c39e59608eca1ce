import type { ExecIdentity } from './exec-identity.ts';

/** Variables by which an SDK or the AWS CLI may find other credentials than the ones meant, and what describes those. */
const CREDENTIAL_VARIABLES: ReadonlySet<string> = new Set([
  'AWS_ACCESS_KEY_ID',
  'AWS_ACCESS_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_SESSION_EXPIRATION',
  'AWS_CREDENTIAL_SCOPE',
  'AWS_ACCOUNT_ID',
  'AWS_VAULT',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CREDENTIAL_FILE',
  'AWS_CONFIG_FILE',
  'AWS_ROLE_ARN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_SESSION_NAME',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_BEARER_TOKEN_BEDROCK',
]);
/** What a pod has or has not by itself. */
const PLACE_VARIABLES: ReadonlySet<string> = new Set(['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_STS_REGIONAL_ENDPOINTS']);

export interface ChildEnvironment {
  readonly identity: ExecIdentity;
  readonly own: Readonly<Record<string, string | undefined>>;
  readonly tokenFile: string;
  /** An empty file: a `[default]` profile of the user's would win over the role in some SDKs. */
  readonly emptyFile: string;
  /** Used where the identity names none. */
  readonly sessionName: string;
  readonly region: string | undefined;
  /** The region that the token's issuer lies in, if it says so. */
  readonly issuerRegion: string | undefined;
  readonly endpoint: string | undefined;
}

/** The environment of the command: the user's own, without anything that names other credentials, with those of the identity. */
export function childEnvironment(options: ChildEnvironment): Readonly<Record<string, string>> {
  const { identity, own, tokenFile, emptyFile, region } = options;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined || CREDENTIAL_VARIABLES.has(name) || (identity.exact && PLACE_VARIABLES.has(name))) continue;
    kept[name] = value;
  }
  // `AWS_ROLE_ARN` of an exact identity is the pod's own unless the caller wants another one.
  const env: Record<string, string> = {
    ...kept,
    AWS_ROLE_SESSION_NAME: options.sessionName,
    ...identity.variables,
    AWS_ROLE_ARN: identity.roleArn,
  };
  env.AWS_WEB_IDENTITY_TOKEN_FILE = tokenFile;
  env.AWS_SHARED_CREDENTIALS_FILE = emptyFile;
  env.AWS_CONFIG_FILE = emptyFile;
  // A command that finds no credentials must fail, not act as the machine it runs on.
  env.AWS_EC2_METADATA_DISABLED = 'true';
  const place = region ?? (identity.exact ? undefined : (kept.AWS_REGION ?? kept.AWS_DEFAULT_REGION ?? options.issuerRegion));
  if (place !== undefined) {
    env.AWS_REGION = place;
    env.AWS_DEFAULT_REGION = place;
  }
  // Both: with the general one alone the Go SDK sends the token to AWS itself.
  const sts = options.endpoint ?? env.AWS_ENDPOINT_URL_STS ?? env.AWS_ENDPOINT_URL;
  if (options.endpoint !== undefined) env.AWS_ENDPOINT_URL = options.endpoint;
  if (sts !== undefined) env.AWS_ENDPOINT_URL_STS = sts;
  return env;
}

/** The region of an EKS-like issuer, `https://oidc.eks.REGION.…`. */
export function regionOfIssuer(issuer: string): string | undefined {
  return /^https:\/\/oidc\.eks(?:-fips)?\.([a-z]{2,4}(?:-[a-z]+)+-\d+)\./.exec(issuer)?.[1];
}
