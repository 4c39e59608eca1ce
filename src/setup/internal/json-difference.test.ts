import { describe, expect, it } from 'vitest';
import { differingPaths } from './json-difference.ts';

describe('the paths at which two documents differ', () => {
  it.each([
    ['{"a":1}', '{"a":1}', []],
    ['{"a":1,"b":2}', '{"b":2,"a":1}', []],
    ['{"a":{"x/y":1}}', '{"a":{"x/y":2}}', ['/a/x~1y']],
    ['{"a":[1,2]}', '{"a":[1,3,4]}', ['/a/1', '/a/2']],
    ['{"a":[1]}', '{"a":{"0":1}}', ['/a']],
    ['{"a":null}', '{}', ['/a']],
    ['1', '2', ['/']],
    ['not JSON', '{}', ['/']],
  ])('%s against %s', (before, after, paths) => {
    expect(differingPaths(before, after)).toEqual(paths);
  });

  it('are twenty at most', () => {
    const many = (value: number): string => JSON.stringify(Array.from({ length: 100 }, () => value));
    expect(differingPaths(many(1), many(2))).toHaveLength(20);
  });
});
