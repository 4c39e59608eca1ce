import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../kube/core/object.ts';
import { type Admission, type AdmissionOutcome, admit } from './admit.ts';
import type { AdmissionAttributes } from './attributes.ts';
import { readResponse } from './review-response.ts';
import type { CallWebhook, WebhookCall } from './webhook-call.ts';

const sample = (name: string) => JSON.parse(readFileSync(new URL(`../../../../test/conformance/samples/${name}`, import.meta.url), 'utf8'));
const text = (name: string) => readFileSync(new URL(`../../../../test/conformance/samples/${name}`, import.meta.url), 'utf8').trimEnd();

const review = sample('admission-review.pod.json').request;
const pod: KubeObject = review.object;
const attributes: AdmissionAttributes = {
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  namespace: 'hooks',
  name: 'p1',
  operation: 'CREATE',
  userInfo: review.userInfo,
  dryRun: false,
  options: review.options,
};

const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: '*' }];
const webhook = (name: string, more: object = {}) => ({
  name,
  clientConfig: { url: `https://127.0.0.1:35213/${name.split('.')[0]}` },
  rules,
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});
const configuration = (kind: 'Mutating' | 'Validating', name: string, ...webhooks: object[]): KubeObject => ({
  kind: `${kind}WebhookConfiguration`,
  apiVersion: 'admissionregistration.k8s.io/v1',
  metadata: { name },
  webhooks,
});
const mutating = (more: object = {}): KubeObject => configuration('Mutating', 'one', webhook('one.podrole.local', more));

type Reply = Readonly<Record<string, unknown>> | string | { readonly http: number; readonly body: string } | { readonly failed: string };

/** A webhook of replies: a response's members, a raw body, an HTTP failure or a failed connection, by the path called. */
function hooks(replies: Readonly<Record<string, (request: typeof review) => Reply>>): {
  readonly call: CallWebhook;
  readonly calls: WebhookCall[];
  readonly paths: () => string[];
} {
  const calls: WebhookCall[] = [];
  const pathOf = (call: WebhookCall) => new URL(call.clientConfig.url ?? 'https://none/').pathname.slice(1);
  return {
    calls,
    paths: () => calls.map(pathOf),
    call: async (call) => {
      calls.push(call);
      const { request } = JSON.parse(call.body);
      const reply = replies[pathOf(call)]?.(request) ?? {};
      if (typeof reply === 'string') return { kind: 'answered', status: 200, contentType: 'application/json', body: reply };
      if ('http' in reply) return { kind: 'answered', status: reply.http as number, contentType: 'text/plain', body: reply.body as string };
      if ('failed' in reply) return { kind: 'failed', reason: reply.failed as string };
      const response = { uid: request.uid, allowed: true, ...reply };
      return {
        kind: 'answered',
        status: 200,
        contentType: 'application/json',
        body: JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response }),
      };
    },
  };
}

const patchOf = (...operations: object[]) => ({ patchType: 'JSONPatch', patch: btoa(JSON.stringify(operations)) });
const annotate = (name: string) => (request: typeof review) => {
  const { annotations } = request.object.metadata;
  if (annotations?.[name] !== undefined) return {};
  return annotations === undefined
    ? patchOf({ op: 'add', path: '/metadata/annotations', value: { [name]: 'x' } })
    : patchOf({ op: 'add', path: `/metadata/annotations/${name}`, value: 'x' });
};

let ids = 0;
const run = (options: Partial<Admission> & Pick<Admission, 'configurations' | 'call'>): Promise<AdmissionOutcome> =>
  admit(
    { attributes, object: pod, oldObject: undefined, namespaceLabels: {}, newId: () => `id-${++ids}`, ...options },
    new AbortController().signal,
  );
const runOne = async (reply: Reply, more: object = {}, options: Partial<Admission> = {}) =>
  run({ configurations: [mutating(more)], call: hooks({ one: () => reply }).call, ...options });
const refusalOf = (outcome: AdmissionOutcome) => (outcome.ok ? 'admitted' : outcome.status);

