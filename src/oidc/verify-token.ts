import { compactVerify } from 'jose';
import type { JsonObject } from '../base/json.ts';
import type { JwsAlgorithm } from './algorithms.data.ts';
import { type DecodedToken, decodeToken } from './decode-token.ts';
import { decodeBase64url } from './internal/base64url.ts';
import { checkAudience } from './internal/check-audience.ts';
import { checkSession, type SessionClaims } from './internal/check-session.ts';
import { checkSubject } from './internal/check-subject.ts';
import { checkTimes } from './internal/check-times.ts';
import { Judge, type Refusal, refuse, type TokenWarning } from './internal/judgement.ts';
import { algorithmNamed, type IndexedKey, importedKey, indexOf, serves } from './internal/key-index.ts';
import type { KeySet } from './key-set.ts';
import type { VerifyMode } from './modes.data.ts';
import type { SignatureCheck } from './signature-check.ts';

export type { Refusal, SessionClaims, TokenWarning };

/** What a token is judged by. */
export interface VerifyTokenOptions {
  /** The provider's URL with `https://`; compared with `iss` character by character. */
  readonly issuer: string;
  /** The client ids registered with the provider. */
  readonly clientIds: readonly string[];
  /** The issuer's keys, as a key set or as its list. The same list should be given again for the same keys, since imported keys are kept with it; it must not change. */
  readonly jwks: KeySet | KeySet['keys'];
  /** The role asked for; without it, a token that restricts itself to some roles is accepted with a warning. */
  readonly roleArn?: string;
  /** The present, for `exp`, `nbf` and `iat`: a date, seconds since 1970 as in those claims, or milliseconds as `Date.now()` gives them. */
  readonly now: Date | number;
  /** Default `aws`. */
  readonly mode?: VerifyMode;
  /** Default: WebCrypto, which works on another thread; that is a long way for the 30 µs of one RSA verification. */
  readonly signatureCheck?: SignatureCheck;
}

/** A token that STS would exchange, as far as the token alone decides. */
export interface AcceptedToken {
  readonly ok: true;
  /** `sub` as text, also where the token has a number. */
  readonly subject: string;
  /** `azp` where the token has one, else its only `aud`. */
  readonly audience: string;
  /** All claims as they stand in the token. */
  readonly claims: JsonObject;
  /** What the token asks for its session. */
  readonly session: SessionClaims;
  /** What works and should not be relied upon. */
  readonly warnings: readonly TokenWarning[];
}

/** Accepted, or refused with the answer that STS gives on the wire and a `reason` that is finer than it. */
export type TokenVerdict = AcceptedToken | Refusal;

const utf8 = new TextEncoder();

const REQUIRED_CLAIMS = ['iss', 'sub', 'aud', 'iat', 'exp'] as const;
/** Characters of the shortest `WebIdentityToken` in the STS service model. */
const TOKEN_MIN_LENGTH = 4;

/**
 * Judges a web identity token as AWS STS does in AssumeRoleWithWebIdentity, up to but without the trust policy: parameter, shape, required
 * claims, issuer, key, signature, times, audience, subject, claims that AWS interprets; the first that fails decides. Of the header only `alg`,
 * `kid` and `crit` are read: a key in it, or a place to fetch one, counts for nothing.
 *
 * Never throws for a token, whatever it is.
 */
export async function verifyToken(token: string, options: VerifyTokenOptions): Promise<TokenVerdict> {
  const judge = new Judge(options.mode ?? 'aws');
  const read = readToken(token, judge);
  if (!read.ok) return read;
  const { header, claims } = read.token;
  const missing = REQUIRED_CLAIMS.find((claim) => !Object.hasOwn(claims, claim));
  if (missing !== undefined) return refuse('claim-missing', { claim: missing });
  if (claims.iss !== options.issuer) return refuse('issuer-mismatch');
  const chosen = chooseKey(header, options.jwks, judge);
  if (!chosen.ok) return chosen;
  const refusal = (await checkSignature(read.token, chosen, options.signatureCheck)) ?? checkTimes(claims, options.now, judge);
  if (refusal !== undefined) return refusal;
  const audience = checkAudience(claims, options.clientIds, judge);
  if (!audience.ok) return audience;
  const subject = checkSubject(claims, judge);
  if (!subject.ok) return subject;
  const session = checkSession(claims, options.roleArn, judge);
  if (!session.ok) return session;
  return {
    ok: true,
    subject: subject.subject,
    audience: audience.audience,
    claims,
    session: session.session,
    warnings: judge.warnings,
  };
}

