import { describe, expect, it } from 'vitest';
import { settle } from '../../test/support/fake-clock.ts';
import { type AnswerBody, reviewOf, WebhookWorld } from '../../test/support/webhook-world.ts';
import { defaultContainerCredentials } from './options.ts';

const ROLE = 'arn:aws:iam::111122223333:role/kf-user-demo';
const ANNOTATED = { 'eks.amazonaws.com/role-arn': ROLE };
const pod = { metadata: { name: 'p' }, spec: { serviceAccountName: 'sa', containers: [{ name: 'main' }] } };
const reasonOf = (answer: AnswerBody): string | undefined => answer.response.auditAnnotations?.reason;

describe('an account that the cache does not know', () => {
  it('is read from the API, before the first sync and after it', async () => {
    const world = new WebhookWorld();
    world.api.set('default/sa', ANNOTATED);
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
    world.sync();
    await world.clock.advance(2_000);
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
    expect(world.reads).toEqual(['default/sa', 'default/sa']);
  });

  it('is read once for all who wait, and its absence is believed for a second', async () => {
    const world = new WebhookWorld();
    await Promise.all([world.admit(pod), world.admit(pod), world.admit(pod)]);
    expect(reasonOf(await world.admit(pod))).toBe('ServiceAccountNotFound');
    expect(world.reads).toEqual(['default/sa']);
    world.api.set('default/sa', ANNOTATED);
    await world.clock.advance(1_001);
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
  });

  it('is believed anew as soon as the watch reports it', async () => {
    const world = new WebhookWorld();
    expect(reasonOf(await world.admit(pod))).toBe('ServiceAccountNotFound');
    world.know('default/sa', ANNOTATED);
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
  });

  it('is what the watch says when that overtakes the read', async () => {
    const world = new WebhookWorld();
    let answer: (value: undefined) => void = () => undefined;
    world.onRead = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const admitted = world.admit(pod);
    world.know('default/sa', ANNOTATED);
    answer(undefined);
    expect(reasonOf(await admitted)).toBe('Injected');
  });

  it.each([
    ['is refused', () => Promise.reject(new Error('403 Forbidden'))],
    [
      'fails at once',
      () => {
        throw new Error('no connection');
      },
    ],
  ])('leaves the pod to the failure policy when the read %s, and is read again for the next', async (_, onRead) => {
    const world = new WebhookWorld();
    world.onRead = onRead;
    expect(await world.send(JSON.stringify(reviewOf(pod)))).toMatchObject({ status: 500 });
    world.onRead = undefined;
    world.api.set('default/sa', ANNOTATED);
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
    expect(world.metrics.get('podrole_admission_direct_reads_total{failed}')).toBe(1);
    expect(world.metrics.get('podrole_admission_decisions_total{ReadFailed}')).toBe(1);
  });

  it('leaves the pod to the failure policy when the read takes longer than its deadline', async () => {
    const world = new WebhookWorld({ readTimeoutMs: 1_500 });
    let signalled: AbortSignal | undefined;
    world.onRead = (_, signal) => {
      signalled = signal;
      return new Promise(() => undefined);
    };
    const reply = world.send(JSON.stringify(reviewOf(pod)));
    await world.clock.advance(1_500);
    expect(await reply).toMatchObject({ status: 500, contentType: 'application/json' });
    expect(JSON.parse((await reply).text)).toEqual({
      reason: 'ReadFailed',
      message: 'service account default/sa could not be read: the API server did not answer in time',
    });
    expect(signalled?.aborted).toBe(true);
    expect(world.clock.pending).toBe(0);
  });

  it('is not read while too many reads are under way', async () => {
    const world = new WebhookWorld({ maxReads: 1 });
    world.onRead = () => new Promise(() => undefined);
    const first = world.send(JSON.stringify(reviewOf(pod)));
    expect(await world.send(JSON.stringify(reviewOf(pod, { namespace: 'other' })))).toMatchObject({ status: 500 });
    expect(world.reads).toEqual(['default/sa']);
    await world.clock.advance(2_000);
    await first;
  });

  it('is waited for within the grace period, once a read has not found it', async () => {
    const world = new WebhookWorld({ gracePeriodMs: 1_500 });
    const admitted = world.admit(pod);
    await world.clock.advance(500);
    world.know('default/sa', ANNOTATED);
    expect(reasonOf(await admitted)).toBe('Injected');
    expect(world.clock.pending).toBe(0);
    const late = world.admit(pod, { namespace: 'other' });
    await world.clock.advance(1_500);
    expect(reasonOf(await late)).toBe('ServiceAccountNotFound');
  });

  it('is forgotten at once when the watch says that it was deleted, though a read has just found it', async () => {
    const world = new WebhookWorld();
    world.api.set('default/sa', ANNOTATED);
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
    world.know('default/sa', ANNOTATED);
    world.api.delete('default/sa');
    world.forget('default/sa');
    expect(reasonOf(await world.admit(pod))).toBe('ServiceAccountNotFound');
  });

  it('is not waited for where the container credentials file names it', async () => {
    const world = new WebhookWorld({ gracePeriodMs: 1_500, containerCredentials: defaultContainerCredentials });
    world.webhook.setIdentities(JSON.stringify({ identities: [{ namespace: 'default', serviceAccount: 'sa' }] }));
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
    expect(world.clock.pending).toBe(0);
  });

  it('is not waited for where the mapping names it', async () => {
    const world = new WebhookWorld({ gracePeriodMs: 1_500, mapping: true });
    world.webhook.setMapping({ absent: false, text: JSON.stringify({ '*/sa': { RoleARN: ROLE, Audience: 'a' } }) });
    expect((await world.admit(pod)).response.auditAnnotations).toEqual({
      reason: 'Injected',
      method: 'web-identity',
      origin: 'config-map',
    });
  });
});