describe('the review that a webhook is sent', () => {
  it('is the real one, byte for byte', async () => {
    const { call, calls } = hooks({});
    await run({ configurations: [mutating()], call, newId: () => review.uid });
    expect(calls.map(({ body }) => body)).toEqual([text('admission-review.pod.json')]);
  });

  it('has no name while it is to be generated', async () => {
    const real = sample('admission-review.pod-of-replicaset.json').request;
    const { call, calls } = hooks({});
    const { name: _, ...unnamed } = attributes;
    await run({
      configurations: [mutating()],
      call,
      newId: () => real.uid,
      object: real.object,
      attributes: { ...unnamed, userInfo: real.userInfo, options: real.options },
    });
    expect(calls.map(({ body }) => body)).toEqual([text('admission-review.pod-of-replicaset.json')]);
  });

  it('has an id of its own for every call', async () => {
    const { call, calls } = hooks({ a: () => ({}), b: annotate('b') });
    await run({
      configurations: [configuration('Mutating', 'x', webhook('a.x.y', { reinvocationPolicy: 'IfNeeded' }), webhook('b.x.y'))],
      call,
    });
    const uids = calls.map(({ body }) => JSON.parse(body).request.uid);
    expect([uids.length, new Set(uids).size]).toEqual([3, 3]);
  });
});

