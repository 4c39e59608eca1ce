import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  annotate,
  attributes,
  configuration,
  hooks,
  mutating,
  patchOf,
  pod,
  type Reply,
  refusalOf,
  review,
  rules,
  run,
  runOne,
  sample,
  text,
  webhook,
} from '../../../../test/support/fake-webhooks.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { readResponse } from './review-response.ts';
import type { CallWebhook } from './webhook-call.ts';

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
