import { posix } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clampExpiration, joinPath, projectedVolume, tokenPath } from './token-volume.ts';

it('a volume holds one token and leaves everything else to the API server', () => {
  expect(projectedVolume({ name: 'v', audience: 'a', expirationSeconds: 600, file: 'f' })).toEqual({
    name: 'v',
    projected: { sources: [{ serviceAccountToken: { audience: 'a', expirationSeconds: 600, path: 'f' } }] },
  });
});

it('an empty audience is left out', () => {
  expect(projectedVolume({ name: 'v', audience: '', expirationSeconds: 600, file: 'f' })).toEqual({
    name: 'v',
    projected: { sources: [{ serviceAccountToken: { expirationSeconds: 600, path: 'f' } }] },
  });
});

it.each([
  [599, 600, 'below-minimum'],
  [600, 600, undefined],
  [86_400, 86_400, undefined],
  [86_401, 86_400, 'above-maximum'],
])('%i seconds are %i', (asked, seconds, clamped) => expect(clampExpiration(asked)).toEqual({ seconds, clamped }));

it('paths are joined as POSIX joins them, without a slash at the end', () => {
  const path = fc.string({ unit: fc.constantFrom('/', '.', '..', 'a', 'b'), maxLength: 10 });
  fc.assert(
    fc.property(path, path, (directory, file) => {
      const expected = posix.normalize(`${directory}/${file}`);
      expect(joinPath(directory, file)).toBe(expected.length > 1 ? expected.replace(/\/$/, '') : expected);
    }),
    { numRuns: 2_000 },
  );
});

it('a token’s path has drive and backslashes on Windows', () => {
  expect(tokenPath('/a//b/../c/', 'token', false)).toBe('/a/c/token');
  expect(tokenPath('/a/c', 'token', true)).toBe('C:\\a\\c\\token');
});