describe('what a webhook may answer', () => {
  it.each<[string, Reply]>([
    ['pod.webhook-denied.403.json', { allowed: false, status: { code: 403, reason: 'Forbidden', message: 'role-arn is malformed' } }],
    ['pod.webhook-denied-plain.400.json', { allowed: false }],
    [
      'pod.webhook-denied-422.json',
      {
        allowed: false,
        status: {
          code: 422,
          reason: 'Invalid',
          message: 'bad',
          details: { causes: [{ reason: 'FieldValueInvalid', message: 'm', field: 'metadata.annotations' }] },
        },
      },
    ],
    ['pod.webhook-broken.500.json', { http: 500, body: 'boom\n' }],
    [
      'pod.webhook-down.500.json',
      { failed: 'Post "https://127.0.0.1:35213/mutate?timeout=10s": dial tcp 127.0.0.1:35213: connect: connection refused' },
    ],
    ['pod.webhook-timeout.500.json', { failed: 'Post "https://127.0.0.1:35213/slow?timeout=1s": context deadline exceeded' }],
  ])('is answered as the real API server does: %s', async (name, reply) => {
    expect(refusalOf(await runOne(reply))).toEqual(sample(name));
  });

  const reasons: readonly (readonly [string, Reply])[] = [
    ['received invalid webhook response: expected response.uid="UID", got "other"', { uid: 'other' }],
    ['received invalid webhook response: webhook response was absent', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}'],
    ['failed to call webhook: 0-length response with status code: 200 and content type: application/json', ''],
    ["failed to call webhook: couldn't get version/kind; json parse error: invalid character '<' looking for beginning of value", '<html>'],
    ['received invalid webhook response: webhook returned response.patch but not response.patchType', { patch: btoa('[]') }],
    ['received invalid webhook response: webhook returned response.patchType but not response.patch', { patchType: 'JSONPatch' }],
    ['unsupported patch type "MergePatch"', { patchType: 'MergePatch', patch: btoa('[{"op":"test","path":"","value":1}]') }],
    ['failed to call webhook: the server could not find the requested resource', { http: 404, body: 'nope' }],
    ['failed to call webhook: who are you', { http: 403, body: 'who are you' }],
    [
      'failed to call webhook: told in a status',
      { http: 500, body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', message: 'told in a status' }) },
    ],
  ];
  it.each(reasons)('fails under Fail, and is passed over under Ignore: %s', async (reason, reply) => {
    const failed = await runOne(reply, {}, { newId: () => 'UID' });
    expect(failed).toMatchObject({
      ok: false,
      status: { code: 500, message: `Internal error occurred: failed calling webhook "one.podrole.local": ${reason}` },
    });
    const ignored = await runOne(reply, { failurePolicy: 'Ignore' }, { newId: () => 'UID' });
    expect(ignored).toEqual({
      ok: true,
      object: pod,
      warnings: [],
      audit: {
        'mutation.webhook.admission.k8s.io/round_0_index_0': '{"configuration":"one","webhook":"one.podrole.local","mutated":false}',
        'failed-open.mutation.webhook.admission.k8s.io/round_0_index_0': 'one.podrole.local',
      },
    });
  });

  it('wants the kind and version of the question', async () => {
    const body = (request: typeof review) => JSON.stringify({ response: { uid: request.uid, allowed: true } });
    const outcome = await run({ configurations: [mutating()], call: hooks({ one: body }).call });
    expect(outcome).toMatchObject({
      status: { message: expect.stringContaining('expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=') },
    });
  });

  it('refuses a patch that does not apply even under Ignore', async () => {
    const outcome = await runOne(patchOf({ op: 'replace', path: '/metadata/nope/x', value: 1 }), { failurePolicy: 'Ignore' });
    const message = 'Internal error occurred: replace operation does not apply: doc is missing path: /metadata/nope/x: missing value';
    expect(outcome).toMatchObject({ ok: false, status: { code: 500, reason: 'InternalError', message } });
  });

  it('refuses what the patched object cannot be read as', async () => {
    const outcome = await runOne(
      patchOf({ op: 'add', path: '/spec', value: 1 }),
      {},
      { read: () => ({ ok: false, message: 'json: spec is a number' }) },
    );
    expect(outcome).toMatchObject({ ok: false, status: { code: 500, message: 'Internal error occurred: json: spec is a number' } });
  });

  it('warns once per text, on denial too, and annotates the audit event by webhook name', async () => {
    const { call } = hooks({
      a: () => ({ warnings: ['w', 'w', 'zweite "Warnung" é'], auditAnnotations: { role: 'arn' } }),
      b: () => ({ allowed: false, warnings: ['w', 'w on deny'] }),
    });
    const outcome = await run({ configurations: [configuration('Mutating', 'x', webhook('a.x.y'), webhook('b.x.y'))], call });
    expect([outcome.ok, outcome.warnings, outcome.audit['a.x.y/role']]).toEqual([false, ['w', 'zweite "Warnung" é', 'w on deny'], 'arn']);
  });

  it('may not change an object that is deleted', async () => {
    const change = patchOf({ op: 'add', path: '/x', value: 1 });
    const more = { rules: [{ ...rules[0], operations: ['DELETE'] }] };
    const outcome = await runOne(change, more, { object: undefined, oldObject: pod, attributes: { ...attributes, operation: 'DELETE' } });
    expect(outcome).toMatchObject({
      status: {
        message:
          'Internal error occurred: admission webhook "one.podrole.local" attempted to modify the object, which is not supported for this operation',
      },
    });
  });

  it('is not asked on a dry run when it may have side effects', async () => {
    const outcome = await runOne({}, { sideEffects: 'Some', failurePolicy: 'Ignore' }, { attributes: { ...attributes, dryRun: true } });
    expect(outcome).toMatchObject({
      ok: false,
      status: { code: 400, message: 'admission webhook "one.podrole.local" does not support dry run' },
    });
  });

  it('is read without harm, whatever it is', () => {
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({
          kind: fc.jsonValue(),
          apiVersion: fc.jsonValue(),
          response: fc.record(
            { uid: fc.constant('u'), patch: fc.jsonValue(), patchType: fc.jsonValue(), status: fc.jsonValue(), warnings: fc.jsonValue() },
            { requiredKeys: [] },
          ),
        })
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(body, fc.integer({ min: 100, max: 599 }), fc.boolean(), (text, status, isMutating) => {
        const read = readResponse(
          { kind: 'answered', status, contentType: '', body: text },
          { uid: 'u', version: 'v1', mutating: isMutating },
        );
        if (read.ok) expect(typeof read.response.allowed).toBe('boolean');
        else expect(read.reason).not.toBe('');
      }),
      { numRuns: 300 },
    );
  });
});

