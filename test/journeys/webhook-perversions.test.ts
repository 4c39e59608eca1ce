import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startWebhookServer, type WebhookServer } from '../../src/app/webhook/webhook-server.ts';
import { silentLog } from '../../src/base/log.ts';
import { type Authority, createAuthority } from '../../src/host/authority.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { createKubeClient } from '../../src/kube/client/create-kube-client.ts';
import { httpsFetch } from '../../src/kube/client/https-fetch.ts';
import { type Accounts, type AccountsApi, startAccountsApi } from '../support/accounts-api.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startWebhook, type WebhookProcess } from '../support/webhook-process.ts';
import { type AnswerBody, operationsOf, reviewOf } from '../support/webhook-world.ts';

const roleNamed = (name: string): Readonly<Record<string, string>> => ({
  'eks.amazonaws.com/role-arn': `arn:aws:iam::111122223333:role/${name}`,
});
const ROLE = roleNamed('r');
const EXPIRED = { code: 410, reason: 'Expired' };

/** What became of a review: the status, the reason code, and the role that the patch gives. */
interface Outcome {
  readonly status: number;
  readonly reason: string | undefined;
  readonly role: string | undefined;
}
const injected = (role = 'r'): Outcome => ({ status: 200, reason: 'Injected', role: roleNamed(role)['eks.amazonaws.com/role-arn'] });
const leftAlone = (reason: string): Outcome => ({ status: 200, reason, role: undefined });
const undecided = (reason: string): Outcome => ({ status: 500, reason, role: undefined });

function outcomeOf(status: number, text: string): Outcome {
  const body = JSON.parse(text) as AnswerBody & { readonly reason?: string };
  if (status !== 200) return { status, reason: body.reason, role: undefined };
  const role = /"name":"AWS_ROLE_ARN","value":"([^"]*)"/.exec(JSON.stringify(operationsOf(body)))?.[1];
  return { status, reason: body.response.auditAnnotations?.reason, role };
}
const bodyFor = (account: string): string =>
  JSON.stringify(reviewOf({ metadata: { name: 'p' }, spec: { serviceAccountName: account, containers: [{ name: 'c' }] } }));

