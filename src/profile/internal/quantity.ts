const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

function amount(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const match = /^([+-]?[0-9.]+)([eE][+-]?[0-9]+)?([numkMGTPE]|[KMGTPE]i)?$/.exec(value);
  if (match === null) return undefined;
  const scale = SUFFIXES[match[3] ?? ''];
  const number = Number(`${match[1] ?? ''}${match[2] ?? ''}`);
  return scale === undefined || Number.isNaN(number) ? undefined : number * scale;
}

/** Whether two Kubernetes quantities are the same amount; the API server writes them its own way (`1000m` becomes `1`). */
export function sameQuantity(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  const [left, right] = [amount(a), amount(b)];
  return left !== undefined && right !== undefined && Math.abs(left - right) <= Math.abs(left) * 1e-12;
}