describe('mutating webhooks', () => {
  it('come one after the other, configurations by name, each on what the one before made', async () => {
    const { call, paths, calls } = hooks({ a: annotate('a'), b: annotate('b'), c: annotate('c') });
    const outcome = await run({
      configurations: [
        configuration('Mutating', 'zz', webhook('c.x.y')),
        configuration('Mutating', 'aa', webhook('a.x.y'), webhook('b.x.y')),
      ],
      call,
    });
    expect(paths()).toEqual(['a', 'b', 'c']);
    expect(JSON.parse(calls[2]?.body ?? '').request.object.metadata.annotations).toEqual({ a: 'x', b: 'x' });
    expect(outcome.ok && outcome.object?.metadata.annotations).toEqual({ a: 'x', b: 'x', c: 'x' });
  });

  it.each([
    ['A, B when A does not ask for more', 'Never', annotate('b'), ['a', 'b']],
    ['A, B, A when B changed the object', 'IfNeeded', annotate('b'), ['a', 'b', 'a']],
    ['A, B when B changed nothing', 'IfNeeded', () => ({}), ['a', 'b']],
    [
      'A, B when the patch of B changed nothing',
      'IfNeeded',
      () => patchOf({ op: 'replace', path: '/metadata/name', value: 'p1' }),
      ['a', 'b'],
    ],
  ] as const)('are called %s', async (_, reinvocationPolicy, b, order) => {
    const { call, paths } = hooks({ a: annotate('a'), b });
    await run({
      configurations: [configuration('Mutating', 'x', webhook('a.x.y', { reinvocationPolicy }), webhook('b.x.y', { reinvocationPolicy }))],
      call,
    });
    expect(paths()).toEqual(order);
  });

  it('are called again when the built-in plugins change what a webhook made', async () => {
    const { call, paths } = hooks({ a: annotate('a') });
    const readmit = (object: KubeObject): KubeObject => ({ ...object, spec: { readmitted: true } });
    const outcome = await run({
      configurations: [configuration('Mutating', 'x', webhook('a.x.y', { reinvocationPolicy: 'IfNeeded' }))],
      call,
      readmit,
    });
    expect([paths(), outcome.ok && outcome.object?.spec]).toEqual([['a', 'a'], { readmitted: true }]);
  });

  it('that end the request are the last to be called', async () => {
    const { call, paths } = hooks({ a: () => ({ allowed: false }), b: annotate('b') });
    await run({ configurations: [configuration('Mutating', 'x', webhook('a.x.y'), webhook('b.x.y'))], call });
    expect(paths()).toEqual(['a']);
  });
});

describe('validating webhooks', () => {
  it('are asked at once, and the first refusal in their order is answered', async () => {
    let release: () => void = () => undefined;
    const bothAsked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { call } = hooks({
      a: () => ({ allowed: false, status: { message: 'a says no' } }),
      b: () => ({ allowed: false, status: { message: 'b says no' } }),
    });
    let asked = 0;
    const together: CallWebhook = async (request, signal) => {
      asked += 1;
      if (asked === 2) release();
      await bothAsked;
      return call(request, signal);
    };
    const outcome = await run({ configurations: [configuration('Validating', 'x', webhook('a.x.y'), webhook('b.x.y'))], call: together });
    expect(outcome).toMatchObject({ ok: false, status: { message: 'admission webhook "a.x.y" denied the request: a says no' } });
  });

  it('may not patch', async () => {
    const outcome = await run({
      configurations: [configuration('Validating', 'x', webhook('a.x.y'))],
      call: hooks({ a: () => patchOf({ op: 'test', path: '', value: 1 }) }).call,
    });
    expect(outcome).toMatchObject({ status: { message: expect.stringContaining('validating webhook may not return response.patch') } });
  });

  it('are passed over under Ignore and told of in the audit event', async () => {
    const outcome = await run({
      configurations: [configuration('Validating', 'x', webhook('a.x.y', { failurePolicy: 'Ignore' }))],
      call: hooks({ a: () => ({ failed: 'gone' }) }).call,
    });
    expect(outcome).toEqual({
      ok: true,
      object: pod,
      warnings: [],
      audit: { 'failed-open.validating.webhook.admission.k8s.io/round_0_index_0': 'a.x.y' },
    });
  });
});
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