describe('configuration beside the accounts', () => {
  it('is read before the first answer, and its failure leaves the pod to the failure policy', async () => {
    const world = new WebhookWorld({ mapping: true }).know('default/sa');
    world.mappingAtSource = () => Promise.reject(new Error('unreachable'));
    expect(await world.send(JSON.stringify(reviewOf(pod)))).toMatchObject({ status: 500 });
    world.mappingAtSource = () =>
      Promise.resolve({ absent: false, text: JSON.stringify({ 'default/sa': { RoleARN: ROLE, Audience: 'a' } }) });
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
  });

  it('stays at its last good state, with a log line, a metric and no crash', async () => {
    const world = new WebhookWorld({ mapping: true }).know('default/sa');
    world.webhook.setMapping({ absent: false, text: JSON.stringify({ 'default/sa': { RoleARN: ROLE, Audience: 'a' } }) });
    world.webhook.setMapping({ absent: false, text: '{"default/sa"' });
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
    expect(world.metrics.get('podrole_admission_config_valid{config-map}')).toBe(0);
    // The same bad text again, as from a relist, is not complained of twice.
    world.webhook.setMapping({ absent: false, text: '{"default/sa"' });
    expect(world.logs.filter(({ fields }) => fields.reason === 'ConfigMapInvalid')).toHaveLength(1);
    world.webhook.setMapping({ absent: true });
    expect(reasonOf(await world.admit(pod))).toBe('NoRole');
  });

  it('of container credentials is looked at again for a pod that it does not name, once per interval', async () => {
    const world = new WebhookWorld({ containerCredentials: defaultContainerCredentials, identitiesRefreshMs: 100 }).know('default/sa');
    let reads = 0;
    let file = '{"identities":[]}';
    world.identitiesAtSource = () => {
      reads += 1;
      return Promise.resolve(file);
    };
    expect(reasonOf(await world.admit(pod))).toBe('NoRole');
    file = '{"identities":[{"namespace":"default","serviceAccount":"sa"}]}';
    expect(reasonOf(await world.admit(pod))).toBe('NoRole');
    await world.clock.advance(100);
    expect(reasonOf(await world.admit(pod))).toBe('Injected');
    expect(reads).toBe(2);
  });
});

it('stops waiting when the client hangs up', async () => {
  const world = new WebhookWorld({ gracePeriodMs: 5_000 });
  const gone = new AbortController();
  const body = new TextEncoder().encode(JSON.stringify(reviewOf(pod)));
  const answered = world.webhook.handle(
    { method: 'POST', path: '/mutate', headers: { 'content-type': 'application/json' }, body },
    gone.signal,
  );
  await settle();
  gone.abort();
  expect((await answered).status).toBe(200);
  expect(world.clock.pending).toBe(0);
});
