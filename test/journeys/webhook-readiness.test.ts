import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { certificateSource } from '../../src/app/webhook/certificate-source.ts';
import { startWebhookServer, type WebhookServer } from '../../src/app/webhook/webhook-server.ts';
import { silentLog } from '../../src/base/log.ts';
import { type Authority, createAuthority } from '../../src/host/authority.ts';
import { createKubeClient } from '../../src/kube/client/create-kube-client.ts';
import { httpsFetch } from '../../src/kube/client/https-fetch.ts';
import { type AccountsApi, startAccountsApi } from '../support/accounts-api.ts';
import { FakeClock } from '../support/fake-clock.ts';

const DAY_MS = 86_400_000;
/** The life of a certificate that is soon to end, in days. */
const SHORT = 0.005;
const SHORT_MS = SHORT * DAY_MS;

let home: string;
let api: AccountsApi;
let server: WebhookServer | undefined;
let clock: FakeClock;
let authority: Authority;
let closeFiles: () => void;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'podrole-ready-'));
  api = await startAccountsApi();
  clock = new FakeClock(new Date().toISOString());
  authority = await createAuthority({ clock, commonName: 'test' });
});
afterEach(async () => {
  closeFiles();
  const closing = server?.close({ acceptMs: 0, finishMs: 0 });
  await clock.advance(1_000);
  await closing;
  await api.close();
  await rm(home, { recursive: true, force: true });
});

const files = (): { readonly cert: string; readonly key: string } => ({ cert: join(home, 'tls.crt'), key: join(home, 'tls.key') });
async function put(days: number, part: 'both' | 'certificate' = 'both'): Promise<Date> {
  const issued = await authority.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'], days });
  await writeFile(files().cert, issued.certPem);
  if (part === 'both') await writeFile(files().key, issued.keyPem, { mode: 0o600 });
  return issued.notAfter;
}

/** The webhook with certificates from files, on a clock of the test's. */
async function start(): Promise<void> {
  const client = createKubeClient({ server: api.url, fetch: httpsFetch(), userAgent: 'test' });
  const certificates = await certificateSource(
    {
      client,
      origin: { kind: 'files', certFile: files().cert, keyFile: files().key },
      clock,
      log: silentLog,
      onPair: (pair) => server?.setCertificate(pair),
    },
    new AbortController().signal,
  );
  closeFiles = () => certificates.close();
  server = await startWebhookServer({
    client,
    webhook: {},
    tls: certificates.current(),
    certificateProblem: certificates.problem,
    address: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    namespace: 'eks',
    identitiesFile: undefined,
    clock,
    log: silentLog,
    random: () => 0,
  });
  await server.synced;
}

const readiness = async (): Promise<readonly [number, string]> => {
  const answer = await fetch(`${server?.metricsUrl}/readyz`);
  return [answer.status, (await answer.text()).trimEnd()];
};
const gauge = async (name: string): Promise<number> => {
  const text = await (await fetch(`${server?.metricsUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
};
const seconds = (date: Date): Date => new Date(Math.floor(date.getTime() / 1_000) * 1_000);
/** The files are looked at every ten seconds. */
const look = (): Promise<void> => clock.advance(10_000);

it('is not ready from a minute before its certificate ends, says why, and is ready again with the next', async () => {
  const ends = seconds(await put(SHORT));
  await start();
  expect(await readiness()).toEqual([200, 'ok']);
  expect(await gauge('podrole_admission_certificate_expiry_seconds')).toBe(ends.getTime() / 1_000);
  await clock.advance(SHORT_MS - 62_000);
  expect(await readiness()).toEqual([200, 'ok']);
  await clock.advance(2_000);
  expect(await readiness()).toEqual([503, `the certificate expires at ${ends.toISOString()}`]);
  expect(await gauge('podrole_admission_ready')).toBe(0);
  await clock.advance(60_000);
  expect((await readiness())[1]).toMatch(`the certificate expired at ${ends.toISOString()}`);

  const next = seconds(await put(30));
  await look();
  await expect.poll(readiness).toEqual([200, 'ok']);
  expect([await gauge('podrole_admission_ready'), await gauge('podrole_admission_certificate_expiry_seconds')]).toEqual([
    1,
    next.getTime() / 1_000,
  ]);
});

it('goes on with its last good certificate while the files are half written, until that ends', async () => {
  const ends = seconds(await put(SHORT));
  await start();
  await put(30, 'certificate');
  await look();
  expect(await readiness()).toEqual([200, 'ok']);
  await clock.advance(SHORT_MS - 60_000);
  await expect
    .poll(readiness)
    .toEqual([
      503,
      expect.stringMatching(
        new RegExp(`^the certificate expires at ${ends.toISOString()}; its successor is not taken over: .*key values mismatch`),
      ),
    ]);
});

it('starts with a certificate that is not valid yet, and is ready when it is', async () => {
  const ahead = new FakeClock(new Date(clock.now().getTime() + 2 * SHORT_MS).toISOString());
  authority = await createAuthority({ clock: ahead, commonName: 'test' });
  await put(30);
  await start();
  expect(await readiness()).toEqual([503, expect.stringMatching(/^the certificate is not valid before 20\S+Z$/)]);
  await clock.advance(2 * SHORT_MS);
  expect(await readiness()).toEqual([200, 'ok']);
});
