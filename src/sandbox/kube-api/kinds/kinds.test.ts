import { describe, expect, test } from 'vitest';
import { behaviourOf } from './kinds.ts';

const CONFIGURATIONS = 'mutatingwebhookconfigurations.admissionregistration.k8s.io';
const env = { clock: { now: () => new Date(0) }, newId: () => 'id' };
const texts = (bucket: string, object: object): readonly string[] =>
  (behaviourOf(bucket).validate?.({ metadata: { name: 'x' }, ...object }) ?? []).map(({ field, message }) => `${field}: ${message}`);

describe('webhook configurations', () => {
  const webhook = { name: 'a.b.c', sideEffects: 'None', admissionReviewVersions: ['v1'], clientConfig: { url: 'https://x/' } };

  test('get the defaults of v1', () => {
    const defaulted = behaviourOf(CONFIGURATIONS).defaults?.(
      { metadata: {}, webhooks: [{ ...webhook, rules: [{ operations: ['*'] }] }] },
      env,
    );
    expect(defaulted).toMatchObject({
      webhooks: [
        { failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10, reinvocationPolicy: 'Never', rules: [{ scope: '*' }] },
      ],
    });
  });

  test.each([
    ['as it should be', {}, []],
    [
      'a timeout above 30 s',
      { timeoutSeconds: 31 },
      ['webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
    ],
    [
      'a short name',
      { name: 'a' },
      ['webhooks[0].name: Invalid value: "a": should be a domain with at least three segments separated by dots'],
    ],
    [
      'no TLS',
      { clientConfig: { url: 'http://x/' } },
      [`webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`],
    ],
    ['nobody to call', { clientConfig: {} }, ['webhooks[0].clientConfig: Required value: exactly one of url or service is required']],
    [
      'side effects',
      { sideEffects: 'Some' },
      ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
    ],
  ])('%s', (_what, change, expected) => {
    expect(texts(CONFIGURATIONS, { webhooks: [{ ...webhook, ...change }] })).toStrictEqual(expected);
  });

  test('a condition that does not parse', () => {
    const [problem, ...rest] = texts(CONFIGURATIONS, { webhooks: [{ ...webhook, matchConditions: [{ name: 'n', expression: 'a &&' }] }] });
    expect(problem).toMatch(/^webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: "a &&": compilation failed: /);
    expect(rest).toStrictEqual([]);
  });
});

describe('core kinds', () => {
  test('a secret takes plain text in, and keeps its type', () => {
    const { defaults, validateUpdate } = behaviourOf('secrets');
    expect(defaults?.({ metadata: {}, stringData: { a: 'é' } }, env)).toStrictEqual({ metadata: {}, type: 'Opaque', data: { a: 'w6k=' } });
    expect(validateUpdate?.({ metadata: {}, type: 'a' }, { metadata: {}, type: 'b' })).toMatchObject([{ field: 'type' }]);
  });
  test('the keys of a config map are file names', () => {
    expect(texts('configmaps', { data: { 'a/b': '1', ok: '2' } })).toHaveLength(1);
  });
  test('an immutable config map stays as it is', () => {
    const live = { metadata: {}, immutable: true, data: { a: '1' } };
    expect(behaviourOf('configmaps').validateUpdate?.(live, { ...live, data: { a: '2' } })).toMatchObject([{ field: 'data' }]);
  });
  test('the role of a binding cannot be changed', () => {
    const binding = (name: string) => ({ metadata: {}, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name } });
    expect(behaviourOf('rolebindings.rbac.authorization.k8s.io').validateUpdate?.(binding('a'), binding('b'))).toMatchObject([
      { field: 'roleRef' },
    ]);
  });
  test('the spec of a pod hardly changes', () => {
    const pod = (spec: object) => ({ metadata: {}, spec: { containers: [{ name: 'a', image: 'x' }], ...spec } });
    expect(behaviourOf('pods').validateUpdate?.(pod({}), pod({ containers: [{ name: 'a', image: 'y' }] }))).toStrictEqual([]);
    expect(behaviourOf('pods').validateUpdate?.(pod({}), pod({ hostNetwork: true }))).toMatchObject([{ field: 'spec' }]);
  });
});
