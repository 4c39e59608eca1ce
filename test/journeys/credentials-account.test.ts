import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, root, runPodrole } from '../support/run-podrole.ts';
import { openSeededWorld, type SeededWorld } from '../support/worlds/seeded-world.ts';
import { worldSkipped } from '../support/worlds/world.ts';

describe.skipIf(worldSkipped() !== undefined)('podrole credentials of a service account', () => {
  let home: string;
  let worldHome: string;
  let world: SeededWorld;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-home-'));
    worldHome = await mkdtemp(join(tmpdir(), 'podrole-home-'));
    await mkdir(join(home, 'tmp'));
    world = await openSeededWorld(worldHome);
  });
  afterAll(async () => {
    await world.close();
    for (const folder of [home, worldHome]) await rm(folder, { recursive: true, force: true });
  });

  it('serve an unmodified SDK as its credential_process, and leave the token nowhere', async () => {
    const { facts } = world;
    await mkdir(join(home, '.aws'));
    const command = `${process.execPath} ${bundle} credentials sa/user-a:default-editor --kubeconfig ${facts.kubeconfig}`;
    await writeFile(join(home, '.aws/config'), `[profile team-a]\nregion = us-west-2\ncredential_process = ${command}\n`);
    const { code, stdout } = await runPodrole(['get-caller-identity'], {
      home,
      program: join(root, 'dist/workload-aws-sdk.mjs'),
      env: { AWS_PROFILE: 'team-a', AWS_ENDPOINT_URL: facts.endpoint, AWS_ENDPOINT_URL_STS: facts.endpoint, TMPDIR: join(home, 'tmp') },
    });
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ ok: true, arn: 'arn:aws:sts::111122223333:assumed-role/kf-user-demo/default-editor' }),
    ]);
    expect(await readdir(join(home, 'tmp'))).toEqual([]);
    const cache = join(home, '.cache/podrole/credentials');
    const [file = ''] = await readdir(cache);
    expect(await readFile(join(cache, file), 'utf8')).not.toMatch(/eyJ[\w-]+\.eyJ/);
  });
});
