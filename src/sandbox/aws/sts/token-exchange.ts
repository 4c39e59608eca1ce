import { providerArnOf } from '../../../iam/arn.ts';
import { decodeToken } from '../../../oidc/decode-token.ts';
import type { RefusalReason } from '../../../oidc/refusals.data.ts';
import { type SessionClaims, verifyToken } from '../../../oidc/verify-token.ts';
import { AwsError } from '../errors.ts';
import { NO_REQUEST_ID } from '../query/query-protocol.ts';
import type { ProviderRecord } from '../store/records.ts';
import type { Call } from '../world.ts';
import { signatureCheck } from './signature-check.ts';

/** A token that was verified against its provider. */
export interface VerifiedToken {
  readonly provider: ProviderRecord;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the token asks for its session. */
  readonly session: SessionClaims;
}

const COULD_NOT_BE_VALIDATED =
  'The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.';
/** The two spaces are AWS's own. */
const NO_VERIFICATION_KEY =
  "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";

/** Reasons that a verifier without keys ends with once shape and claims are in order. */
const FOR_WANT_OF_KEYS = /^(key-|jwks-)/;

interface ExchangeInput {
  readonly token: string;
  readonly roleArn: string;
  /** The account of the role: the provider is looked up there. */
  readonly account: string;
}

/**
 * Verifies a token in STS's order: its shape, the required claims, the provider registered for `iss` in the role's
 * account, the issuer's keys and the signature, the times and the audience. Throws the refusal that STS sends, with
 * the true reason for the decision log.
 */
export async function verifyExchange(call: Call, input: ExchangeInput): Promise<VerifiedToken> {
  const { world, notes } = call;
  const decoded = decodeToken(input.token);
  const issuer = decoded.ok ? decoded.token.claims.iss : undefined;
  if (!decoded.ok || typeof issuer !== 'string')
    return refuseUnjudged(call, input, { issuer: '', error: couldNotBeValidated('token-invalid', 'the token has no iss that is text') });
  const { sub, aud } = decoded.token.claims;
  if (typeof sub === 'string') notes.subject = sub;
  if (typeof aud === 'string' || Array.isArray(aud)) notes.audience = String(aud);

  const provider = findProvider(call, input.account, issuer);
  if (provider instanceof AwsError) return refuseUnjudged(call, input, { issuer, error: provider });

  const kid = decoded.token.header.kid;
  const fetched = await world.issuerKeys.fetchKeys(issuer, typeof kid === 'string' ? kid : undefined, call.signal);
  if (!fetched.ok) {
    const error = new AwsError('InvalidIdentityToken', 400, NO_VERIFICATION_KEY, {
      reason: 'keys-unavailable',
      why: `the keys of ${issuer} could not be fetched (${fetched.reason}): ${fetched.message}`,
      requestId: NO_REQUEST_ID,
    });
    return refuseUnjudged(call, input, { issuer, error });
  }

  const verdict = await verifyToken(input.token, {
    issuer,
    clientIds: provider.clientIds,
    jwks: { keys: fetched.keys },
    roleArn: input.roleArn,
    now: new Date(call.now),
    mode: world.switches.mode,
    signatureCheck,
  });
  if (!verdict.ok) throw tokenRefusal(verdict);
  notes.subject = verdict.subject;
  notes.audience = verdict.audience;
  notes.warnings = verdict.warnings.map(({ message }) => message);
  return { provider, issuer, subject: verdict.subject, audience: verdict.audience, claims: verdict.claims, session: verdict.session };
}

function couldNotBeValidated(reason: 'token-invalid' | 'provider-not-found' | 'provider-not-propagated', why: string): AwsError {
  return new AwsError('InvalidIdentityToken', 400, COULD_NOT_BE_VALIDATED, { reason, why });
}

function tokenRefusal(verdict: {
  readonly code: string;
  readonly status: number;
  readonly message: string;
  readonly reason: RefusalReason;
}): AwsError {
  const { code, status, message, reason } = verdict;
  return new AwsError(code, status, message, {
    reason,
    why: `${reason}: ${message}`,
    ...(FOR_WANT_OF_KEYS.test(reason) ? { requestId: NO_REQUEST_ID } : {}),
  });
}

function findProvider(call: Call, account: string, issuer: string): ProviderRecord | AwsError {
  const { world } = call;
  const arn = providerArnOf({ partition: world.partition, account, issuer });
  const isHeldHere = account === world.account && issuer.startsWith('https://');
  const provider = isHeldHere ? world.state.providers.effective(arn, call.now) : undefined;
  if (provider !== undefined) return provider;
  return isHeldHere && world.state.providers.current(arn) !== undefined
    ? couldNotBeValidated('provider-not-propagated', `the OIDC provider ${arn} is too new: its propagation delay has not passed`)
    : couldNotBeValidated('provider-not-found', whyNotFound(account, issuer, arn));
}

function whyNotFound(account: string, issuer: string, arn: string): string {
  return issuer.startsWith('https://')
    ? `account ${account} has no OIDC provider for issuer ${issuer}; create ${arn}`
    : `the token's iss is "${issuer}", and providers are found by an iss that begins with https://`;
}

/** A token that cannot be judged to the end may still be wrong in a way that STS reports first: its shape or its claims. */
async function refuseUnjudged(
  call: Call,
  input: ExchangeInput,
  otherwise: { readonly issuer: string; readonly error: AwsError },
): Promise<never> {
  const verdict = await verifyToken(input.token, {
    issuer: otherwise.issuer,
    clientIds: [],
    jwks: { keys: [] },
    roleArn: input.roleArn,
    now: new Date(call.now),
    mode: call.world.switches.mode,
  });
  throw verdict.ok || FOR_WANT_OF_KEYS.test(verdict.reason) || verdict.reason === 'issuer-mismatch'
    ? otherwise.error
    : tokenRefusal(verdict);
}
