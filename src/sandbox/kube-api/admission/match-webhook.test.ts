import { describe, expect, it } from 'vitest';
import { attributes, hooks, mutating, pod, rules, run, runOne } from '../../../../test/support/fake-webhooks.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { Admission } from './admit.ts';
import type { AdmissionAttributes } from './attributes.ts';

describe('which webhooks a request concerns', () => {
  const called = async (more: object, options: Partial<Admission> = {}) => {
    const { call, calls } = hooks({});
    await run({ configurations: [mutating(more)], call, ...options });
    return calls.length === 1;
  };
  const rule = (changes: object) => ({ rules: [{ ...rules[0], ...changes }] });
  const labelled: KubeObject = { ...pod, metadata: { ...pod.metadata, labels: { app: 'x' } } };
  const selector = { matchLabels: { app: 'x' } };
  const namespaceAttributes: Partial<AdmissionAttributes> = {
    kind: { group: '', version: 'v1', kind: 'Namespace' },
    resource: { group: '', version: 'v1', resource: 'namespaces' },
    name: 'hooks',
    namespace: undefined,
  };
  const asNamespace = { attributes: { ...attributes, ...namespaceAttributes }, object: { ...labelled, kind: 'Namespace' } };

  it.each<[string, boolean, object, Partial<Admission>]>([
    ['its rule', true, {}, {}],
    ['any operation', true, rule({ operations: ['*'] }), {}],
    ['another operation', false, rule({ operations: ['UPDATE'] }), {}],
    ['another group', false, rule({ apiGroups: ['apps'] }), {}],
    ['another version', false, rule({ apiVersions: ['v2'] }), {}],
    ['any resource', true, rule({ resources: ['*'] }), {}],
    ['another resource', false, rule({ resources: ['configmaps'] }), {}],
    ['a subresource that is not named', false, {}, { attributes: { ...attributes, subresource: 'status' } }],
    ['a named subresource', true, rule({ resources: ['pods/status'] }), { attributes: { ...attributes, subresource: 'status' } }],
    ['any subresource', true, rule({ resources: ['*/*'] }), { attributes: { ...attributes, subresource: 'status' } }],
    ['namespaced objects', true, rule({ scope: 'Namespaced' }), {}],
    ['cluster objects', false, rule({ scope: 'Cluster' }), {}],
    ['a namespace as a cluster object', true, rule({ scope: 'Cluster', resources: ['namespaces'] }), asNamespace],
    ['a namespace not as a namespaced object', false, rule({ scope: 'Namespaced', resources: ['namespaces'] }), asNamespace],
    [
      'a namespace by the labels it is about to have',
      true,
      { ...rule({ resources: ['namespaces'] }), namespaceSelector: selector },
      asNamespace,
    ],
    ['a labelled namespace', true, { namespaceSelector: selector }, { namespaceLabels: { app: 'x' } }],
    ['a namespace of other labels', false, { namespaceSelector: selector }, { namespaceLabels: { app: 'y' } }],
    [
      'a cluster object whatever the namespace selector says',
      true,
      { namespaceSelector: selector },
      { attributes: { ...attributes, namespace: undefined } },
    ],
    ['a labelled object', true, { objectSelector: selector }, { object: labelled }],
    ['an object that was labelled', true, { objectSelector: selector }, { oldObject: labelled }],
    ['an object of other labels', false, { objectSelector: selector }, {}],
    ['In', true, { objectSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['x', 'y'] }] } }, { object: labelled }],
    ['NotIn', false, { objectSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['x'] }] } }, { object: labelled }],
    ['Exists', true, { objectSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }, { object: labelled }],
    ['DoesNotExist', false, { objectSelector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } }, { object: labelled }],
    ['a condition that holds', true, { matchConditions: [{ name: 'c', expression: "request.userInfo.username == 'admin'" }] }, {}],
    ['a condition that does not hold', false, { matchConditions: [{ name: 'c', expression: "object.metadata.name == 'other'" }] }, {}],
    ['whole numbers in a condition', true, { matchConditions: [{ name: 'c', expression: 'object.spec.priority == 0' }] }, {}],
    [
      'no webhook configuration',
      false,
      rule({ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }),
      {
        attributes: { ...attributes, kind: { group: 'admissionregistration.k8s.io', version: 'v1', kind: 'MutatingWebhookConfiguration' } },
      },
    ],
  ])('%s: %s', async (_, expected, more, options) => {
    expect(await called(more, options)).toBe(expected);
  });

  const broken = { matchConditions: [{ name: 'c', expression: "object.metadata.annotations['x'] == 'y'" }] };
  it('refuses under Fail what a condition cannot be evaluated for', async () => {
    const outcome = await runOne({}, broken);
    const message = `pods "p1" is forbidden: expression 'object.metadata.annotations['x'] == 'y'' resulted in error: no such key: annotations`;
    expect(outcome).toMatchObject({ ok: false, status: { code: 403, reason: 'Forbidden', message } });
  });
  it('skips under Ignore what a condition cannot be evaluated for', async () => {
    expect(await called({ ...broken, failurePolicy: 'Ignore' })).toBe(false);
  });
  it('skips when one condition is false though another fails', async () => {
    expect(await called({ matchConditions: [...broken.matchConditions, { name: 'd', expression: 'false' }] })).toBe(false);
  });

  it('is sent the version that its rule names, unless it wants exact matches', async () => {
    const equivalents = [
      {
        resource: { group: 'events.k8s.io', version: 'v1', resource: 'events' },
        kind: { group: 'events.k8s.io', version: 'v1', kind: 'Event' },
      },
    ];
    const more = { rules: [{ ...rules[0], apiGroups: ['events.k8s.io'], resources: ['events'] }] };
    const { call, calls } = hooks({});
    await run({ configurations: [mutating(more)], call, equivalents });
    const { request } = JSON.parse(calls[0]?.body ?? '{}');
    expect([request.kind, request.requestKind, request.object.apiVersion]).toEqual([
      equivalents[0]?.kind,
      attributes.kind,
      'events.k8s.io/v1',
    ]);
    expect(await called({ ...more, matchPolicy: 'Exact' }, { equivalents })).toBe(false);
  });
});
