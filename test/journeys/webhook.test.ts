import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../src/host/authority.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { runPodrole } from '../support/run-podrole.ts';
import { startWebhook, type WebhookProcess } from '../support/webhook-process.ts';
import { type AnswerBody, operationsOf, reviewOf } from '../support/webhook-world.ts';
import { type AccountsDoor, openAccountsDoor } from '../support/worlds/accounts-door.ts';
import { inWorld } from '../support/worlds/world.ts';

const ROLE = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/r' };
const podOf = (serviceAccountName: string): unknown => ({
  metadata: { name: 'p' },
  spec: { serviceAccountName, containers: [{ name: 'c' }] },
});

interface Admitted {
  readonly reason: string | undefined;
  readonly operations: number;
  readonly warnings: readonly string[];
}

let home: string;
let authority: Authority;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'podrole-webhook-'));
  authority = await createAuthority({ clock: systemClock(), commonName: 'test' });
});
afterAll(() => rm(home, { recursive: true, force: true }));

inWorld('a running podrole webhook', (world) => {
  let api: AccountsDoor;
  let webhook: WebhookProcess;

  beforeEach(async () => {
    api = await openAccountsDoor(world());
    await api.put('default/known', ROLE);
  });
  afterEach(async () => {
    await webhook.stop();
    await api.close();
  });

  const start = async (...flags: readonly string[]): Promise<void> => {
    webhook = await startWebhook({ home, kubeApi: api.url, authority, flags });
  };
  const admit = async (account: string): Promise<Admitted> => {
    const answer = await webhook.post(JSON.stringify(reviewOf(podOf(account))));
    expect(answer.status).toBe(200);
    const review = JSON.parse(answer.text) as AnswerBody;
    const { auditAnnotations, warnings = [] } = review.response;
    return { reason: auditAnnotations?.reason, operations: operationsOf(review).length, warnings };
  };

  it('answers rightly while its cache still loads, and is not ready', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    api.hold((path) => (path === '/api/v1/serviceaccounts' ? released : Promise.resolve()));
    await start();
    expect((await webhook.get('/readyz')).status).toBe(503);
    expect(await admit('known')).toMatchObject({ reason: 'Injected' });
    release();
    await webhook.ready();
  });

  it('patches a pod whose account is younger than the cache', async () => {
    await start();
    await webhook.ready();
    expect(await admit('late')).toEqual({
      reason: 'ServiceAccountNotFound',
      operations: 0,
      warnings: [expect.stringContaining('(ServiceAccountNotFound)')],
    });
    await api.put('default/late', ROLE);
    await expect.poll(() => admit('late')).toMatchObject({ reason: 'Injected', warnings: [] });
  });

  it('waits within the grace period for an account that comes after its pod', async () => {
    await start('--service-account-lookup-grace-period=5s');
    await webhook.ready();
    const pending = admit('late');
    await expect.poll(() => api.reads).toContain('default/late');
    await api.put('default/late', ROLE);
    expect(await pending).toMatchObject({ reason: 'Injected' });
  });

  it('follows an annotation that changes', async () => {
    await start();
    await webhook.ready();
    expect((await admit('known')).reason).toBe('Injected');
    await api.put('default/known', {});
    await expect.poll(async () => (await admit('known')).reason).toBe('NoRole');
  });

  it('leaves the pod to the failure policy when the API server cannot be asked, and goes on with what it knows', async () => {
    await start();
    await webhook.ready();
    await api.close();
    const answer = await webhook.post(JSON.stringify(reviewOf(podOf('stranger'))));
    expect({ status: answer.status, reason: (JSON.parse(answer.text) as { reason: string }).reason }).toEqual({
      status: 500,
      reason: 'ReadFailed',
    });
    expect((await admit('known')).reason).toBe('Injected');
  });

  it('counts what it did and tells when its certificate ends', async () => {
    await start();
    await webhook.ready();
    await admit('known');
    const metrics = await (await fetch(`http://127.0.0.1:${webhook.metricsPort}/metrics`)).text();
    expect(metrics).toContain('podrole_admission_decisions_total{reason="Injected"} 1');
    expect(metrics).toContain('pod_identity_webhook_pod_count{method="sts_web_identity"} 1');
    const expiry = Number(/^podrole_admission_certificate_expiry_seconds (\S+)$/m.exec(metrics)?.[1]);
    expect(new Date(expiry * 1_000).getTime()).toBeGreaterThan(Date.now());
  });

  it('on SIGTERM is not ready at once, answers on, and then ends with 0', async () => {
    await start();
    await webhook.ready();
    webhook.running.child.kill('SIGTERM');
    await expect.poll(async () => (await webhook.get('/readyz')).status).toBe(503);
    expect((await admit('known')).reason).toBe('Injected');
    expect((await webhook.running.ended).code).toBe(0);
  });

  it('offers the chosen cipher suites in TLS 1.2, and TLS 1.3 besides', async () => {
    await start('--tls-cipher-suites=TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305');
    const negotiated = (maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: webhook.port, ca: authority.caPem, maxVersion }, () => {
          resolve(`${socket.getProtocol()} ${socket.getCipher().standardName}`);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    expect(await negotiated('TLSv1.2')).toBe('TLSv1.2 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256');
    expect(await negotiated('TLSv1.3')).toBe('TLSv1.3 TLS_AES_256_GCM_SHA384');
  });
});

describe('podrole webhook', () => {
  it.each([
    ['a certificate that is not there', ['--tls-cert=absent.crt', '--tls-key=absent.key'], 'cannot read absent.crt'],
    ['an unknown cipher suite', ['--tls-cipher-suites=TLS_FOO'], '"TLS_FOO" is no cipher suite'],
    ['bare role names without an account', ['--compose-role-arn'], 'needs --account-id ACCOUNT'],
  ])('ends at once with %s', async (_, flags, message) => {
    const ended = await runPodrole(['webhook', '--kube-api=http://127.0.0.1:9', ...flags], { home });
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain(message);
  });

  it('prints its version and ends, as upstream does', async () => {
    const ended = await runPodrole(['webhook', '--version'], { home });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^podrole \d+\.\d+\.\d+/);
  });
});
