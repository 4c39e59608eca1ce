import { mkdtemp, rm } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createAuthority } from '../../src/host/authority.ts';
import { DEFAULT_LIMITS } from '../../src/host/http-limits.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { startAccountsApi } from '../support/accounts-api.ts';
import { startWebhook } from '../support/webhook-process.ts';
import { reviewOf } from '../support/webhook-world.ts';

const ROLE = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/r' };
const REVIEW = JSON.stringify(reviewOf({ metadata: { name: 'p' }, spec: { serviceAccountName: 'new', containers: [{ name: 'c' }] } }));
const SURPLUS = 25;

it('a webhook with more reviews than it may hold turns the surplus away at once, and is then as before', async () => {
  const home = await mkdtemp(join(tmpdir(), 'podrole-overload-'));
  const authority = await createAuthority({ clock: systemClock(), commonName: 'test' });
  const api = await startAccountsApi();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  // The account is not in the cache, and the read of it, which all these pods share, takes its time.
  api.hold(async (path) => {
    if (path.endsWith('/new')) await released;
  });
  const webhook = await startWebhook({ home, kubeApi: api.url, authority, flags: ['--service-account-read-timeout=60s'] });
  const agent = new https.Agent({ keepAlive: true, ca: authority.caPem });
  let refused = 0;
  let connected = 0;
  const admit = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(REVIEW) };
      const request = https.request(
        { host: '127.0.0.1', port: webhook.port, method: 'POST', path: '/mutate', agent, headers },
        (answer) => {
          let text = '';
          if (answer.statusCode === 503) refused += 1;
          answer.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          answer.on('end', () =>
            resolve(`${answer.statusCode} ${answer.headers['retry-after'] ?? '-'} ${/"reason":"(\w+)"/.exec(text)?.[1]}`),
          );
        },
      );
      request.on('socket', (socket) => {
        if (socket.connecting) socket.once('secureConnect', () => (connected += 1));
      });
      request.on('error', reject);
      request.end(REVIEW);
    });
  try {
    await webhook.ready();
    const all: Promise<string>[] = [];
    // Some handshakes at a time: hundreds at once take this process longer than a server waits for one.
    while (all.length < DEFAULT_LIMITS.maxWaiting + SURPLUS) {
      for (let index = 0; index < SURPLUS; index += 1) all.push(admit());
      await expect
        .poll(() => connected + refused, { timeout: 10_000, interval: 5 })
        .toBeGreaterThanOrEqual(Math.min(all.length, DEFAULT_LIMITS.maxWaiting));
    }
    await expect.poll(() => refused, { timeout: 20_000 }).toBe(SURPLUS);
    // Who is busy is not dead.
    expect((await webhook.get('/readyz')).status).toBe(200);
    await api.put('default/new', ROLE);
    release();
    const answers = new Map<string, number>();
    for (const answer of await Promise.all(all)) answers.set(answer, (answers.get(answer) ?? 0) + 1);
    expect(Object.fromEntries(answers)).toEqual({ '200 - Injected': DEFAULT_LIMITS.maxWaiting, '503 1 Overloaded': SURPLUS });
    expect(await admit()).toBe('200 - Injected');
    expect(api.reads).toEqual(['default/new']);
    const metrics = await (await fetch(`http://127.0.0.1:${webhook.metricsPort}/metrics`)).text();
    expect(metrics).toContain(`podrole_admission_decisions_total{reason="Overloaded"} ${SURPLUS}\n`);
  } finally {
    agent.destroy();
    await webhook.stop();
    await api.close();
    await rm(home, { recursive: true, force: true });
  }
});
