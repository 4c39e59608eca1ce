/** An address range: `bits` leading bits of a 32 or 128 bit number. */
interface Range {
  readonly width: 32 | 128;
  readonly value: bigint;
  readonly bits: number;
}

/** Whether a text is an IPv4 or IPv6 address. */
export function isIpAddress(text: string): boolean {
  return addressOf(text) !== undefined;
}

/** Whether `address` lies in `range` (CIDR, RFC 4632 and 4291; an address alone is a range of one). Never across families. */
export function ipInRange(address: string, range: string): boolean {
  const one = addressOf(address);
  const many = rangeOf(range);
  if (one === undefined || many === undefined || one.width !== many.width) return false;
  const shift = BigInt(many.width - many.bits);
  return one.value >> shift === many.value >> shift;
}

function rangeOf(text: string): Range | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const base = addressOf(address);
  if (base === undefined || rest.length > 0) return undefined;
  if (length === undefined) return base;
  if (!/^[0-9]{1,3}$/.test(length) || Number(length) > base.width) return undefined;
  return { ...base, bits: Number(length) };
}

function addressOf(text: string): Range | undefined {
  const v4 = ipv4(text);
  if (v4 !== undefined) return { width: 32, value: v4, bits: 32 };
  const v6 = ipv6(text);
  return v6 === undefined ? undefined : { width: 128, value: v6, bits: 128 };
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256n + BigInt(part);
  }
  return value;
}

function ipv6(text: string): bigint | undefined {
  if (!text.includes(':') || text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? '');
  const tail = halves.length === 2 ? groups(halves[1] ?? '') : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...head, ...new Array<bigint>(missing).fill(0n), ...tail];
  return all.reduce((value, group) => value * 65536n + group, 0n);
}

function groups(text: string): readonly bigint[] | undefined {
  if (text === '') return [];
  const found: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes('.')) {
      const v4 = ipv4(part);
      if (v4 === undefined) return undefined;
      found.push(v4 >> 16n, v4 & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      found.push(BigInt(`0x${part}`));
    } else {
      return undefined;
    }
  }
  return found;
}
