import { fork } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../host/system-clock.ts';
import { cachedCredentials, userCacheFolder } from './credential-cache.ts';
import type { Credentials } from './credentials.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'podrole-cache-')), 'podrole', 'credentials');
});
afterEach(() => rm(join(folder, '../..'), { recursive: true, force: true }));

let ids = 0;
const clock = systemClock();
const options = () => ({ folder, clock, newId: () => String(++ids) });
const made = (seconds: number, name = 'ASIA1'): Credentials => ({
  accessKeyId: name,
  secretAccessKey: 's',
  sessionToken: 't',
  expiration: new Date(Date.now() + seconds * 1_000),
});
const get = async (obtain: () => Promise<Credentials>) => {
  const { credentials, from } = await cachedCredentials({ key: 'k', obtain }, options());
  return [credentials.accessKeyId, from];
};
const file = () => join(folder, 'k.json');

describe('the cache between processes', () => {
  it('keeps what was obtained, readable by its user alone, and nothing beside it', async () => {
    expect(await get(async () => made(3_600))).toEqual(['ASIA1', 'exchange']);
    expect(await get(() => Promise.reject(new Error('asked')))).toEqual(['ASIA1', 'cache']);
    expect(await readdir(folder)).toEqual(['k.json']);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('renews in the early window, and answers the old ones when that fails', async () => {
    await get(async () => made(3_600));
    const age = async (left: number) =>
      writeFile(file(), JSON.stringify({ version: 1, ...made(left, 'ASIAOLD'), obtained: new Date(Date.now() - (3_600 - left) * 1_000) }));
    await age(700);
    expect(await get(async () => made(3_600, 'ASIANEW'))).toEqual(['ASIAOLD', 'cache']);
    await age(500);
    expect(await get(() => Promise.reject(new Error('AccessDenied')))).toEqual(['ASIAOLD', 'cache']);
    expect(await get(async () => made(3_600, 'ASIANEW'))).toEqual(['ASIANEW', 'exchange']);
    await age(5);
    await expect(get(() => Promise.reject(new Error('AccessDenied')))).rejects.toThrow('AccessDenied');
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['that others may read', async () => chmod(file(), 0o644)],
    ['that is cut off', async () => writeFile(file(), (await readFile(file(), 'utf8')).slice(0, 40))],
    ['of another version', async () => writeFile(file(), (await readFile(file(), 'utf8')).replace('"version":1', '"version":2'))],
    [
      'that is a link',
      async () => {
        await writeFile(`${file()}.real`, await readFile(file()), { mode: 0o600 });
        await rm(file());
        await symlink(`${file()}.real`, file());
      },
    ],
    ['from the future', async () => writeFile(file(), (await readFile(file(), 'utf8')).replace(/"obtained":"\d{4}/, '"obtained":"2999'))],
  ])('does not believe a file %s', async (_name, spoil) => {
    await get(async () => made(3_600));
    await spoil();
    expect(await get(async () => made(3_600, 'ASIANEW'))).toEqual(['ASIANEW', 'exchange']);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  it('does not use a folder that others may write to', async () => {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o777);
    await expect(get(async () => made(3_600))).rejects.toMatchObject({ code: 'cache-folder-unsafe' });
  });

  it('takes over the lock of a process that died', async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(`${file()}.lock`, '');
    await utimes(`${file()}.lock`, new Date(), new Date(Date.now() - 60_000));
    expect(await get(async () => made(3_600))).toEqual(['ASIA1', 'exchange']);
  });

  it('makes many processes that start together exchange once', async () => {
    const program = join(folder, '..', 'program.ts');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, '..', 'count'), '');
    await writeFile(
      program.replace('.ts', '.mjs'),
      `import { appendFile } from 'node:fs/promises';
       const { cachedCredentials } = await import(${JSON.stringify(join(folder, '..', 'cache.mjs'))});
       const clock = { now: () => new Date(), monotonic: () => performance.now(), after: (ms, run) => { const t = setTimeout(run, ms); return { cancel: () => clearTimeout(t) }; } };
       const answer = await cachedCredentials({ key: 'k', obtain: async () => {
         await appendFile(${JSON.stringify(join(folder, '..', 'count'))}, 'x');
         await new Promise((resolve) => setTimeout(resolve, 200));
         return { accessKeyId: 'A', secretAccessKey: 's', sessionToken: 't', expiration: new Date(Date.now() + 3600000) };
       } }, { folder: ${JSON.stringify(folder)}, clock, newId: () => String(process.pid) });
       process.send(answer.from);`,
    );
    const { build } = await import('esbuild');
    await build({
      entryPoints: [join(import.meta.dirname, 'credential-cache.ts')],
      outfile: join(folder, '..', 'cache.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => {
        const child = fork(program.replace('.ts', '.mjs'), { execArgv: [] });
        return new Promise<unknown>((resolve, reject) => {
          child.once('message', resolve);
          child.once('exit', (code) => reject(new Error(`exit ${code}`)));
        });
      }),
    );
    expect(answers.sort()).toEqual(['cache', 'cache', 'cache', 'cache', 'cache', 'exchange']);
    expect(await readFile(join(folder, '..', 'count'), 'utf8')).toBe('x');
  });
});

it.each([
  ['linux', { HOME: '/home/u' }, '/home/u/.cache/podrole/credentials'],
  ['linux', { HOME: '/home/u', XDG_CACHE_HOME: '/var/c' }, '/var/c/podrole/credentials'],
  ['linux', { HOME: '/home/u', XDG_CACHE_HOME: 'relative' }, '/home/u/.cache/podrole/credentials'],
  ['darwin', { HOME: '/Users/u' }, '/Users/u/Library/Caches/podrole/credentials'],
  ['linux', {}, undefined],
])('on %s with %j the cache is %s', (platform, env, expected) => expect(userCacheFolder(env, platform)).toBe(expected));
