import type { CredentialMethod } from './token-volume.ts';

export const STS_REGIONAL_ENDPOINTS = 'AWS_STS_REGIONAL_ENDPOINTS';
export const DEFAULT_REGION = 'AWS_DEFAULT_REGION';
export const REGION = 'AWS_REGION';
export const ROLE_SESSION_NAME = 'AWS_ROLE_SESSION_NAME';

/** The pair of variables by which an AWS SDK finds its credentials. */
export const CREDENTIAL_PAIRS = {
  'web-identity': { source: 'AWS_ROLE_ARN', tokenFile: 'AWS_WEB_IDENTITY_TOKEN_FILE' },
  'container-credentials': { source: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', tokenFile: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE' },
} as const satisfies Readonly<Record<CredentialMethod, { readonly source: string; readonly tokenFile: string }>>;

/** Every variable that a patch may add, and therefore looks for first. No other variable of a container is ever read. */
export const AWS_VARIABLES = [
  'AWS_ROLE_ARN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_STS_REGIONAL_ENDPOINTS',
  'AWS_ROLE_SESSION_NAME',
] as const;

export type AwsVariable = (typeof AWS_VARIABLES)[number];
