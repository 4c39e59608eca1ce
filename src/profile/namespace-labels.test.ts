import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeLabels, parseNamespaceLabels } from './namespace-labels.ts';

const defaults = new Map([
  ['katib.kubeflow.org/metrics-collector-injection', 'enabled'],
  ['serving.kubeflow.org/inferenceservice', 'enabled'],
  ['pipelines.kubeflow.org/enabled', 'true'],
  ['app.kubernetes.io/part-of', 'kubeflow-profile'],
]);

describe('mergeLabels', () => {
  it('adds all defaults where there is nothing (upstream vector)', () => {
    expect(mergeLabels({}, defaults)).toEqual(Object.fromEntries(defaults));
  });

  it('keeps what is there (upstream vector)', () => {
    const present = { 'user-name': 'Jim', 'serving.kubeflow.org/inferenceservice': 'disabled' };
    expect(mergeLabels(present, defaults)).toEqual({ ...Object.fromEntries(defaults), ...present });
  });

  it('removes a key whose default is empty (upstream vector)', () => {
    const present = { 'user-name': 'Jim', 'removal-label': 'enabled' };
    expect(mergeLabels(present, new Map([...defaults, ['removal-label', '']]))).toEqual({
      'user-name': 'Jim',
      ...Object.fromEntries(defaults),
    });
  });
});

describe('parseNamespaceLabels', () => {
  it('reads a map of strings; an empty value and null are the empty string', () => {
    const parsed = parseNamespaceLabels(
      '# defaults\napp.kubernetes.io/part-of: kubeflow-profile\nistio-injection: ""\ngone:\nalso: null\n',
    );
    expect(parsed).toEqual({
      ok: true,
      labels: new Map([
        ['app.kubernetes.io/part-of', 'kubeflow-profile'],
        ['istio-injection', ''],
        ['gone', ''],
        ['also', ''],
      ]),
    });
  });

  it('reads an empty file as no labels', () => {
    expect(parseNamespaceLabels('')).toEqual({ ok: true, labels: new Map() });
  });

  it('names every line that is no label, and takes nothing', () => {
    expect(parseNamespaceLabels('good: "yes"\nflag: true\n"bad key": x\nlong: a b\n')).toEqual({
      ok: false,
      problems: ['the value of flag is not a string, quote it', '"bad key" is not a label key', 'the value of long is not a label value'],
    });
  });

  it.each([
    ['a list', '- a\n- b\n'],
    ['a text', 'hello'],
    ['broken YAML', 'a: [1'],
    ['an alias bomb', 'a: &a [x]\nb: *a\n'],
    ['deep nesting', '[['.repeat(20)],
    ['a prototype', '__proto__: {}\n'],
  ])('refuses %s', (_what, text) => {
    expect(parseNamespaceLabels(text).ok).toBe(false);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ':', ' ', '\n', '-', '"', '&', '*', '[', '{', '\t', '#', '|', 'é'), maxLength: 60 }),
        (text) => {
          expect(typeof parseNamespaceLabels(text).ok).toBe('boolean');
        },
      ),
      { numRuns: 400 },
    );
  });
});