let home: string;
let authority: Authority;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'podrole-webhook-'));
  authority = await createAuthority({ clock: systemClock(), commonName: 'test' });
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe('a running podrole webhook whose API server', () => {
  let api: AccountsApi;
  let webhook: WebhookProcess;
  let gates: (() => void)[];

  beforeEach(() => {
    gates = [];
  });
  afterEach(async () => {
    for (const open of gates) open();
    await webhook.stop();
    await api.close();
  });

  const start = async (accounts: Accounts, ...flags: readonly string[]): Promise<void> => {
    api = await startAccountsApi(accounts);
    webhook = await startWebhook({ home, kubeApi: api.url, authority, flags });
  };
  const startReady = async (...flags: readonly string[]): Promise<void> => {
    await start(new Map([['default/known', ROLE]]), ...flags);
    await webhook.ready();
  };
  const admit = async (account: string): Promise<Outcome> => {
    const { status, text } = await webhook.post(bodyFor(account));
    return outcomeOf(status, text);
  };
  const counted = async (reason: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${webhook.metricsPort}/metrics`)).text();
    return Number(new RegExp(`^podrole_admission_decisions_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
  };
  /** Holds requests of single accounts until the test is over. */
  const holdReads = (): void =>
    api.hold((path) => (/serviceaccounts\/./.test(path) ? new Promise((resolve) => gates.push(resolve)) : Promise.resolve()));

  it('forgets the list between its pages lists anew, and misses nobody', async () => {
    const many = new Map(Array.from({ length: 1_200 }, (_, index) => [`default/a${index}`, ROLE] as const));
    api = await startAccountsApi(many);
    let refused = 0;
    api.refuse(({ verb, continues }) => (verb === 'list' && continues && ++refused <= 2 ? EXPIRED : undefined));
    webhook = await startWebhook({ home, kubeApi: api.url, authority });
    await webhook.ready();
    expect(refused).toBeGreaterThan(2);
    for (const name of ['a0', 'a499', 'a500', 'a1199']) expect(await admit(name)).toEqual(injected());
    expect(api.reads).toEqual([]);
  });

  it.each([
    ['in the stream', (): void => api.endWatches(410)],
    [
      'of the request',
      (): void => {
        let left = 1;
        api.refuse(({ verb }) => (verb === 'watch' && left-- > 0 ? EXPIRED : undefined));
        api.endWatches();
      },
    ],
  ])('forgets what it told the watch (410 %s) is listed again: changed, gone and come meanwhile', async (_, expire) => {
    await start(new Map([...['changed', 'gone', 'kept'].map((name) => [`default/${name}`, ROLE] as const)]));
    await webhook.ready();
    api.silence(true);
    api.put('default/changed', roleNamed('other'));
    api.remove('default/gone');
    api.put('default/come', ROLE);
    api.silence(false);
    expire();
    await expect.poll(() => admit('changed'), { timeout: 5_000 }).toEqual(injected('other'));
    expect(await admit('gone')).toEqual(leftAlone('ServiceAccountNotFound'));
    expect([await admit('come'), await admit('kept')]).toEqual([injected(), injected()]);
  });

  it('asks to come later (429) is waited for as long as it says; answers are right meanwhile', async () => {
    api = await startAccountsApi(new Map([['default/known', ROLE]]));
    let lists = 0;
    const asked: number[] = [];
    api.refuse(({ verb }) => {
      if (verb !== 'list') return undefined;
      asked.push(Date.now());
      lists += 1;
      return lists === 1 ? { code: 429, reason: 'TooManyRequests', headers: { 'retry-after': '2' } } : undefined;
    });
    webhook = await startWebhook({ home, kubeApi: api.url, authority });
    expect((await webhook.get('/readyz')).text).toBe('not synced\n');
    expect(await admit('known')).toEqual(injected());
    await webhook.ready();
    const [first = 0, second = 0] = asked;
    expect(second - first).toBeGreaterThanOrEqual(1_990);
  });

  it('asks a direct read to come later leaves the pod to the failure policy', async () => {
    await startReady();
    api.refuse(({ verb }) => (verb === 'get' ? { code: 429, reason: 'TooManyRequests', headers: { 'retry-after': '1' } } : undefined));
    expect(await admit('stranger')).toEqual(undecided('ReadFailed'));
    expect([await admit('known'), await counted('ReadFailed')]).toEqual([injected(), 1]);
    api.refuse(undefined);
    expect(await admit('stranger')).toEqual(leftAlone('ServiceAccountNotFound'));
  });

  it('is slow leaves to the failure policy what it does not tell in time, and nothing else', async () => {
    await startReady('--service-account-read-timeout=200ms');
    api.put('default/late', ROLE);
    await expect.poll(() => admit('late')).toEqual(injected());
    holdReads();
    expect(await admit('stranger')).toEqual(undecided('ReadFailed'));
    expect([await admit('known'), await admit('late')]).toEqual([injected(), injected()]);
  });

  it('does not answer is not asked for ever more accounts at once', async () => {
    await startReady('--service-account-read-timeout=30s');
    holdReads();
    const pending = Array.from({ length: 64 }, (_, index) => admit(`stranger-${index}`));
    await expect.poll(() => gates.length).toBe(64);
    expect(await admit('one-too-many')).toEqual(undecided('TooManyReads'));
    expect(await admit('known')).toEqual(injected());
    api.hold(undefined);
    for (const open of gates) open();
    expect(new Set((await Promise.all(pending)).map(({ reason }) => reason))).toEqual(new Set(['ServiceAccountNotFound']));
    expect(await admit('one-too-many')).toEqual(leftAlone('ServiceAccountNotFound'));
  });

  it('is down at the start is waited for, and no pod passes unseen', async () => {
    api = await startAccountsApi();
    const { url } = api;
    await api.close();
    webhook = await startWebhook({ home, kubeApi: url, authority });
    expect([(await webhook.get('/readyz')).status, (await webhook.get('/livez')).status]).toEqual([503, 200]);
    expect(await admit('known')).toEqual(undecided('ReadFailed'));
    api = await startAccountsApi(new Map([['default/known', ROLE]]), Number(new URL(url).port));
    expect(await admit('known')).toEqual(injected());
    await webhook.ready();
  });

  it('tells of an account late is asked for it directly', async () => {
    await startReady();
    api.silence(true);
    api.put('default/before', ROLE);
    expect(await admit('before')).toEqual(injected());
    expect(api.reads).toEqual(['default/before']);
  });

  it('gets an account after its pod tells of it with the next, which no memory of the miss delays', async () => {
    await startReady();
    expect(await admit('after')).toEqual(leftAlone('ServiceAccountNotFound'));
    api.put('default/after', ROLE);
    await expect.poll(() => admit('after')).toEqual(injected());
    expect(await counted('ServiceAccountNotFound')).toBeGreaterThan(0);
    api.silence(true);
    expect(await admit('unheard')).toEqual(leftAlone('ServiceAccountNotFound'));
    api.put('default/unheard', ROLE);
    // A miss is believed for a second.
    await expect.poll(() => admit('unheard'), { timeout: 3_000 }).toEqual(injected());
  });

  it('gets an account up to two seconds after its pod is waited for, where a grace period is given', async () => {
    await startReady('--service-account-lookup-grace-period=3s');
    const pending = [admit('after'), admit('after'), admit('after')];
    await expect.poll(() => api.reads).toContain('default/after');
    await new Promise((resolve) => setTimeout(resolve, 300));
    api.put('default/after', ROLE);
    expect(await Promise.all(pending)).toEqual([injected(), injected(), injected()]);
    expect(api.reads).toEqual(['default/after']);
  });

  it('changes an account, takes it away and gives it back is followed', async () => {
    await startReady();
    api.put('default/known', roleNamed('changed'));
    await expect.poll(() => admit('known')).toEqual(injected('changed'));
    api.remove('default/known');
    await expect.poll(() => admit('known')).toEqual(leftAlone('ServiceAccountNotFound'));
    api.put('default/known', roleNamed('again'));
    await expect.poll(() => admit('known')).toEqual(injected('again'));
    api.put('default/known', { 'eks.amazonaws.com/role-arn': '' });
    await expect.poll(() => admit('known')).toEqual(leftAlone('EmptyRole'));
    api.put('default/known', {});
    await expect.poll(() => admit('known')).toEqual(leftAlone('NoRole'));
  });
});

