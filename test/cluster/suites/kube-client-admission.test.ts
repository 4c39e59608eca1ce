import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Listener, listen } from '../../../src/host/listen.ts';
import type { KubeClient } from '../../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../../src/kube/core/object.ts';
import { type Resource, resources } from '../../../src/kube/core/resource.ts';
import { inWorld } from '../../support/worlds/world.ts';
import { refusal } from './refusal.ts';

const VALIDATING: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
  namespaced: false,
};

interface Answer {
  readonly allowed: boolean;
  readonly status?: { readonly code?: number; readonly message?: string; readonly reason?: string };
  readonly warnings?: readonly string[];
}

interface Review {
  readonly request: Readonly<Record<string, unknown>> & { readonly uid: string; readonly dryRun: boolean; readonly operation: string };
}

inWorld('kube-client: admission', (world) => {
  const namespace = `admission-${randomBytes(3).toString('hex')}`;
  let kube: KubeClient;
  let listener: Listener;
  let answer: Answer = { allowed: true };
  const reviews: Review['request'][] = [];
  const warnings: string[] = [];

  beforeAll(async () => {
    const { authority } = world().sandbox;
    kube = world().kubeClient({ onWarning: (heard) => warnings.push(...heard) });
    await kube.create(resources.namespaces, { metadata: { name: namespace } });
    const { certPem, keyPem } = await authority.issue({ commonName: 'test', ipAddresses: ['127.0.0.1'] });
    listener = await listen({
      port: 0,
      tls: { cert: certPem, key: keyPem },
      handler: async (request) => {
        const { request: review } = (await request.json()) as Review;
        reviews.push(review);
        return Response.json({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: review.uid, ...answer } });
      },
    });
    await kube.create(VALIDATING, {
      metadata: { name: namespace },
      webhooks: [
        {
          name: 'test.podrole.dev',
          clientConfig: { url: `${listener.url}/`, caBundle: Buffer.from(authority.caPem).toString('base64') },
          rules: [{ operations: ['CREATE', 'DELETE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          timeoutSeconds: 5,
        },
      ],
    } as KubeObject);
    // A configuration counts some milliseconds after it was written.
    for (let attempt = 0; reviews.length === 0; attempt++) {
      await kube.create(resources.configMaps, map(`probe-${attempt}`), { dryRun: true });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
  afterAll(async () => {
    await kube.delete(VALIDATING, { name: namespace });
    await kube.delete(resources.namespaces, { name: namespace });
    kube.close();
    await listener.close(0);
  });
  beforeEach(() => {
    answer = { allowed: true };
    reviews.length = 0;
    warnings.length = 0;
  });
  const map = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: { a: '1' } });

  it('a webhook is asked about the object as it will be stored', async () => {
    await kube.create(resources.configMaps, map('asked'), { fieldManager: 'me' });
    expect(reviews).toHaveLength(1);
    const [review] = reviews;
    expect(Object.keys(review ?? {})).toEqual([
      'uid',
      'kind',
      'resource',
      'requestKind',
      'requestResource',
      'name',
      'namespace',
      'operation',
      'userInfo',
      'object',
      'oldObject',
      'dryRun',
      'options',
    ]);
    expect(review).toMatchObject({
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      name: 'asked',
      namespace,
      operation: 'CREATE',
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' },
    });
  });

  it('a dry run is said to be one', async () => {
    await kube.create(resources.configMaps, map('dry'), { dryRun: true });
    expect(reviews.map(({ dryRun }) => dryRun)).toEqual([true]);
  });

  it('a denial keeps its code, reason and words, and nothing is stored', async () => {
    answer = { allowed: false, status: { code: 403, message: 'not on a Tuesday', reason: 'Forbidden' } };
    const error = await refusal(kube.create(resources.configMaps, map('denied')));
    expect(error.status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'admission webhook "test.podrole.dev" denied the request: not on a Tuesday',
      reason: 'Forbidden',
      code: 403,
    });
    expect(await kube.find(resources.configMaps, { namespace, name: 'denied' })).toBeUndefined();
  });

  it('a denial without a word is a 400 that says so', async () => {
    answer = { allowed: false };
    const error = await refusal(kube.create(resources.configMaps, map('mute')));
    expect([error.httpStatus, error.status.message]).toEqual([
      400,
      'admission webhook "test.podrole.dev" denied the request without explanation',
    ]);
  });

  it('warnings reach the client with what is let through, and with what is not', async () => {
    answer = { allowed: true, warnings: ['think twice', 'and a second, with a comma'] };
    await kube.create(resources.configMaps, map('warned'));
    expect(warnings).toEqual(['think twice', 'and a second, with a comma']);
    warnings.length = 0;
    answer = { allowed: false, status: { code: 403, message: 'no' }, warnings: ['told you so'] };
    await refusal(kube.create(resources.configMaps, map('warned-and-denied')));
    expect(warnings).toEqual(['told you so']);
  });

  it('a deletion may be denied too', async () => {
    await kube.create(resources.configMaps, map('stays'));
    answer = { allowed: false, status: { code: 403, message: 'it stays' } };
    const error = await refusal(kube.delete(resources.configMaps, { namespace, name: 'stays' }));
    expect(error.status.message).toBe('admission webhook "test.podrole.dev" denied the request: it stays');
    expect(await kube.find(resources.configMaps, { namespace, name: 'stays' })).toBeDefined();
    answer = { allowed: true };
  });
});
