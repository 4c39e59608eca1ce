const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/;
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/**
 * A quantity in the one form in which Kubernetes writes it: no fraction, the largest suffix that loses nothing, finer than a billionth rounded up.
 * `undefined` for what is no quantity.
 */
export function canonicalQuantity(text: string): string | undefined {
  const match = FORM.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(`${whole}${fraction}` || '0');
  const negative = sign === '-' && digits !== 0n ? '-' : '';
  if (digits === 0n) return '0';
  if (suffix.endsWith('i')) return `${negative}${binary(digits, fraction.length, BINARY.indexOf(suffix))}`;
  if (/^[eE][+-]?\d+$/.test(suffix)) return `${negative}${decimal(digits, Number(suffix.slice(1)) - fraction.length, exponentSuffix)}`;
  return `${negative}${decimal(digits, (DECIMAL[suffix] ?? 0) - fraction.length, letterSuffix)}`;
}

/** A binary quantity that is no whole number of bytes falls back to decimal, as the real one does. */
function binary(digits: bigint, decimals: number, power: number): string {
  const scaled = digits * 1024n ** BigInt(power);
  const divisor = 10n ** BigInt(decimals);
  if (scaled % divisor !== 0n) return decimal(scaled, -decimals, letterSuffix);
  let value = scaled / divisor;
  let index = 0;
  while (value % 1024n === 0n && index < BINARY.length - 1) {
    value /= 1024n;
    index++;
  }
  return `${value}${BINARY[index]}`;
}

function decimal(digits: bigint, exponent: number, suffixOf: (exponent: number) => string): string {
  let value = digits;
  let power = exponent;
  while (value % 10n === 0n) {
    value /= 10n;
    power++;
  }
  while (power < -9) {
    value = (value + 9n) / 10n;
    power++;
  }
  const unit = Math.min(Math.floor(power / 3) * 3, 18);
  return `${value * 10n ** BigInt(power - unit)}${suffixOf(unit)}`;
}

function letterSuffix(exponent: number): string {
  return Object.keys(DECIMAL).find((letter) => DECIMAL[letter] === exponent) ?? '';
}

function exponentSuffix(exponent: number): string {
  return exponent === 0 ? '' : `e${exponent}`;
}
