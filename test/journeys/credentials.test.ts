import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Ended, runPodrole } from '../support/run-podrole.ts';
import { fakeToken, type ScriptedSts, startScriptedSts } from '../support/scripted-sts.ts';

const ROLE = 'arn:aws:iam::111122223333:role/r';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'podrole-home-'));
  await mkdir(join(home, 'tmp'));
});
afterEach(() => rm(home, { recursive: true, force: true }));
const kept = async (): Promise<readonly string[]> => readdir(join(home, '.cache/podrole/credentials')).catch(() => []);

describe('podrole credentials of this process', () => {
  let sts: ScriptedSts;
  beforeAll(async () => {
    sts = await startScriptedSts();
  });
  afterAll(() => sts.close());
  let env: Record<string, string>;
  beforeEach(async () => {
    sts.script({ kind: 'credentials' });
    sts.reset();
    const file = join(home, 'token');
    await writeFile(
      file,
      fakeToken({
        iss: 'https://oidc.example.com',
        sub: 'system:serviceaccount:team-a:web',
        aud: ['sts.amazonaws.com'],
        exp: Math.floor(Date.now() / 1_000) + 3_600,
      }),
    );
    env = {
      AWS_ROLE_ARN: ROLE,
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
      AWS_REGION: 'us-west-2',
      AWS_ENDPOINT_URL_STS: sts.url,
      TMPDIR: join(home, 'tmp'),
    };
  });
  const credentials = (args: readonly string[] = [], more: Record<string, string> = {}): Promise<Ended> =>
    runPodrole(['credentials', ...args], { home, env: { ...env, ...more } });

  it('are the document that credential_process reads', async () => {
    const { stdout, stderr, code } = await credentials();
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toEqual({
      Version: 1,
      AccessKeyId: expect.stringMatching(/^ASIA/),
      SecretAccessKey: expect.any(String),
      SessionToken: expect.any(String),
      Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      AccountId: '111122223333',
    });
  });

  it('are assignments for a shell, or JSON', async () => {
    expect((await credentials(['--format', 'env'])).stdout).toMatch(
      /^export AWS_ACCESS_KEY_ID='ASIA\d+'\nexport AWS_SECRET_ACCESS_KEY='[^']+'\nexport AWS_SESSION_TOKEN='[^']+'\nexport AWS_CREDENTIAL_EXPIRATION='[^']+'\n$/,
    );
    expect(JSON.parse((await credentials(['--format', 'json'])).stdout)).toMatchObject({
      apiVersion: 'cli.podrole.dev/v1',
      kind: 'Credentials',
      from: 'cache',
    });
  });

  it('are exchanged once by processes that start together, and kept for their user alone', async () => {
    sts.script({ kind: 'credentials', slowMs: 300 });
    const all = await Promise.all(Array.from({ length: 4 }, () => credentials()));
    expect(new Set(all.map(({ stdout }) => stdout)).size).toBe(1);
    expect(sts.requests).toHaveLength(1);
    const files = await kept();
    expect(files).toEqual([expect.stringMatching(/^[0-9a-f]{40}\.json$/)]);
    expect((await stat(join(home, '.cache/podrole/credentials', files[0]!))).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, '.cache/podrole/credentials'))).mode & 0o777).toBe(0o700);
  });

  it('are not taken for those of another account whose token lies in the same file', async () => {
    await credentials();
    await writeFile(
      env.AWS_WEB_IDENTITY_TOKEN_FILE!,
      fakeToken({ iss: 'https://oidc.example.com', sub: 'system:serviceaccount:team-b:web', aud: ['sts.amazonaws.com'] }),
    );
    await credentials();
    expect(sts.requests).toHaveLength(2);
    expect(await kept()).toHaveLength(2);
  });

  it('are kept nowhere when that is not wanted', async () => {
    expect((await credentials(['--no-cache'])).code).toBe(0);
    expect(await kept()).toEqual([]);
  });

  it('that are refused are told on stderr, with what to look at', async () => {
    sts.script({ kind: 'refusal', code: 'AccessDenied', message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity' });
    const { code, stdout, stderr } = await credentials();
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      /^error: sts:AssumeRoleWithWebIdentity for arn:aws:iam::111122223333:role\/r at 127\.0\.0\.1:\d+: AccessDenied: Not authorized/,
    );
    expect(stderr).toContain('does not admit system:serviceaccount:team-a:web');
    expect(await kept()).toEqual([]);
  });

  it('wait for a new role when asked to', async () => {
    sts.script({ kind: 'refusal', code: 'AccessDenied' }, { kind: 'credentials' });
    expect((await credentials(['--wait', '10'])).code).toBe(0);
    expect(sts.requests).toHaveLength(2);
  });

  it.each([
    [{ AWS_ROLE_ARN: '', AWS_WEB_IDENTITY_TOKEN_FILE: '' }, 3, 'AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are not set'],
    [{ AWS_ROLE_ARN: 'role' }, 2, 'AWS_ROLE_ARN: it is not the ARN of a role'],
    [{ AWS_ENDPOINT_URL_STS: 'http://sts.example.com' }, 2, 'AWS_ENDPOINT_URL_STS: http:// is for loopback alone'],
    [{ AWS_WEB_IDENTITY_TOKEN_FILE: '/nonexistent' }, 3, 'token file /nonexistent cannot be read: ENOENT'],
  ])('with %j exit %i: %s', async (wrong, code, words) => {
    const ended = await credentials([], wrong as Record<string, string>);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    expect(ended.stderr).toContain(words);
    expect(sts.requests).toHaveLength(0);
  });
});
