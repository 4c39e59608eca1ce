import type { HttpCall } from '../http-call.ts';
import type { Caller, World } from '../world.ts';
import { type Authorization, formatAmzDate, parseAmzDate, parseAuthorization } from './authorization-header.ts';
import { type ChunkSigner, chunkSignaturesMatch, decodeAwsChunked } from './aws-chunked.ts';
import { sha256Hex, signatureMatches } from './signature.ts';

/** Why a signature was not accepted; each protocol has its own code and text for each. */
export type AuthFailure =
  | { readonly kind: 'missing' }
  | { readonly kind: 'incomplete'; readonly message: string }
  | { readonly kind: 'unknown-key' }
  | { readonly kind: 'invalid-token' }
  | { readonly kind: 'expired-token' }
  | { readonly kind: 'skewed'; readonly message: string }
  | { readonly kind: 'body-mismatch' }
  | { readonly kind: 'wrong-signature' };

export type Authentication = { readonly ok: true; readonly caller: Caller } | { readonly ok: false; readonly failure: AuthFailure };

/** A long-lived key of the account's administrator. */
export interface AdminKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Authenticator {
  /** Who signed `http`; the clock decides about skew and expiry. */
  authenticate(http: HttpCall, now: number): Promise<Authentication>;
}

/** AWS documents 5 minutes for signatures in general and 15 for S3. */
const SKEW_MS = 5 * 60_000;
const S3_SKEW_MS = 15 * 60_000;

/** Payload hashes that stand for "not signed": the body is vouched for by its own checksum alone. */
const NOT_A_HASH = /^(STREAMING-)?UNSIGNED-PAYLOAD(-TRAILER)?$/;
/** The body comes in chunks that are each signed. */
const SIGNED_CHUNKS = /^STREAMING-AWS4-HMAC-SHA256-PAYLOAD(-TRAILER)?$/;

/** The body against what was signed for it: a hash of its own, or signatures in its chunks. */
function checkPayload(http: HttpCall, signer: ChunkSigner): AuthFailure | undefined {
  const payloadHash = http.header('x-amz-content-sha256');
  if (payloadHash === undefined || NOT_A_HASH.test(payloadHash)) return undefined;
  if (SIGNED_CHUNKS.test(payloadHash)) {
    const decoded = decodeAwsChunked(http.body);
    return decoded.ok && !chunkSignaturesMatch(decoded.chunked, signer) ? { kind: 'wrong-signature' } : undefined;
  }
  return payloadHash === sha256Hex(http.body) ? undefined : { kind: 'body-mismatch' };
}

function failed(failure: AuthFailure): Authentication {
  return { ok: false, failure };
}

function skew(authorization: Authorization, signedAt: number, now: number): string | undefined {
  const limit = authorization.service === 's3' ? S3_SKEW_MS : SKEW_MS;
  const minutes = limit / 60_000;
  if (signedAt + limit < now) {
    return `Signature expired: ${formatAmzDate(signedAt)} is now earlier than ${formatAmzDate(now - limit)} (${formatAmzDate(now)} - ${minutes} min.)`;
  }
  if (signedAt - limit > now) {
    return `Signature not yet current: ${formatAmzDate(signedAt)} is still later than ${formatAmzDate(now + limit)} (${formatAmzDate(now)} + ${minutes} min.)`;
  }
  return undefined;
}

/** Judges signatures by the administrator's keys and by the credentials that this sandbox's STS issued. */
export function createAuthenticator(
  world: World,
  options: { readonly adminKeys: readonly AdminKey[]; readonly adminId: string },
): Authenticator {
  const admins = new Map(options.adminKeys.map((key) => [key.accessKeyId, key.secretAccessKey]));
  const admin: Caller = {
    kind: 'admin',
    arn: `arn:${world.partition}:iam::${world.account}:user/admin`,
    userId: options.adminId,
    userName: 'admin',
  };

  function identify(accessKeyId: string, token: string | undefined, now: number): Authentication & { readonly secret?: string } {
    const adminSecret = admins.get(accessKeyId);
    if (adminSecret !== undefined)
      return token === undefined ? { ok: true, caller: admin, secret: adminSecret } : failed({ kind: 'invalid-token' });
    const session = token === undefined ? undefined : world.seal.open(accessKeyId, token);
    if (session === undefined)
      return failed({ kind: token !== undefined && accessKeyId.startsWith('ASIA') ? 'invalid-token' : 'unknown-key' });
    if (session.expiresAt * 1000 <= now) return failed({ kind: 'expired-token' });
    const arn = `arn:${world.partition}:sts::${world.account}:assumed-role/${session.roleName}/${session.sessionName}`;
    const caller: Caller = { kind: 'session', arn, userId: `${session.roleId}:${session.sessionName}`, session };
    return { ok: true, caller, secret: world.seal.secretFor(accessKeyId) };
  }

  return {
    async authenticate(http, now) {
      const header = http.header('authorization');
      if (header === undefined) return failed({ kind: 'missing' });
      const authorization = parseAuthorization(header);
      const dated = http.header('x-amz-date');
      const signedAt = dated === undefined ? undefined : parseAmzDate(dated);
      if (authorization === undefined || signedAt === undefined || dated?.slice(0, 8) !== authorization.date) {
        return failed({
          kind: 'incomplete',
          message:
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters, and an 'X-Amz-Date' header of the same day.",
        });
      }
      const known = identify(authorization.accessKeyId, http.header('x-amz-security-token'), now);
      if (!known.ok || known.secret === undefined) return known;
      const skewed = skew(authorization, signedAt, now);
      if (skewed !== undefined) return failed({ kind: 'skewed', message: skewed });
      if (!(await signatureMatches(http, authorization, { secret: known.secret, signedAt }))) return failed({ kind: 'wrong-signature' });
      const payload = checkPayload(http, { authorization, secret: known.secret, dated });
      if (payload !== undefined) return failed(payload);
      return { ok: true, caller: known.caller };
    },
  };
}
