const ALPHABET = /^[A-Za-z0-9_-]*$/;

/** The bytes of unpadded base64url (RFC 4648, section 5); undefined for anything else. */
export function bytesOf(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string' || !ALPHABET.test(text) || text.length % 4 === 1) return undefined;
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}

/** Big-endian bytes without leading zeros (Base64urlUInt of RFC 7518, section 2); undefined for other text and for zero. */
export function unsignedBytes(text: unknown): Uint8Array | undefined {
  const bytes = bytesOf(text);
  const start = bytes?.findIndex((byte) => byte !== 0) ?? -1;
  return start < 0 ? undefined : bytes?.subarray(start);
}

/** Bits of an unsigned integer in that form. */
export function bitLength(bytes: Uint8Array): number {
  return bytes.length * 8 - Math.clz32(bytes[0] ?? 0) + 24;
}
