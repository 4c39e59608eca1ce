import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Authority, createAuthority } from '../../src/host/authority.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { type AccountsApi, startAccountsApi } from '../support/accounts-api.ts';
import { runPodrole, startPodrole } from '../support/run-podrole.ts';
import { startWebhook, type WebhookProcess } from '../support/webhook-process.ts';
import { type AnswerBody, operationsOf, reviewOf } from '../support/webhook-world.ts';

const ROLE = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/r' };
const REVIEW = JSON.stringify(reviewOf({ metadata: { name: 'p' }, spec: { serviceAccountName: 'known', containers: [{ name: 'c' }] } }));

let home: string;
let authority: Authority;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'podrole-workers-'));
  authority = await createAuthority({ clock: systemClock(), commonName: 'test' });
});
afterAll(() => rm(home, { recursive: true, force: true }));

interface ProcessState {
  readonly parent: number;
  readonly lives: boolean;
}

/** A zombie has ended, whoever does not care to know. */
async function stateOf(pid: number): Promise<ProcessState | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const [state, parent] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === undefined ? undefined : { parent: Number(parent), lives: state !== 'Z' };
}

/** Processes that a process started and that live. */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (const each of (await readdir('/proc')).map(Number).filter((name) => name > 0)) {
    const state = await stateOf(each);
    if (state?.parent === pid && state.lives) found.push(each);
  }
  return found;
}

