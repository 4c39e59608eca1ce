import { createHash } from 'node:crypto';

/** Lower-case hex of SHA-256 of the UTF-8 text: what the pure folders take as an argument. */
export const sha256Hex = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
