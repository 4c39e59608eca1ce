import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { memoryLog } from '../../test/support/memory-log.ts';
import { type Authority, createAuthority, type IssuedCertificate } from './authority.ts';
import { checkTlsPair, pairProblem, type TlsFiles, type TlsPair, watchTlsFiles } from './tls-files.ts';

const clock = new FakeClock(new Date().toISOString());
let ca: Authority;
let one: IssuedCertificate;
let two: IssuedCertificate;
let folder: string;
let files: TlsFiles | undefined;

beforeAll(async () => {
  ca = await createAuthority({ clock, commonName: 'test' });
  one = await ca.issue({ commonName: 'one' });
  two = await ca.issue({ commonName: 'two', days: 30 });
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'podrole-tls-'));
});
afterEach(async () => {
  files?.close();
  await rm(folder, { recursive: true });
});

async function put(where: string, pair: IssuedCertificate): Promise<void> {
  await writeFile(path.join(where, 'tls.crt'), pair.certPem);
  await writeFile(path.join(where, 'tls.key'), pair.keyPem);
}

async function watch() {
  const changes: TlsPair[] = [];
  const log = memoryLog();
  files = await watchTlsFiles({
    certFile: path.join(folder, 'tls.crt'),
    keyFile: path.join(folder, 'tls.key'),
    clock,
    log,
    onChange: (pair) => changes.push(pair),
  });
  return { files, changes, log };
}

/** One look: the timer, then the file system in its own time. */
async function look(seen: () => boolean): Promise<void> {
  await clock.advance(10_000);
  while (!seen()) await new Promise((resolve) => setTimeout(resolve, 1));
}

it('takes over a new pair, and only then', async () => {
  await put(folder, one);
  const { files, changes } = await watch();
  expect(files.current().cert).toBe(one.certPem);
  await put(folder, two);
  await look(() => changes.length > 0);
  expect(changes.map((pair) => pair.cert)).toEqual([two.certPem]);
  expect(files.current().notAfter).toEqual(new Date(Math.floor(two.notAfter.getTime() / 1000) * 1000));
});

it('sees the symlink swap of a mounted Secret', async () => {
  const { mkdir } = await import('node:fs/promises');
  for (const [name, pair] of Object.entries({ v1: one, v2: two })) {
    await mkdir(path.join(folder, name));
    await put(path.join(folder, name), pair);
  }
  await symlink('v1', path.join(folder, '..data'));
  await symlink('..data/tls.crt', path.join(folder, 'tls.crt'));
  await symlink('..data/tls.key', path.join(folder, 'tls.key'));
  const { changes } = await watch();
  await symlink('v2', path.join(folder, '..data_tmp'));
  await rename(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
  await look(() => changes.length > 0);
  expect(changes[0]?.cert).toBe(two.certPem);
});

it('keeps the last good pair while the files are half written, and says so once', async () => {
  await put(folder, one);
  const { files, changes, log } = await watch();
  await writeFile(path.join(folder, 'tls.crt'), two.certPem);
  await look(() => files.problem() !== undefined);
  expect(files.problem()).toMatch(/^the certificate and key cannot be used: .*key values mismatch/);
  await look(() => true);
  expect(files.current().cert).toBe(one.certPem);
  expect(log.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
  await writeFile(path.join(folder, 'tls.key'), two.keyPem);
  await look(() => changes.length > 0);
  expect(files.problem()).toBeUndefined();
});

it('keeps the last good pair until its successor is valid', async () => {
  await put(folder, one);
  const { files, changes } = await watch();
  const ahead = new FakeClock(new Date(clock.now().getTime() + 3_600_000).toISOString());
  const early = await (await createAuthority({ clock: ahead, commonName: 'test' })).issue({ commonName: 'early' });
  await put(folder, early);
  await look(() => files.problem() !== undefined);
  expect(files.problem()).toMatch(/^the certificate is not valid before 20/);
  expect(files.current().cert).toBe(one.certPem);
  await clock.advance(3_600_000);
  await look(() => changes.length > 0);
  expect([files.current().cert, files.problem()]).toEqual([early.certPem, undefined]);
});

it('says a minute ahead that a pair ends, and of one that has not begun when it will', () => {
  const pair = checkTlsPair(one.certPem, one.keyPem, clock.now());
  const at = (date: Date, ms: number): string | undefined => pairProblem(pair, new Date(date.getTime() + ms));
  const [from, to] = [pair.notBefore.toISOString(), pair.notAfter.toISOString()];
  expect([at(pair.notBefore, -1), at(pair.notBefore, 0)]).toEqual([`the certificate is not valid before ${from}`, undefined]);
  expect([at(pair.notAfter, -60_001), at(pair.notAfter, -60_000)]).toEqual([undefined, `the certificate expires at ${to}`]);
  expect([at(pair.notAfter, -1), at(pair.notAfter, 0)]).toEqual([`the certificate expires at ${to}`, `the certificate expired at ${to}`]);
});

it.each([
  ['absent files', async () => undefined, /^cannot read .*tls\.crt: .*; cannot read .*tls\.key: /],
  ['files that are no PEM', async () => put(folder, { ...one, certPem: 'x' }), /cannot be used/],
  [
    'an expired certificate',
    async () => {
      const past = new FakeClock('2020-01-01T00:00:00Z');
      await put(folder, await (await createAuthority({ clock: past, commonName: 'old' })).issue({ commonName: 'old' }));
    },
    /^the certificate expired at 2020-03-31T00:00:00.000Z$/,
  ],
])('does not begin with %s', async (_, prepare, message) => {
  await prepare();
  const error = await watch().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'tls-pair-invalid', message: expect.stringMatching(message) });
});
