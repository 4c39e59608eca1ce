/** By byte: 0 for what may stand in a JSON string as it is, 1 for quote, backslash, control characters and everything beyond ASCII. */
export const stringClass: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte >= 0x80 || byte === 0x22 || byte === 0x5c ? 1 : 0,
);

/** Length of the well-formed UTF-8 sequence beyond ASCII that starts at `at`; 0 when there is none (Unicode 15, table 3-7). */
export function utf8Length(bytes: Uint8Array, at: number): 0 | 2 | 3 | 4 {
  const lead = bytes[at] as number;
  const continues = (offset: number, low = 0x80, high = 0xbf): boolean => {
    const byte = bytes[at + offset];
    return byte !== undefined && byte >= low && byte <= high;
  };
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    // No overlong forms after E0, no surrogates after ED.
    const second = lead === 0xe0 ? continues(1, 0xa0) : lead === 0xed ? continues(1, 0x80, 0x9f) : continues(1);
    return second && continues(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    // No overlong forms after F0, nothing beyond U+10FFFF after F4.
    const second = lead === 0xf0 ? continues(1, 0x90) : lead === 0xf4 ? continues(1, 0x80, 0x8f) : continues(1);
    return second && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}
