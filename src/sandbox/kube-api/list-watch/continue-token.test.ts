import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeContinue, encodeContinue } from './continue-token.ts';

test('is the token that the API server writes', () => {
  expect(encodeContinue(558, 's0')).toBe('eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NTU4LCJzdGFydCI6Ii9zMFx1MDAwMCJ9');
  expect(encodeContinue(-1, 's0')).toBe('eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiczBcdTAwMDAifQ');
});

test('reads what it writes', () => {
  fc.assert(
    fc.property(fc.nat(), fc.stringMatching(/^[a-z0-9][-a-z0-9.]*(\/[a-z0-9][-a-z0-9.]*)?$/), (revision, key) => {
      expect(decodeContinue(encodeContinue(revision, key))).toStrictEqual({ revision, start: key });
    }),
  );
});

test('any other text is no token', () => {
  for (const text of ['abc', '{}', btoa('{"v":"meta.k8s.io/v2","rv":1,"start":"a"}'), btoa('null')])
    expect(decodeContinue(text)).toBeUndefined();
  fc.assert(fc.property(fc.string(), (text) => void decodeContinue(text)));
});
