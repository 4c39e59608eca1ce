import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openProcessFolder } from './process-folder.ts';
import { pidNamespace } from './process-identity.ts';

it('makes a folder for its owner alone and removes what killed processes of the same kind and namespace left', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'folders-'));
  const { pid: dead } = spawnSync('true');
  const here = pidNamespace();
  const kept = [`p-${process.ppid}.${here}-abcdef`, `p-${dead}.1-abcdef`, `q-${dead}.${here}-abcdef`, 'p-other'];
  for (const name of [`p-${dead}.${here}-abcdef`, ...kept]) await mkdir(join(parent, name));
  const folder = await openProcessFolder(parent, 'p-');
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  const left = (await readdir(parent)).filter((name) => join(parent, name) !== folder);
  expect(left.sort()).toEqual(kept.sort());
  await rm(parent, { recursive: true, force: true });
});
