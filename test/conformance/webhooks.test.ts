import { afterEach, describe, expect, test } from 'vitest';
import type { CallWebhook, WebhookAnswer, WebhookCall } from '../../src/sandbox/kube-api/admission/webhook-call.ts';
import { normal, recorded } from './samples.ts';
import { startWorld, type World } from './server.ts';

const PODS = '/api/v1/namespaces/hooks/pods';
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const pod = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'example/app:1' }] },
});

let world: World | undefined;
afterEach(() => world?.api.close());

/** A world whose one webhook for pods answers as told. */
async function withWebhook(
  answer: (uid: string) => WebhookAnswer,
  webhook: object = {},
): Promise<{ readonly world: World; readonly calls: readonly WebhookCall[] }> {
  const calls: WebhookCall[] = [];
  const callWebhook: CallWebhook = async (call) => {
    calls.push(call);
    return answer(JSON.parse(call.body).request.uid);
  };
  const started = await startWorld({ callWebhook });
  world = started;
  await started.make('/api/v1/namespaces', { metadata: { name: 'hooks' } });
  await started.until('/api/v1/namespaces/hooks/serviceaccounts/default', 200);
  await started.make(CONFIGURATIONS, {
    metadata: { name: 'one' },
    webhooks: [
      {
        name: 'one.podrole.local',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        clientConfig: { url: 'https://127.0.0.1:35213/mutate' },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
        ...webhook,
      },
    ],
  });
  return { world: started, calls };
}

const answered = (uid: string, response: object): WebhookAnswer => ({
  kind: 'answered',
  status: 200,
  contentType: 'application/json',
  body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, ...response } }),
});
const patch = (operations: object): object => ({ allowed: true, patchType: 'JSONPatch', patch: btoa(JSON.stringify(operations)) });

async function replay(file: string, answer: (uid: string) => WebhookAnswer, webhook: object = {}): Promise<Response> {
  const { world: asked } = await withWebhook(answer, webhook);
  const { entry, body } = recorded(file);
  const response = await asked.ask({ method: 'POST', path: PODS, body: pod('p118') });
  const text = (await response.clone().text()).replaceAll('"name":"p118"', '"name":"NAME"');
  expect({ status: response.status, body: normal(text) }).toStrictEqual({
    status: entry.status,
    body: normal(body.replaceAll('"name":"p118"', '"name":"NAME"')),
  });
  return response;
}

describe('what a webhook is sent', () => {
  test('is the defaulted pod, in the bytes of the real one', async () => {
    const { world: asked, calls } = await withWebhook((uid) => answered(uid, { allowed: true }));
    await asked.ask({ method: 'POST', path: PODS, body: pod('p1') });
    expect(calls).toHaveLength(1);
    expect(calls[0]!.timeoutSeconds).toBe(10);
    expect(normal(calls[0]!.body)).toBe(normal(recorded('admission-review.pod.json').body));
  });

  test('has no name where one is yet to be made up', async () => {
    const { world: asked, calls } = await withWebhook((uid) => answered(uid, { allowed: true }));
    const { metadata: _metadata, ...rest } = pod('x') as { metadata: object };
    await asked.ask({ method: 'POST', path: PODS, body: { ...rest, metadata: { generateName: 'rs-' } } });
    const { request } = JSON.parse(calls[0]!.body);
    expect(request.name).toBeUndefined();
    expect(request.object.metadata).toMatchObject({ generateName: 'rs-', namespace: 'hooks' });
  });

  test('of a pod that a controller makes is the same but for who asks', async () => {
    const { world: asked, calls } = await withWebhook((uid) => answered(uid, { allowed: true }));
    const recordedBody = recorded('admission-review.pod-of-replicaset.json').body;
    const { metadata } = JSON.parse(recordedBody).request.object;
    const { generateName, labels, ownerReferences } = metadata;
    await asked.ask({
      method: 'POST',
      path: PODS,
      body: { ...pod('x'), metadata: { generateName, labels, ownerReferences } },
      userAgent: 'kube-controller-manager/v1.36.3',
    });
    const withoutUser = (text: string): string => normal(text).replace(/"userInfo":\{.*?\}(?=,"object")/, '"userInfo":{}');
    expect(withoutUser(calls[0]!.body)).toBe(withoutUser(recordedBody));
  });
});

describe('what a webhook answers', () => {
  test('warnings reach the client', async () => {
    const { entry } = recorded('pod.warned.json');
    const response = await replay('pod.warned.json', (uid) =>
      answered(uid, { allowed: true, warnings: ['podrole: first warning', 'podrole: zweite "Warnung" é'] }),
    );
    expect(response.headers.get('warning')).toBe(entry.headers!.warning);
  });
  test('a denial with its own status', () =>
    replay('pod.webhook-denied.403.json', (uid) =>
      answered(uid, { allowed: false, status: { code: 403, message: 'role-arn is malformed', reason: 'Forbidden' } }),
    ));
  test('a denial with details', () =>
    replay('pod.webhook-denied-422.json', (uid) =>
      answered(uid, {
        allowed: false,
        status: {
          code: 422,
          message: 'bad',
          reason: 'Invalid',
          details: { causes: [{ reason: 'FieldValueInvalid', message: 'm', field: 'metadata.annotations' }] },
        },
      }),
    ));
  test('a denial that says nothing', () => replay('pod.webhook-denied-plain.400.json', (uid) => answered(uid, { allowed: false })));
  test('an error of its server', () =>
    replay('pod.webhook-broken.500.json', () => ({ kind: 'answered', status: 500, contentType: 'text/plain', body: 'boom' })));
  test('a patch is in the object that is stored', async () => {
    const { world: asked } = await withWebhook((uid) =>
      answered(uid, patch([{ op: 'add', path: '/metadata/annotations', value: { a: 'b' } }])),
    );
    await asked.ask({ method: 'POST', path: PODS, body: pod('p') });
    expect(await (await asked.ask({ path: `${PODS}/p` })).json()).toMatchObject({ metadata: { annotations: { a: 'b' } } });
  });
  test('a patch that does not apply is an error even under Ignore', async () => {
    const { world: asked } = await withWebhook(
      (uid) => answered(uid, patch([{ op: 'replace', path: '/metadata/annotations/a', value: 'b' }])),
      { failurePolicy: 'Ignore' },
    );
    expect((await asked.ask({ method: 'POST', path: PODS, body: pod('p') })).status).toBe(500);
  });
});

describe('a webhook that is not there', () => {
  const refused = (): WebhookAnswer => ({
    kind: 'failed',
    reason: 'Post "https://127.0.0.1:35213/mutate?timeout=10s": dial tcp 127.0.0.1:35213: connect: connection refused',
  });
  test('stops the write under Fail', () => replay('pod.webhook-down.500.json', refused).then(() => undefined));
  test('is passed over under Ignore, without a word', async () => {
    const { world: asked } = await withWebhook(refused, { failurePolicy: 'Ignore' });
    const response = await asked.ask({ method: 'POST', path: PODS, body: pod('p') });
    expect({ status: response.status, warning: response.headers.get('warning') }).toStrictEqual({ status: 201, warning: null });
  });
});
