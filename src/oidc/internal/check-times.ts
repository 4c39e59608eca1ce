import type { JsonObject } from '../../base/json.ts';
import { type Judge, type Refusal, refuse } from './judgement.ts';

/** Seconds by which the clocks of the issuer and of STS may differ. */
const LEEWAY = 300;

/**
 * `exp`, `nbf` and `iat` against the present. Only `nbf` may be absent. As on AWS, and unlike RFC 7519, a fraction is refused and an
 * integer written as text is taken.
 */
export function checkTimes(claims: JsonObject, now: Date | number, judge: Judge): Refusal | undefined {
  const present = secondsOf(now);
  const times: { exp?: number; nbf?: number; iat?: number } = {};
  for (const claim of ['exp', 'nbf', 'iat'] as const) {
    if (!Object.hasOwn(claims, claim)) continue;
    const value = claims[claim];
    const time = numericDate(value);
    if (time === undefined) return refuse('timestamp-invalid');
    if (typeof value === 'string') {
      const refusal = judge.doubt('timestamp-text', { claim });
      if (refusal !== undefined) return refusal;
    }
    times[claim] = time;
  }
  // Each comparison states what must hold, so that a present that is no number refuses the token.
  const { exp, nbf, iat } = times;
  if (exp === undefined || !(present - LEEWAY < exp)) return refuse('token-expired', { now: present - LEEWAY, time: exp ?? 0 });
  if (nbf !== undefined && !(nbf <= present + LEEWAY)) return refuse('token-not-yet-valid', { now: present + LEEWAY, time: nbf });
  if (iat === undefined || !(iat <= present + LEEWAY)) return refuse('token-issued-in-future', { time: iat ?? 0 });
  return undefined;
}

/** Numbers from here on are milliseconds: as seconds they are the year 5138, as milliseconds 1973. */
const FIRST_MILLISECONDS = 1e11;

/** Whole seconds since 1970; not a number for what is no time. */
function secondsOf(now: unknown): number {
  const time = now instanceof Date ? now.getTime() : typeof now === 'number' ? now : Number.NaN;
  return Math.floor(now instanceof Date || time >= FIRST_MILLISECONDS ? time / 1000 : time);
}

function numericDate(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^[+-]?\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}
