import { createHash } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The kinds of things that IAM gives unique ids, by their prefix (IAM guide, "Unique identifiers"). */
export type IdPrefix = 'AROA' | 'ANPA' | 'AIPA' | 'AIDA' | 'ASIA';

/** Bytes that nobody can guess who cannot guess what `newId` returns next. */
export function bytesFrom(newId: () => string): Uint8Array {
  return createHash('sha256').update(newId()).digest();
}

/** An id such as `AROAJQABLZS4A3QDU576Q`: the prefix and 17 letters or digits (16 for an access key). */
export function uniqueId(prefix: IdPrefix, newId: () => string): string {
  const bytes = bytesFrom(newId);
  const length = prefix === 'ASIA' ? 16 : 17;
  let id: string = prefix;
  for (let index = 0; index < length; index += 1) id += ALPHABET[(bytes[index] ?? 0) % 32];
  return id;
}
