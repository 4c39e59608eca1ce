import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openProcessFolder } from './process-folder.ts';

it('makes a folder for its owner alone and removes what killed processes of the same kind left', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'folders-'));
  const { pid: dead } = spawnSync('true');
  for (const name of [`p-${dead}-abcdef`, `p-${process.ppid}-abcdef`, `q-${dead}-abcdef`, 'p-other']) await mkdir(join(parent, name));
  const folder = await openProcessFolder(parent, 'p-');
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  const left = (await readdir(parent)).filter((name) => join(parent, name) !== folder);
  expect(left.sort()).toEqual(['p-other', `p-${process.ppid}-abcdef`, `q-${dead}-abcdef`].sort());
  await rm(parent, { recursive: true, force: true });
});
