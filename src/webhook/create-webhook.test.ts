import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { applyPatch } from 'rfc6902';
import { describe, expect, it } from 'vitest';
import { pods } from '../../test/support/webhook-pods.ts';
import { type AnswerBody, operationsOf, reviewOf, WebhookWorld } from '../../test/support/webhook-world.ts';
import { serviceAccountKeeper } from './create-webhook.ts';
import { defaultContainerCredentials, defaultWebhookOptions } from './options.ts';

const review = readFileSync(new URL('../../test/vectors/webhook-review.pod.json', import.meta.url));
const ROLE = 'arn:aws:iam::111122223333:role/kf-user-demo';
const ANNOTATED = { 'eks.amazonaws.com/role-arn': ROLE };
const pod = { metadata: { name: 'p' }, spec: { serviceAccountName: 'sa', containers: [{ name: 'main' }] } };
const reasonOf = (answer: AnswerBody): string | undefined => answer.response.auditAnnotations?.reason;

describe('a pod of an annotated service account', () => {
  it('is given volume, mount and variables, on the very object that a kube-apiserver sends', async () => {
    const world = new WebhookWorld().know('hooks/default', ANNOTATED);
    const reply = await world.send(review);
    expect(reply).toMatchObject({ status: 200, contentType: 'application/json' });
    const answer = JSON.parse(reply.text) as AnswerBody;
    const operations = operationsOf(answer);
    expect(operations).toEqual([
      {
        op: 'add',
        path: '/spec/volumes/0',
        value: {
          name: 'aws-iam-token',
          projected: { sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 86400, path: 'token' } }] },
        },
      },
      {
        op: 'add',
        path: '/spec/containers/0/env',
        value: [
          { name: 'AWS_ROLE_ARN', value: ROLE },
          { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token' },
        ],
      },
      {
        op: 'add',
        path: '/spec/containers/0/volumeMounts/-',
        value: { name: 'aws-iam-token', readOnly: true, mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount' },
      },
    ]);
    const object: unknown = JSON.parse(review.toString()).request.object;
    expect(applyPatch(object, [...operations] as never)).toEqual([null, null, null]);
    const { patch: _, ...rest } = answer.response;
    expect({ ...answer, response: rest }).toEqual({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      response: {
        uid: 'fc77ad4e-8c45-4961-b3c9-77d1a0ecbc08',
        allowed: true,
        patchType: 'JSONPatch',
        auditAnnotations: { reason: 'Injected', method: 'web-identity', origin: 'service-account' },
      },
    });
  });

  it('is answered at once: nothing is waited for, nothing is read', () => {
    const world = new WebhookWorld().know('hooks/default', ANNOTATED);
    const request = { method: 'POST', path: '/mutate', headers: { 'content-type': 'application/json' }, body: review };
    expect(world.webhook.handle(request, new AbortController().signal)).not.toBeInstanceOf(Promise);
    expect(world.reads).toEqual([]);
  });

  it('is left alone in an exempt namespace', async () => {
    const world = new WebhookWorld({ exemptNamespaces: ['default'] }).know('default/sa', ANNOTATED);
    expect(reasonOf(await world.admit(pod))).toBe('ExemptNamespace');
  });

  it('follows the account: annotated, changed, bare, deleted', async () => {
    const world = new WebhookWorld().know('default/sa');
    expect(reasonOf(await world.admit(pod))).toBe('NoRole');
    world.know('default/sa', ANNOTATED);
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
    world.know('default/sa');
    expect(reasonOf(await world.admit(pod))).toBe('NoRole');
    world.forget('default/sa');
    expect(reasonOf(await world.admit(pod))).toBe('ServiceAccountNotFound');
  });
});

describe('readiness', () => {
  const ready = async (world: WebhookWorld): Promise<number> => (await world.send('', { path: '/readyz', method: 'GET' })).status;

  it('comes with the sync of everything in use, and goes with draining; health is apart', async () => {
    const world = new WebhookWorld({ mapping: true, containerCredentials: defaultContainerCredentials });
    expect(await ready(world)).toBe(503);
    world.sync();
    expect(await ready(world)).toBe(503);
    world.webhook.setMapping({ absent: true });
    expect(await ready(world)).toBe(503);
    world.webhook.setIdentities(undefined);
    expect(await ready(world)).toBe(200);
    expect(world.metrics.get('podrole_admission_ready')).toBe(1);
    world.webhook.startDraining();
    expect(await ready(world)).toBe(503);
    expect(world.metrics.get('podrole_admission_ready')).toBe(0);
    expect((await world.send('', { path: '/livez', method: 'GET' })).status).toBe(200);
    world.know('default/sa', ANNOTATED);
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
  });
});

