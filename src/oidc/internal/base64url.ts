import { base64url } from 'jose';

const ALPHABET = /^[A-Za-z0-9_-]*$/;
/** The last characters whose unused bits are zero, by the length of the text modulo four. */
const CANONICAL_END: Readonly<Record<number, RegExp>> = { 2: /[AQgw]$/, 3: /[AEIMQUYcgkosw048]$/ };

/**
 * The bytes of unpadded base64url (RFC 7515, section 2), or undefined for anything else: padding, the `+/` alphabet, white space, a
 * length that no bytes have, and set bits behind the last byte, so that no two texts mean the same bytes.
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const rest = text.length % 4;
  if (rest === 1 || !ALPHABET.test(text)) return undefined;
  const end = CANONICAL_END[rest];
  if (end !== undefined && !end.test(text)) return undefined;
  return base64url.decode(text);
}