describe('podrole webhook with --workers', () => {
  let api: AccountsApi;
  let webhook: WebhookProcess;

  beforeEach(async () => {
    api = await startAccountsApi(new Map([['default/known', ROLE]]));
  });
  afterEach(() => api.close());

  const start = async (...flags: readonly string[]): Promise<void> => {
    webhook = await startWebhook({ home, kubeApi: api.url, authority, flags });
  };
  const probe = async (path: string): Promise<{ readonly status: number; readonly text: string }> => {
    const answer = await fetch(`http://127.0.0.1:${webhook.metricsPort}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  const figure = async (name: string): Promise<number> => {
    const line = (await probe('/metrics')).text.split('\n').find((each) => each.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1));
  };
  const admit = async (): Promise<void> => {
    const answer = await webhook.post(REVIEW);
    expect(operationsOf(JSON.parse(answer.text) as AnswerBody)).toHaveLength(3);
  };

  it('is ready when every worker is, sums their metrics, fills a dead one’s place and drains all of them', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    // One of the two lists waits.
    let lists = 0;
    api.hold(async (path) => {
      if (path.endsWith('/serviceaccounts') && ++lists === 1) await released;
    });
    await start('--workers=2');
    await expect.poll(async () => (await probe('/readyz')).text).toMatch(/^worker [12]: not synced\n$/);
    expect((await webhook.get('/readyz')).status).toBe(503);
    release();
    await expect.poll(async () => (await probe('/readyz')).status).toBe(200);
    await webhook.ready();

    for (let index = 0; index < 10; index += 1) await admit();
    expect(await figure('podrole_admission_decisions_total{reason="Injected"}')).toBe(10);
    expect(await figure('podrole_admission_workers')).toBe(2);
    expect(await figure('podrole_admission_service_accounts')).toBe(1);
    expect(await figure('podrole_admission_duration_seconds_count')).toBe(10);

    const parent = webhook.running.child.pid ?? 0;
    const [victim = 0, ...others] = await childrenOf(parent);
    expect(others).toHaveLength(1);
    process.kill(victim, 'SIGKILL');
    await expect.poll(async () => (await probe('/readyz')).text).toMatch(/^worker [12]: /);
    await expect.poll(async () => (await probe('/readyz')).status, { timeout: 10_000 }).toBe(200);
    expect(await figure('podrole_admission_worker_deaths_total')).toBe(1);
    // What the dead one had counted is not forgotten: a sum that falls is a reset to whoever reads it.
    expect(await figure('podrole_admission_decisions_total{reason="Injected"}')).toBe(10);
    const after = await childrenOf(parent);
    expect(after).toHaveLength(2);
    expect(after).toContain(others[0]);

    webhook.running.child.kill('SIGTERM');
    await expect.poll(async () => (await probe('/readyz')).text).toBe('draining\n');
    await admit();
    const { code, stderr } = await webhook.running.ended;
    expect(code).toBe(0);
    expect(await childrenOf(parent)).toEqual([]);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const workersThat = (message: string): unknown[] =>
      [...new Set(lines.filter(({ msg }) => msg === message).map(({ worker }) => worker))].sort();
    expect(workersThat('service accounts synced')).toEqual([1, 2]);
    expect(workersThat('draining')).toEqual([1, 2, undefined]);
    expect(lines.filter(({ msg }) => msg === 'worker died')).toEqual([
      expect.objectContaining({ level: 'error', signal: 'SIGKILL', restartMs: 250, worker: expect.any(Number) }),
    ]);
    await webhook.stop();
  });

  it('leaves no worker behind when it is killed', async () => {
    await start('--workers=2');
    const workers = await childrenOf(webhook.running.child.pid ?? 0);
    expect(workers).toHaveLength(2);
    await webhook.stop();
    await expect.poll(async () => (await Promise.all(workers.map(stateOf))).some((state) => state?.lives)).toBe(false);
  });

  it('ends, and says why, when its workers cannot serve', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen({ host: '0.0.0.0', port: 0 }, resolve));
    const { port } = taken.address() as { readonly port: number };
    const issued = await authority.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });
    await writeFile(join(home, 'taken.crt'), issued.certPem);
    await writeFile(join(home, 'taken.key'), issued.keyPem, { mode: 0o600 });
    const running = startPodrole(
      [
        'webhook',
        '--workers=2',
        '--in-cluster=false',
        `--kube-api=${api.url}`,
        `--port=${port}`,
        '--metrics-port=0',
        `--tls-cert=${join(home, 'taken.crt')}`,
        `--tls-key=${join(home, 'taken.key')}`,
      ],
      { home },
    );
    const { code, stderr } = await running.ended;
    await new Promise<void>((resolve) => taken.close(() => resolve()));
    expect(code).toBe(3);
    expect(stderr).toContain(`cannot listen on 0.0.0.0:${port}: the port is taken`);
    expect(stderr).toMatch(/error: worker [12] of the webhook ended before it served/);
  });

  it.each([
    ['one process', 'port', '1'],
    ['one process', 'metrics-port', '1'],
    ['workers', 'metrics-port', '2'],
  ])('ends in %s when --%s is taken', async (_what, flag, workers) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen({ host: '0.0.0.0', port: 0 }, resolve));
    const { port } = taken.address() as { readonly port: number };
    const issued = await authority.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });
    await writeFile(join(home, 'taken.crt'), issued.certPem);
    await writeFile(join(home, 'taken.key'), issued.keyPem, { mode: 0o600 });
    const ports = { port: '0', 'metrics-port': '0', [flag]: String(port) };
    const running = startPodrole(
      [
        'webhook',
        `--workers=${workers}`,
        '--in-cluster=false',
        `--kube-api=${api.url}`,
        ...Object.entries(ports).map(([name, value]) => `--${name}=${value}`),
        `--tls-cert=${join(home, 'taken.crt')}`,
        `--tls-key=${join(home, 'taken.key')}`,
      ],
      { home },
    );
    onTestFinished(() => void running.child.kill('SIGKILL'));
    const { code, stderr } = await running.ended;
    await new Promise<void>((resolve) => taken.close(() => resolve()));
    expect(code).toBe(3);
    expect(stderr).toContain(`cannot listen on 0.0.0.0:${port}: the port is taken`);
  });

  it.each(['0', '-1', '65', 'two', '1.5'])('refuses --workers=%s', async (value) => {
    const { code, stderr } = await runPodrole(['webhook', `--workers=${value}`], { home });
    expect(code).toBe(2);
    expect(stderr).toContain('--workers: must be a whole number from 1 to 64');
  });
});