describe('what is odd', () => {
  const odd = { 'eks.amazonaws.com/role-arn': 'nonsense', 'eks.amazonaws.com/token-expiration': '5' };

  it('is told in warnings, audit annotations, log, metrics and Events, by one code', async () => {
    const world = new WebhookWorld().know('default/sa', odd);
    const { response } = await world.admit(pod);
    expect(response.warnings).toEqual([
      'podrole: the role of the service account is no IAM role ARN, write arn:aws:iam::<12 digits>:role/<name> (InvalidRoleArn)',
      'podrole: annotation eks.amazonaws.com/token-expiration of the service account is below 600 seconds, 600 was used (TokenExpirationTooShort)',
    ]);
    expect(response.auditAnnotations?.notes).toBe('InvalidRoleArn,TokenExpirationTooShort');
    expect(world.logs.at(-1)).toMatchObject({
      level: 'warn',
      message: 'pod admitted',
      fields: { reason: 'Injected', notes: ['InvalidRoleArn', 'TokenExpirationTooShort'] },
    });
    expect(world.metrics.get('podrole_admission_notes_total{InvalidRoleArn}')).toBe(1);
    expect(world.events.map(({ reason, namespace, serviceAccount }) => [reason, namespace, serviceAccount])).toEqual([
      ['InvalidRoleArn', 'default', 'sa'],
      ['TokenExpirationTooShort', 'default', 'sa'],
    ]);
  });

  it('is an Event once in ten minutes, and never for a dry run', async () => {
    const world = new WebhookWorld().know('default/sa', { 'eks.amazonaws.com/role-arn': '' });
    await world.admit(pod, { dryRun: true });
    expect(world.events).toEqual([]);
    await world.admit(pod);
    await world.admit(pod);
    expect(world.events.map(({ reason }) => reason)).toEqual(['EmptyRole']);
    await world.clock.advance(600_001);
    await world.admit(pod);
    expect(world.events).toHaveLength(2);
  });

  it('stops the role where that is asked for', async () => {
    const world = new WebhookWorld({ refuseInvalidRoles: true }).know('default/sa', odd);
    const { response } = await world.admit(pod);
    expect(response).toMatchObject({ allowed: true, auditAnnotations: { reason: 'RefusedRole' } });
    expect(response.patch).toBeUndefined();
  });

  it('is told in few words of printable ASCII, whatever the pod holds', async () => {
    const containers = Array.from({ length: 20 }, (_, at) => ({ name: `n\n"ü${at}${'x'.repeat(500)}`, env: [{ name: 'AWS_ROLE_ARN' }] }));
    const world = new WebhookWorld().know('default/sa', ANNOTATED);
    const warnings = (await world.admit({ spec: { serviceAccountName: 'sa', containers } })).response.warnings ?? [];
    expect(warnings).toHaveLength(9);
    expect(warnings.at(-1)).toBe('podrole: and 12 more');
    for (const warning of warnings) expect(warning).toMatch(/^[ -~]{1,250}$/);
  });
});

describe('whatever is sent', () => {
  const CANARY = 'canary-0xdeadbeef';

  it('never shows an environment value, in the answer or anywhere else', async () => {
    const world = new WebhookWorld().know('default/sa', { ...ANNOTATED, 'eks.amazonaws.com/token-expiration': CANARY });
    const containers = [
      {
        name: 'c',
        env: [
          { name: 'AWS_ROLE_ARN', value: CANARY },
          { name: 'SECRET', value: CANARY },
        ],
        command: [CANARY],
      },
    ];
    const answer = await world.admit({ metadata: { annotations: { x: CANARY } }, spec: { serviceAccountName: 'sa', containers } });
    await world.send(JSON.stringify(reviewOf({ metadata: {}, spec: { serviceAccountName: 'sa', containers: CANARY } })));
    expect(JSON.stringify([answer, operationsOf(answer), world.logs, world.events, world.decisions])).not.toContain(CANARY);
  });

  it('is answered by a review that allows, with a patch that applies, or by a plain 4xx; never by a redirect, a crash or a no', async () => {
    const world = new WebhookWorld({ region: 'us-west-2', stsRegional: true }).know('default/sa', ANNOTATED);
    const kinds = [null, true, 5, 'x', [], {}, [null], { name: 5 }];
    await fc.assert(
      fc.asyncProperty(pods, fc.nat(), fc.option(fc.constantFrom(...kinds), { nil: undefined }), async (generated, at, other) => {
        const sent = reviewOf(structuredClone(generated)) as { request: { object: unknown } };
        const places: { readonly parent: Record<string, unknown>; readonly key: string }[] = [];
        const visit = (value: unknown): void => {
          if (typeof value !== 'object' || value === null) return;
          for (const key of Object.keys(value)) {
            places.push({ parent: value as Record<string, unknown>, key });
            visit((value as Record<string, unknown>)[key]);
          }
        };
        visit(sent);
        const place = places[at % places.length]!;
        if (other !== undefined && place.key !== 'request') place.parent[place.key] = structuredClone(other);
        const reply = await world.send(JSON.stringify(sent));
        if (reply.status !== 200) {
          expect(reply.status).toBe(400);
          return;
        }
        const answer = JSON.parse(reply.text) as AnswerBody;
        expect(answer.response.allowed).toBe(true);
        const object = structuredClone(sent.request.object);
        expect(applyPatch(object, structuredClone(operationsOf(answer)) as never).every((result) => result === null)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});

it('keeps of an account without our annotations its name alone', () => {
  const keep = serviceAccountKeeper(defaultWebhookOptions);
  expect(keep({ metadata: { name: 'a' } })).toBeUndefined();
  expect(keep({ metadata: { name: 'a', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } } })).toBeUndefined();
  expect(keep({ metadata: { name: 'a', annotations: { ...ANNOTATED, x: 5 as never } } })).toMatchObject({ role: ROLE });
  expect(keep({ metadata: { name: 'a', annotations: { 'eks.amazonaws.com/role-arn': 5 as never } } })).toBeUndefined();
});