/** The lexical rules of the parameter, then the shape of a JWS. `token` may be anything: it comes off a wire. */
function readToken(token: unknown, judge: Judge): { readonly ok: true; readonly token: DecodedToken } | Refusal {
  if (typeof token !== 'string') return refuse('token-missing');
  if (token.length < TOKEN_MIN_LENGTH) return refuse('token-too-short');
  const decoding = decodeToken(token);
  if (!decoding.ok) return refuse(decoding.reason);
  const { header, duplicates, trimmed } = decoding.token;
  if (typeof header.alg !== 'string') return refuse('header-invalid');
  if (Object.hasOwn(header, 'crit')) return refuse('header-critical');
  const spaceRefusal = trimmed ? judge.doubt('white-space') : undefined;
  const [path] = duplicates;
  return spaceRefusal ?? (path === undefined ? undefined : judge.doubt('member-duplicate', { path })) ?? decoding;
}

interface ChosenKey {
  readonly ok: true;
  readonly key: IndexedKey;
  readonly algorithm: JwsAlgorithm;
}

/** The key by its name, then the algorithm: the header may choose among those that the key can serve, and nothing else. */
function chooseKey(header: JsonObject, jwks: VerifyTokenOptions['jwks'], judge: Judge): ChosenKey | Refusal {
  const index = indexOf(jwks);
  if (index === undefined) return refuse('jwks-invalid');
  const { kid, alg } = header;
  const unnamed = kid === undefined || kid === null;
  if (unnamed && index.size > 1) return refuse('key-ambiguous');
  const key = unnamed ? index.values().next().value : typeof kid === 'string' ? index.get(kid) : undefined;
  if (key === undefined) return refuse('key-unknown');
  if (key.unusable !== undefined) return refuse(key.unusable);
  const algorithm = algorithmNamed(alg);
  if (algorithm === undefined) return refuse('algorithm-refused');
  if (!serves(key, algorithm)) return refuse('algorithm-mismatch');
  const published = key.jwk.alg;
  return (
    (unnamed ? judge.doubt('kid-missing') : undefined) ??
    (key.shared ? judge.doubt('kid-shared', { kid: key.kid }) : undefined) ??
    (published === undefined || published === algorithm.alg
      ? undefined
      : judge.doubt('alg-differs', { jwk: JSON.stringify(published), kid: key.kid, header: algorithm.alg })) ?? { ok: true, key, algorithm }
  );
}

async function checkSignature(
  token: DecodedToken,
  { key, algorithm }: ChosenKey,
  check: SignatureCheck | undefined,
): Promise<Refusal | undefined> {
  if (check !== undefined) {
    const end = token.compact.lastIndexOf('.');
    const signature = decodeBase64url(token.compact.slice(end + 1));
    const data = utf8.encode(token.compact.slice(0, end));
    const result = signature === undefined ? 'invalid' : check({ algorithm: algorithm.alg, jwk: key.jwk, data, signature });
    return result === 'valid' ? undefined : refuse(result === 'invalid' ? 'signature-invalid' : result);
  }
  const imported = await importedKey(key, algorithm);
  if (imported === undefined) return refuse('key-unusable');
  try {
    await compactVerify(token.compact, imported, { algorithms: [algorithm.alg] });
    return undefined;
  } catch {
    // The only input is the token: whatever the library finds wrong with it, its signature does not hold.
    return refuse('signature-invalid');
  }
}
