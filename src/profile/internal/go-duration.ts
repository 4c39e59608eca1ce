const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A duration of Go's time.ParseDuration (`1m30s`, `100ms`, `0`) in milliseconds; `undefined` for anything else, negative ones included. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(?:[0-9]+(?:\.[0-9]*)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/([0-9.]+)(ns|us|µs|μs|ms|s|m|h)/g))
    total += Number(number) * (UNITS[unit ?? ''] ?? Number.NaN);
  return total;
}
