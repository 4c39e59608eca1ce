// The public API: what another program may build on. `podrole/sandbox` is the other door.
export type { PodroleError, Problem } from './base/errors.ts';
export { evaluateTrust, type TrustVerdict } from './iam/evaluate-trust.ts';
export type { TrustRequest } from './iam/trust-request.ts';
export { type TokenVerdict, type VerifyTokenOptions, verifyToken } from './oidc/verify-token.ts';
