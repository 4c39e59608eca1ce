import type { JsonObject } from '../../base/json.ts';
import { type Judge, type Refusal, refuse } from './judgement.ts';

/** Seconds by which the clocks of the issuer and of STS may differ. */
const LEEWAY = 300;

/**
 * `exp`, `nbf` and `iat` against the present. Only `nbf` may be absent. As on AWS, and unlike RFC 7519, a fraction is refused and an
 * integer written as text is taken.
 */
export function checkTimes(claims: JsonObject, now: Date, judge: Judge): Refusal | undefined {
  const present = Math.floor(now.getTime() / 1000);
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

function numericDate(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^[+-]?\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}
