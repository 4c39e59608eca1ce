import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesFields, parseFieldSelector } from './field-selector.ts';
import { matchesLabels, parseLabelSelector } from './label-selector.ts';

function selects(selector: string, labels: Readonly<Record<string, string>>): boolean {
  const parsed = parseLabelSelector(selector);
  if (!parsed.ok) throw new Error(parsed.message);
  return matchesLabels(parsed.requirements, labels);
}

describe('label selectors', () => {
  const labels = { app: 'web', tier: 'front', n: '5' };
  test.each([
    '',
    'app',
    'app=web',
    'app==web',
    'app!=db',
    '!gone',
    'gone!=x',
    'gone notin (a)',
    'app in (web, db)',
    'app in (web),tier',
    'n>4,n<6',
    'app , tier',
  ])('%s selects', (selector) => {
    expect(selects(selector, labels)).toBe(true);
  });
  test.each(['gone', 'app=db', 'app!=web', '!app', 'app notin (web)', 'app in ()', 'n>5', 'app=', 'gone in (a)'])(
    '%s does not',
    (selector) => {
      expect(selects(selector, labels)).toBe(false);
    },
  );
  test.each([
    ['a===', "unable to parse requirement: found '=', expected: identifier"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a,', "found '', expected: identifier after ','"],
    ['=a', "found '=', expected: !, identifier, or 'end of string'"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a>x', "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"],
  ])('%s is refused', (selector, message) => {
    expect(parseLabelSelector(selector)).toStrictEqual({ ok: false, message });
  });
  test('any text is a selector or is refused', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ' ', '=', '!', '(', ')', ',', 'in', '>', '/', '\n', 'é') }),
        (text) => void parseLabelSelector(text),
      ),
    );
  });
});

describe('field selectors', () => {
  const pod = { metadata: { name: 'a', namespace: 'n' }, spec: { nodeName: 'x', hostNetwork: true }, status: {} };
  const matches = (text: string): boolean => {
    const parsed = parseFieldSelector(text, 'pods');
    if (!parsed.ok) throw new Error(parsed.message);
    return matchesFields(parsed.terms, pod);
  };
  test('compare fields as text, an absent one as the empty text', () => {
    expect(matches('metadata.name=a,spec.nodeName!=y,status.phase=')).toBe(true);
    expect(matches('spec.hostNetwork=true')).toBe(true);
    expect(matches('status.phase=Running')).toBe(false);
  });
  test('know the fields of a kind and no others', () => {
    expect(parseFieldSelector('nope=x', 'serviceaccounts')).toStrictEqual({
      ok: false,
      message: '"nope" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
    expect(parseFieldSelector('nope=x', 'pods')).toStrictEqual({ ok: false, message: 'field label not supported: nope' });
    expect(parseFieldSelector('a', 'pods')).toMatchObject({ ok: false });
  });
});
