import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pidNamespace } from '../process-identity.ts';
import { awsCliCacheFile } from './aws-cli-cache.ts';
import { isInTokenFolder, openTokenFolder } from './token-folder.ts';

let runtime: string;
beforeEach(async () => {
  runtime = await mkdtemp(join(tmpdir(), 'podrole-runtime-'));
});
afterEach(() => rm(runtime, { recursive: true, force: true }));

describe('the folder of a token', () => {
  it('is its user’s alone, and gone with everything in it', async () => {
    const folder = await openTokenFolder({ XDG_RUNTIME_DIR: runtime });
    await folder.write('first');
    await folder.write('second');
    expect(await readFile(folder.tokenFile, 'utf8')).toBe('second');
    expect(await readFile(folder.emptyFile, 'utf8')).toBe('');
    const [name = ''] = await readdir(runtime);
    expect((await stat(join(runtime, name))).mode & 0o777).toBe(0o700);
    expect((await stat(folder.tokenFile)).mode & 0o777).toBe(0o600);
    expect((await readdir(join(runtime, name))).sort()).toEqual(['empty', 'token']);
    await folder.remove();
    await folder.remove();
    expect(await readdir(runtime)).toEqual([]);
  });

  it('is known by the file in it', async () => {
    const folder = await openTokenFolder({ XDG_RUNTIME_DIR: runtime });
    expect(isInTokenFolder(folder.tokenFile)).toBe(true);
    await folder.remove();
    expect(isInTokenFolder('/var/run/secrets/eks.amazonaws.com/serviceaccount/token')).toBe(false);
    expect(isInTokenFolder(join(runtime, 'podrole-exec-1-abcdef'))).toBe(false);
  });

  it('takes with it what killed runs left, and nothing of a living one', async () => {
    const [dead, living] = [spawnSync('true').pid, process.pid].map((pid) => `podrole-exec-${pid}.${pidNamespace()}-abcdef`);
    const others = [`${living}`, 'podrole-exec-other', 'unrelated'];
    for (const name of [`${dead}`, ...others]) await mkdir(join(runtime, name));
    await writeFile(join(runtime, `${dead}`, 'token'), 'left');
    const folder = await openTokenFolder({ XDG_RUNTIME_DIR: runtime });
    await folder.remove();
    expect((await readdir(runtime)).sort()).toEqual(others.sort());
  });

  it('lies in the system’s folder for such things where no better one is', async () => {
    const file = join(runtime, 'file');
    await writeFile(file, '');
    for (const env of [{}, { XDG_RUNTIME_DIR: '' }, { XDG_RUNTIME_DIR: file }, { XDG_RUNTIME_DIR: join(runtime, 'absent') }]) {
      const folder = await openTokenFolder(env);
      expect(folder.tokenFile.startsWith(join(tmpdir(), 'podrole-exec-'))).toBe(true);
      await folder.remove();
    }
    await chmod(runtime, 0o700);
  });
});

it('knows where the AWS CLI would keep a session', () => {
  const env = {
    HOME: '/home/u',
    AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/kf-user-demo',
    AWS_ROLE_SESSION_NAME: 'web.team-a-0a1b2c3d',
  };
  // As botocore 1.43 computes it.
  expect(awsCliCacheFile(env)).toBe('/home/u/.aws/cli/cache/c4f9cb5874294c973f77af63b59bab1fefc80931.json');
  expect(awsCliCacheFile({ HOME: '/home/u', AWS_ROLE_ARN: env.AWS_ROLE_ARN })).toBeUndefined();
});
