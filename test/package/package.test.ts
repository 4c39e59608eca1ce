import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, runPodrole } from '../support/run-podrole.ts';

const run = promisify(execFile);

describe('the packed package, installed into an empty folder', () => {
  let folder: string;
  const installed = (path: string): string => join(folder, 'node_modules/podrole', path);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podrole-package-'));
    // The build that `npm test` made is packed as it is: scripts would build again under the feet of the other tests.
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
    await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}');
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, tarball)], { cwd: folder });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('brings no other package along', async () => {
    expect((await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'))).toEqual(['podrole']);
  });

  it('answers its version', async () => {
    const { stdout } = await run(join(folder, 'node_modules/.bin/podrole'), ['version']);
    expect(stdout).toMatch(/^podrole \d+\.\d+\.\d+\n$/);
  });

  it('walks the whole journey', async () => {
    const { code, stdout } = await runPodrole(['up', '--once', '-o', 'json'], { home: folder, program: installed('dist/podrole.mjs') });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; ok?: boolean });
    expect(lines.filter(({ kind, ok }) => kind === 'Step' && ok)).toHaveLength(6);
    expect(lines.at(-1)?.kind).toBe('Ready');
    expect(code).toBe(0);
  });

  it('opens its doors to other programs', async () => {
    const program = `
      import { evaluateTrust, verifyToken } from 'podrole';
      import { startSandbox } from 'podrole/sandbox';
      import { fromServiceAccount } from 'podrole/credentials';
      console.log(typeof evaluateTrust, typeof verifyToken, typeof startSandbox, typeof fromServiceAccount);`;
    await writeFile(join(folder, 'program.mjs'), program);
    const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: folder });
    expect(stdout.trim()).toBe('function function function function');
  });
});
