import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { members, xml } from './xml.ts';

describe('xml', () => {
  it('writes attributes, lists, empty elements and nothing for what is absent', () => {
    expect(
      xml('Root', {
        '@xmlns': 'urn:x',
        List: members([{ Key: 'a' }, { Key: true }]),
        None: members([]),
        Empty: '',
        Absent: undefined,
        Number: 0,
      }),
    ).toBe(
      '<Root xmlns="urn:x"><List><member><Key>a</Key></member><member><Key>true</Key></member></List><None/><Empty/><Number>0</Number></Root>',
    );
  });

  it('replaces what XML 1.0 cannot say, and keeps tabs, line ends and C1 controls', () => {
    expect(xml('R', { V: '\u0000\u000B\uFFFE\uD800|\t\n\r\u0085\u{1F600}' })).toBe(
      '<R><V>\uFFFD\uFFFD\uFFFD\uFFFD|\t\n\r\u0085\u{1F600}</V></R>',
    );
  });

  it('can be read back whatever text it holds', () => {
    const parser = new XMLParser({ parseTagValue: false, trimValues: false });
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (value) => {
        const readable = value.replace(/\r\n?/g, '\n').trim();
        fc.pre(readable !== '' && readable === value && !/[^\P{Cc}\n\t]/u.test(value));
        expect(parser.parse(xml('R', { V: value }))).toEqual({ R: { V: value } });
      }),
    );
  });
});
