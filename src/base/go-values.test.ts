import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGoBool, parseGoDuration, parseGoInt } from './go-values.ts';

describe('values as Go reads them', () => {
  it.each([
    ['1', true],
    ['T', true],
    ['False', false],
    ['0', false],
    ['yes', undefined],
    ['', undefined],
    [' true', undefined],
  ])('bool %j', (text, value) => expect(parseGoBool(text)).toBe(value));

  it.each([
    ['+3600', 3600],
    ['-5', -5],
    [' 3600', undefined],
    ['3600.0', undefined],
    ['0x100', undefined],
    ['9999999999999999999999', undefined],
  ])('int %j', (text, value) => expect(parseGoInt(text)).toBe(value));

  it.each([
    ['0', 0],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['-100ms', -100],
    ['250us', 0.25],
    ['5', undefined],
    ['1m30', undefined],
    ['', undefined],
  ])('duration %j', (text, value) => expect(parseGoDuration(text)).toBe(value));

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => void [parseGoBool(text), parseGoInt(text), parseGoDuration(text)]),
      { numRuns: 300 },
    );
  });
});
