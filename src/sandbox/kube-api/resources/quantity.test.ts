import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalQuantity } from './quantity.ts';

test.each([
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['0.5', '500m'],
  ['100', '100'],
  ['1000', '1k'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Ki', '512'],
  ['1e3', '1e3'],
  ['1.5e3', '1500'],
  ['-1000m', '-1'],
  ['0.0', '0'],
  ['+5', '5'],
  ['0.0000000001', '1n'],
  ['.5', '500m'],
  ['5.', '5'],
])('%s is written %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical);
});

test.each(['', '.', 'x', '1 Gi', '1GiB', 'e3', '--1', '1ki'])('%j is no quantity', (text) => {
  expect(canonicalQuantity(text)).toBeUndefined();
});

test('the canonical form is its own canonical form', () => {
  const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e2', 'E-3');
  fc.assert(
    fc.property(fc.nat(), fc.nat(999), suffix, (whole, fraction, unit) => {
      const canonical = canonicalQuantity(`${whole}.${fraction}${unit}`)!;
      expect(canonicalQuantity(canonical)).toBe(canonical);
    }),
  );
});
