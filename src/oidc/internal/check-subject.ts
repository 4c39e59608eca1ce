import type { JsonObject } from '../../base/json.ts';
import { type Judge, type Refusal, refuse } from './judgement.ts';

export type SubjectCheck = { readonly ok: true; readonly subject: string } | Refusal;

/** Characters that the STS service model gives a subject; the live service was seen to return shorter and longer ones. */
const MODEL_MIN = 6;
const MODEL_MAX = 255;

/** The subject as text. AWS reads a number as text and fails with an internal error on null. */
export function checkSubject({ sub }: JsonObject, judge: Judge): SubjectCheck {
  if (sub === null) return refuse('subject-null');
  if (typeof sub === 'number') {
    // Beyond the safe integers the number that was read need not be the number that was written.
    if (!Number.isFinite(sub) || Math.abs(sub) > Number.MAX_SAFE_INTEGER) return refuse('subject-invalid');
    return judge.doubt('sub-number') ?? { ok: true, subject: String(sub) };
  }
  if (typeof sub !== 'string') return refuse('subject-invalid');
  const within = sub.length >= MODEL_MIN && sub.length <= MODEL_MAX;
  return (within ? undefined : judge.doubt('sub-length', { length: sub.length })) ?? { ok: true, subject: sub };
}
