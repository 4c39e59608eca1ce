import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockFolder } from './folder-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podrole-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function refused(): unknown {
  try {
    lockFolder(folder)();
    return undefined;
  } catch (error) {
    return error;
  }
}

it('is held until it is given back, also against the same process', async () => {
  const unlock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(`${folder} is in use by process ${process.pid}`);
  unlock();
  expect(await readdir(folder)).toEqual([]);
  lockFolder(folder)();
});

it('is taken over from a process that was killed', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid, started: '1', nonce: 'old' }));
  const unlock = lockFolder(folder);
  expect(await readdir(folder)).toEqual(['lock']);
  unlock();
});

it.skipIf(process.platform !== 'linux')('is taken over where the number of the process was given to another', async () => {
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: 'before', nonce: 'old' }));
  lockFolder(folder)();
});

it.each(['', '{', 'null', '{"pid":"1"}', '{"pid":-1}'])('that says nothing of a holder (%s) is refused with the remedy', async (text) => {
  await writeFile(join(folder, 'lock'), text);
  expect(refused()).toMatchObject({
    code: 'data-dir-damaged',
    message: `${join(folder, 'lock')} does not say which process has the folder`,
    hint: `if no sandbox uses the folder: rm ${join(folder, 'lock')}`,
  });
  expect(await readdir(folder)).toEqual(['lock']);
});

it('is never taken over from another machine', async () => {
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 1, started: '1', host: 'other.test', boot: 'theirs', pidNamespace: '1' }));
  expect(refused()).toMatchObject({
    code: 'data-dir-in-use',
    message: expect.stringContaining('process 1 of host other.test'),
    hint: `end that sandbox, or, if it is gone: rm ${join(folder, 'lock')}`,
  });
});

it('leaves a lock that another took meanwhile', async () => {
  const unlock = lockFolder(folder);
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: '', nonce: 'other' }));
  unlock();
  expect(await readdir(folder)).toEqual(['lock']);
});
