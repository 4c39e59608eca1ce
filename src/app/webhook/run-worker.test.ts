import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { type AccountsApi, startAccountsApi } from '../../../test/support/accounts-api.ts';
import { memoryLog } from '../../../test/support/memory-log.ts';
import { createAuthority, type IssuedCertificate } from '../../host/authority.ts';
import { systemClock } from '../../host/system-clock.ts';
import type { WorkerMessage } from '../../host/worker-processes.ts';
import { optionsFromFlags } from '../../webhook/options-from-flags.ts';
import { runWorker } from './run-worker.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** Serial number of the certificate that a new connection meets. */
function servedBy(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

const pairOf = ({ certPem, keyPem }: IssuedCertificate) => ({ cert: certPem, key: keyPem });

it('serves what its parent hands it, is reported to it, and answers for all in its readiness', async () => {
  const authority = await createAuthority({ clock: systemClock(), commonName: 'test' });
  const [first, second] = [await authority.issue({ commonName: 'one' }), await authority.issue({ commonName: 'two' })];
  const api: AccountsApi = await startAccountsApi();
  const run = optionsFromFlags({ 'in-cluster': false, 'kube-api': api.url, port: '0', workers: '2' });
  if (!run.ok) throw new Error('the flags are good');
  const said: FromWorker[] = [];
  let tell: (message: ToWorker) => void = () => undefined;
  let left = 0;
  const parent = {
    send: (message: WorkerMessage) => said.push(message as FromWorker),
    onMessage: (listener: (message: WorkerMessage) => void) => {
      tell = listener;
    },
    leave: () => {
      left += 1;
    },
  };
  const log = memoryLog();
  const done = runWorker(run, { env: {}, log }, { parent, signal: new AbortController().signal });
  await expect.poll(() => said).toEqual([{ kind: 'hello' }]);
  tell({ kind: 'start', worker: 7, pair: pairOf(first) });
  await expect.poll(() => said.map(({ kind }) => kind)).toEqual(['hello', 'listening', 'readiness', 'readiness']);
  expect(said.slice(2)).toEqual([{ kind: 'readiness', because: 'not synced' }, { kind: 'readiness' }]);
  const url = said.flatMap((each) => (each.kind === 'listening' ? [each.url.replace('0.0.0.0', '127.0.0.1')] : []))[0] ?? '';

  const before = await servedBy(url);
  tell({ kind: 'pair', pair: pairOf(second) });
  expect(await servedBy(url)).not.toBe(before);

  tell({ kind: 'report', scrape: 3 });
  await expect.poll(() => said.at(-1)).toMatchObject({ kind: 'reported', scrape: 3 });
  tell({ kind: 'drain' });
  await done;
  expect(left).toBe(1);
  expect(said.at(-1)).toEqual({ kind: 'readiness', because: 'draining' });
  expect(log.lines.find(({ message }) => message === 'draining')?.fields).toMatchObject({ worker: 7 });
  await api.close();
});