describe('a watch that stalls without a word', () => {
  it('is left after a while, and what it did not tell is found', async () => {
    const clock = new FakeClock(new Date().toISOString());
    const api = await startAccountsApi(new Map([['default/known', ROLE]]));
    const issued = await authority.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });
    const server: WebhookServer = await startWebhookServer({
      client: createKubeClient({ server: api.url, fetch: httpsFetch(), userAgent: 'test' }),
      webhook: {},
      tls: { cert: issued.certPem, key: issued.keyPem },
      address: '127.0.0.1',
      port: 0,
      metricsPort: undefined,
      namespace: 'eks',
      identitiesFile: undefined,
      clock,
      log: silentLog,
      random: () => 0,
    });
    await server.synced;
    const post = httpsFetch({ ca: authority.caPem });
    const admit = async (account: string): Promise<Outcome> => {
      const headers = { 'content-type': 'application/json' };
      const answer = await post(new Request(`${server.url}/mutate`, { method: 'POST', headers, body: bodyFor(account) }));
      return outcomeOf(answer.status, await answer.text());
    };
    api.silence(true);
    api.put('default/known', roleNamed('changed'));
    api.put('default/new', ROLE);
    // What it knows it believes until it notices; what it does not know it asks for.
    expect([await admit('known'), await admit('new')]).toEqual([injected(), injected()]);
    await clock.advance(74_000);
    expect(await admit('known')).toEqual(injected());
    await clock.advance(1_000);
    await expect
      .poll(async () => {
        await clock.advance(1_000);
        return admit('known');
      })
      .toEqual(injected('changed'));
    const closing = server.close({ acceptMs: 0, finishMs: 0 });
    await clock.advance(1_000);
    await closing;
    post.close();
    await api.close();
  });
});
