import { expect, it } from 'vitest';
import { cacheAge } from './cache-age.ts';

it.each([
  [undefined, undefined],
  ['', undefined],
  ['public', undefined],
  ['public, max-age=3600', 3_600_000],
  ['Max-Age=60', 60_000],
  ['max-age="60"', 60_000],
  ['max-age=0', 0],
  ['max-age=10, max-age=20', 10_000],
  ['max-age=60, no-store', 0],
  ['no-cache', 0],
  ['s-maxage=60', undefined],
  ['max-age=-1', undefined],
  ['max-age=1.5', undefined],
  ['max-age=99999999999', undefined],
])('reads %j as %j', (header, age) => {
  expect(cacheAge(header)).toBe(age);
});
