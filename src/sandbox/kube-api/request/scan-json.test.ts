import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanJson } from './scan-json.ts';

describe('scanning JSON', () => {
  test('names members that stand twice by their path', () => {
    expect(scanJson('{"a":1,"b":[{"c":1,"c":2}],"a":3,"d":{"a":1}}')).toStrictEqual({ ok: true, duplicates: ['b[0].c', 'a'] });
  });

  test.each([
    ['', 'unexpected end of JSON input'],
    ['{"a":1,', 'unexpected end of JSON input'],
    ['{"a":x}', "invalid character 'x' looking for beginning of value"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['"\\q"', "invalid character 'q' in string escape code"],
    ['"\n"', "invalid character '\\n' in string literal"],
  ])('%j: %s', (text, error) => {
    expect(scanJson(text)).toStrictEqual({ ok: false, error });
  });

  test('accepts what JSON.parse accepts and nothing else', () => {
    const broken = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '}', ',', '1', '-', '\\', ' ', '.')).map(([text, at, insert]) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + insert + text.slice(cut + (at % 2));
    });
    fc.assert(
      fc.property(fc.oneof(fc.json(), broken, fc.string()), (text) => {
        expect(scanJson(text).ok).toBe(parses(text));
      }),
      { numRuns: 500 },
    );
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
