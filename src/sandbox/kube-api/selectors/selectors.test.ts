import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../kube/core/object.ts';
import { typesOf } from '../crd/definition.ts';
import { builtInResources } from '../resources/resources.data.ts';
import { matchesFields, parseFieldSelector, type Selectable } from './field-selector.ts';
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
  const builtIn = (plural: string, group = ''): Selectable => {
    const type = builtInResources.find((one) => one.plural === plural && one.group === group);
    if (type === undefined) throw new Error(`${plural} are not served`);
    return type;
  };
  const selected = (text: string, type: Selectable, object: KubeObject): boolean => {
    const parsed = parseFieldSelector(text, type);
    if (!parsed.ok) throw new Error(parsed.message);
    return matchesFields(parsed.terms, object);
  };
  const refusal = (text: string, type: Selectable): unknown => {
    const parsed = parseFieldSelector(text, type);
    return parsed.ok ? undefined : parsed.message;
  };
  const pods = builtIn('pods');

  test('compare fields as text, an absent one as the empty text', () => {
    expect(selected('metadata.name=a,spec.nodeName!=y,status.phase=', pods, pod)).toBe(true);
    expect(selected('spec.hostNetwork=true', pods, pod)).toBe(true);
    expect(selected('status.phase=Running', pods, pod)).toBe(false);
  });
  test('take an absent truth for false', () => {
    const bare = { metadata: { name: 'a' }, spec: {} };
    expect(selected('spec.hostNetwork=false', pods, bare)).toBe(true);
    expect(selected('spec.unschedulable=false', builtIn('nodes'), bare)).toBe(true);
  });
  test('find an event by what it is about, under the names of either version', () => {
    const core = { metadata: {}, involvedObject: { name: 'a' }, source: { component: 'kubelet' }, reportingComponent: 'other' };
    expect(selected('involvedObject.name=a,source=kubelet', builtIn('events'), core)).toBe(true);
    expect(selected('source=other', builtIn('events'), { ...core, source: {} })).toBe(true);
    const events = builtIn('events', 'events.k8s.io');
    expect(
      selected('regarding.name=a,reportingController=c', events, { metadata: {}, regarding: { name: 'a' }, reportingController: 'c' }),
    ).toBe(true);
    expect(refusal('involvedObject.name=a', events)).toBe('field label not supported: involvedObject.name');
  });
  test('know the fields of a kind and no others', () => {
    expect(refusal('nope=x', builtIn('serviceaccounts'))).toBe(
      '"nope" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    expect(refusal('status.replicas=0', builtIn('replicasets', 'apps'))).toBe(
      '"status.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
    expect(refusal('nope=x', pods)).toBe('field label not supported: nope');
    expect(refusal('metadata.namespace=x', builtIn('namespaces'))).toBe('field label not supported: metadata.namespace');
    expect(parseFieldSelector('a', pods)).toMatchObject({ ok: false });
  });
  test('know of a custom resource what its definition declares', () => {
    const names = { kind: 'Thing', plural: 'things' };
    const version = { name: 'v1', served: true, selectableFields: [{ jsonPath: '.spec.size' }] };
    const [things] = typesOf({ metadata: {}, spec: { group: 'example.com', scope: 'Cluster', names, versions: [version] } });
    if (things === undefined) throw new Error('nothing is served');
    expect(selected('spec.size=3', things, { metadata: {}, spec: { size: 3 } })).toBe(true);
    expect(refusal('spec.color=red', things)).toBe('field label not supported: spec.color');
    expect(refusal('metadata.namespace=n', things)).toBe('field label not supported: metadata.namespace');
  });
});
