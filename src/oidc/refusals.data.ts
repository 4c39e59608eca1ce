/** Why {@link verifyToken} refuses a token: closed, stable, and finer than what STS tells its caller. */
export type RefusalReason =
  | 'token-missing'
  | 'token-too-short'
  | 'token-too-long'
  | 'token-not-compact'
  | 'token-not-base64url'
  | 'token-not-utf8'
  | 'token-not-json-object'
  | 'header-invalid'
  | 'header-critical'
  | 'member-duplicate'
  | 'claim-missing'
  | 'issuer-mismatch'
  | 'jwks-invalid'
  | 'key-unknown'
  | 'key-ambiguous'
  | 'key-unusable'
  | 'key-too-many'
  | 'algorithm-refused'
  | 'algorithm-mismatch'
  | 'signature-invalid'
  | 'timestamp-invalid'
  | 'token-expired'
  | 'token-not-yet-valid'
  | 'token-issued-in-future'
  | 'audience-empty'
  | 'audience-ambiguous'
  | 'audience-unregistered'
  | 'subject-null'
  | 'subject-invalid'
  | 'roles-claim-refused'
  | 'tags-claim-invalid'
  | 'source-identity-claim-invalid';

/** What STS answers: error code, HTTP status, and message with `{name}` where a value goes. */
export interface WireRefusal {
  readonly code: 'ValidationError' | 'InvalidIdentityToken' | 'ExpiredTokenException' | 'InternalFailure';
  readonly status: 400 | 500;
  readonly message: string;
}

function invalid(message: string): WireRefusal {
  return { code: 'InvalidIdentityToken', status: 400, message };
}

function constraint(text: string): WireRefusal {
  return { code: 'ValidationError', status: 400, message: `1 validation error detected: ${text}` };
}

const GENERIC = invalid(
  'The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.',
);
const NOT_A_JWT = invalid('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)');
/** The two spaces are AWS's own. */
const NO_KEY = invalid(
  "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
);

/**
 * The answer of AWS STS to each reason, as observed on the live service. Several reasons share one answer on purpose: a caller is not
 * told, for instance, whether the issuer or the audience is unknown. Where no answer was observed (a bad signature, an algorithm
 * outside the list, a malformed source identity) the general text is used.
 */
export const REFUSALS: Readonly<Record<RefusalReason, WireRefusal>> = {
  'token-missing': constraint("Value null at 'webIdentityToken' failed to satisfy constraint: Member must not be null"),
  'token-too-short': constraint(
    "Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4",
  ),
  'token-too-long': constraint(
    "Value at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000",
  ),
  'token-not-compact': NOT_A_JWT,
  'token-not-base64url': NOT_A_JWT,
  'token-not-utf8': NOT_A_JWT,
  'token-not-json-object': NOT_A_JWT,
  'header-invalid': NOT_A_JWT,
  'header-critical': NOT_A_JWT,
  'member-duplicate': NOT_A_JWT,
  'claim-missing': invalid('Missing a required claim: {claim}'),
  'issuer-mismatch': GENERIC,
  'jwks-invalid': NO_KEY,
  'key-unknown': NO_KEY,
  'key-ambiguous': NO_KEY,
  'key-unusable': NO_KEY,
  'key-too-many': NO_KEY,
  'algorithm-refused': GENERIC,
  'algorithm-mismatch': GENERIC,
  'signature-invalid': GENERIC,
  'timestamp-invalid': invalid('Invalid timestamp in token claims.'),
  'token-expired': {
    code: 'ExpiredTokenException',
    status: 400,
    message: 'Token expired: current date/time {now} must be before the expiration date/time {time}',
  },
  'token-not-yet-valid': invalid('Token not yet valid: current date/time {now} must be after or equal to the not-before date/time {time}'),
  'token-issued-in-future': invalid('Token issued in the future: {time}'),
  'audience-empty': invalid('Claim is not allowed to be empty: aud'),
  'audience-ambiguous': invalid('Token audience contains more than one audience while authorized party is not present'),
  'audience-unregistered': GENERIC,
  'subject-null': { code: 'InternalFailure', status: 500, message: 'Unknown error validating third-party token' },
  'subject-invalid': GENERIC,
  'roles-claim-refused': GENERIC,
  'tags-claim-invalid': invalid('principal_tags passed in claim is not in correct format.'),
  'source-identity-claim-invalid': GENERIC,
};
