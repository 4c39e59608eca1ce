export type { Credentials } from './credentials.ts';
export { type CredentialCode, CredentialsUnavailable, credentialCodes } from './errors.ts';
export type { CredentialEvent, CredentialObserver, ExchangeReason } from './events.ts';
export type { CredentialFetch, CredentialRequest, CredentialResponse } from './fetch.ts';
export { fromServiceAccount, type ServiceAccountProvider } from './from-service-account.ts';
export type { RoleStep, ServiceAccountOptions } from './options.ts';
export type { CredentialState } from './state.ts';
