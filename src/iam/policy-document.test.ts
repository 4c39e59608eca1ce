import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonTreeOf, memberOf, parseJsonTree, withMember, writeJsonTree } from './internal/json-tree.ts';
import { POLICY_LIMITS, parsePolicyText } from './policy-document.ts';

describe('parsing the text of a policy', () => {
  it.each([
    ['an empty text', '', 'not-json', ''],
    ['a trailing comma in an object', '{"a":{"b":1,}}', 'trailing-comma', '/a'],
    ['a trailing comma in an array', '{"a":[1,2,]}', 'trailing-comma', '/a'],
    ['a duplicate key', '{"a":{"b":1,"c":[{"b":1}],"b":2}}', 'duplicate-key', '/a/b'],
    ['a duplicate key in another spelling', '{"a":1,"\\u0061":2}', 'duplicate-key', '/a'],
    ['a duplicate key among many', `{${Array.from({ length: 40 }, (_, i) => `"k${i}":1`).join(',')},"k7":1}`, 'duplicate-key', '/k7'],
    ['a name without quotes', '{a:1}', 'not-json', ''],
    ['a single quote', "{'a':1}", 'not-json', ''],
    ['a missing colon', '{"a" 1}', 'not-json', '/a'],
    ['a missing comma', '[1 2]', 'not-json', ''],
    ['an open string', '{"a":"b', 'not-json', '/a'],
    ['an unknown escape', '{"a":["\\x"]}', 'not-json', '/a/0'],
    ['a control character', '{"a":"\u0001"}', 'not-json', '/a'],
    ['a comment', '{"a":1} // no', 'not-json', ''],
    ['a leading zero', '{"a":01}', 'not-json', ''],
    ['a byte order mark', '\ufeff{}', 'not-json', ''],
    ['a deep document', '['.repeat(33) + ']'.repeat(33), 'too-deep', '/0'.repeat(32)],
    ['a huge document', `"${'x'.repeat(POLICY_LIMITS.size)}"`, 'too-large', ''],
  ])('refuses %s and says where', (_, text, code, path) => {
    expect(parsePolicyText(text)).toMatchObject({ ok: false, problem: { code, path } });
  });

  it('is not slowed down or overflown by nesting that it will refuse', () => {
    expect(parsePolicyText('{"a":'.repeat(20_000))).toMatchObject({ ok: false, problem: { code: 'too-deep' } });
  });

  it('accepts what JSON.parse accepts, names apart, and reads the same', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const expected = JSON.parse(text) as unknown;
        expect(parsePolicyText(text)).toEqual({ ok: true, document: expected });
      }),
      { numRuns: 300 },
    );
  });

  it('the quick look and the slow reader agree on any text', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"b"',
      '"\\u0061"',
      '\\',
      '1',
      '-',
      'true',
      'null',
      ' ',
      '\n',
      '0.5e3',
      '"\\"',
      'é',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join('')),
          fc.string(),
        ),
        (text) => {
          const quick = parsePolicyText(text);
          const slow = parseJsonTree(text, POLICY_LIMITS);
          expect(quick.ok).toBe(slow.ok);
          if (!slow.ok) expect(quick).toEqual({ ok: false, problem: slow.fault });
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('the tree that forgets nothing', () => {
  it('writes back what it read: order, numbers, odd names', () => {
    const text = '{"b":1.0,"2":{"__proto__":[1e400,-0,true]},"1":12345678901234567890,"a":"\\u00e9"}';
    const tree = parseJsonTree(text, POLICY_LIMITS);
    expect(tree.ok && writeJsonTree(tree.root)).toBe(text.replace('\\u00e9', 'é'));
  });

  it('means the same after writing', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 2), (text, indent) => {
        const tree = parseJsonTree(text, POLICY_LIMITS);
        if (!tree.ok) throw new Error(tree.fault.message);
        expect(JSON.stringify(JSON.parse(writeJsonTree(tree.root, indent)))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 300 },
    );
  });

  it('sets a member in its place, appends a new one, takes one out', () => {
    const node = jsonTreeOf({ a: '1', b: '2' });
    expect(writeJsonTree(withMember(node, 'a', jsonTreeOf(['3'])))).toBe('{"a":["3"],"b":"2"}');
    expect(writeJsonTree(withMember(node, 'c', jsonTreeOf('3')))).toBe('{"a":"1","b":"2","c":"3"}');
    expect(writeJsonTree(withMember(node, 'a', undefined))).toBe('{"b":"2"}');
    expect(memberOf(node, 'x')).toBeUndefined();
  });
});
