import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonCursor, vocabulary } from './json-cursor.ts';
import { JsonDepthError, JsonSyntaxError, MAX_DEPTH } from './skip-value.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The reference: strict UTF-8, then JSON.parse. */
function reference(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

function accepts(bytes: Uint8Array): boolean {
  try {
    const cursor = new JsonCursor(bytes);
    cursor.skip();
    cursor.finish();
    return true;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

const NO_WORDS = vocabulary('');

/** Everything read through the cursor; a key is read by one of its own first. */
function read(bytes: Uint8Array, cursor: JsonCursor): unknown {
  switch (cursor.kind()) {
    case 'object': {
      const object: Record<string, unknown> = {};
      for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
        const key = new JsonCursor(bytes, cursor.offset).text();
        cursor.key(NO_WORDS);
        Object.defineProperty(object, key, { value: read(bytes, cursor), enumerable: true, configurable: true, writable: true });
      }
      return object;
    }
    case 'list': {
      const list: unknown[] = [];
      for (let more = cursor.enterList(); more; more = cursor.nextItem()) list.push(read(bytes, cursor));
      return list;
    }
    case 'text':
      return cursor.text();
    default:
      return JSON.parse(cursor.raw());
  }
}

describe('the cursor', () => {
  it.each([
    '',
    ' ',
    '{',
    '}',
    '[',
    '[1,]',
    '{"a":1,}',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    '[1 2]',
    'nul',
    'nulll',
    'True',
    '01',
    '-',
    '-0',
    '0.',
    '.5',
    '1e',
    '1e+',
    '1E5',
    '-1.5e-3',
    '+1',
    '0x1',
    'NaN',
    'Infinity',
    '"',
    '"\\"',
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    '"\\ud800"',
    '"\t"',
    '"\u007f"',
    "'a'",
    '"a" "b"',
    ' \t\r\n1 \n',
    '\u00a01',
    '\ufeff1',
    '[[[]]]',
    '{"":{"":[]}}',
    '"é€😀"',
    '//',
    '1/**/',
    '"\\/"',
    '[,1]',
    '{,}',
    '{"a":1 "b":2}',
    'tru',
    '-a',
    '1.e5',
  ])('takes %j exactly when a strict parser does', (text) => {
    expect(accepts(bytesOf(text))).toBe(reference(bytesOf(text)));
  });

  it.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['an overlong form of three', [0x22, 0xe0, 0x80, 0x80, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['beyond U+10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
    ['a sequence cut short by the quote', [0x22, 0xe2, 0x82, 0x22]],
    ['a sequence cut short by the end', [0x22, 0xe2, 0x82]],
    ['the last code point', [0x22, 0xf4, 0x8f, 0xbf, 0xbf, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x31, 0x00]],
  ])('judges bytes as a strict decoder does: %s', (_, bytes) => {
    expect(accepts(Uint8Array.from(bytes))).toBe(reference(Uint8Array.from(bytes)));
  });

  it('takes exactly the nesting it promises', () => {
    const nested = (depth: number): Uint8Array => bytesOf('['.repeat(depth) + ']'.repeat(depth));
    expect(accepts(nested(MAX_DEPTH))).toBe(true);
    expect(() => accepts(nested(MAX_DEPTH + 1))).toThrow(JsonDepthError);
    expect(() => accepts(bytesOf('{"a":'.repeat(1_000_000)))).toThrow(JsonDepthError);
  });

  it('knows a word however it is spelt, and no other', () => {
    const words = vocabulary('spec', 'sp');
    const keyOf = (text: string): string | undefined => {
      const cursor = new JsonCursor(bytesOf(text));
      cursor.enterObject();
      return cursor.key(words);
    };
    expect(
      [
        '{"spec":1}',
        '{"\\u0073pec":1}',
        '{ "spec" : 1}',
        '{"sp":1}',
        '{"Spec":1}',
        '{"spec ":1}',
        '{"spe":1}',
        '{"spec\\u0000":1}',
        '{"spéc":1}',
      ].map(keyOf),
    ).toEqual(['spec', 'spec', 'spec', 'sp', undefined, undefined, undefined, undefined, undefined]);
  });

  it('reads the value that JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, noUnicodeString: false }), fc.constantFrom(0, 1, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        const bytes = bytesOf(text);
        const cursor = new JsonCursor(bytes);
        expect(read(bytes, cursor)).toEqual(JSON.parse(text));
        cursor.finish();
      }),
      { numRuns: 200 },
    );
  });

  it('takes mangled JSON exactly when a strict parser does, and never fails otherwise', () => {
    const splices = fc.array(fc.record({ at: fc.nat(), drop: fc.nat(3), bytes: fc.uint8Array({ maxLength: 2 }) }), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), splices, (value, changes) => {
        let bytes = [...bytesOf(JSON.stringify(value))];
        for (const { at, drop, bytes: added } of changes) {
          const place = at % (bytes.length + 1);
          bytes = [...bytes.slice(0, place), ...added, ...bytes.slice(place + drop)];
        }
        expect(accepts(Uint8Array.from(bytes))).toBe(reference(Uint8Array.from(bytes)));
      }),
      { numRuns: 1_500 },
    );
  });

  it('takes texts of JSON’s own letters exactly when a strict parser does', () => {
    const letters = fc.string({
      unit: fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', 'u', '0', '1', '-', '.', 'e', ' ', 'n', 't', 'true', 'null', '"a":'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(letters, (text) => {
        expect(accepts(bytesOf(text))).toBe(reference(bytesOf(text)));
      }),
      { numRuns: 2_000 },
    );
  });
});
