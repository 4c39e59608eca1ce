import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ISSUER, type OwnIssuer, SUBJECT, startOwnIssuer, TOKEN_SECONDS } from '../support/own-issuer.ts';
import { type Ended, runPodrole } from '../support/run-podrole.ts';

const HOUR = 3_600_000;

let issuer: OwnIssuer;

const podrole = (...args: string[]): Promise<Ended> => runPodrole(args, { home: issuer.home, env: issuer.account.env });
const file = (name: string): string => issuer.file(name);

beforeAll(async () => {
  issuer = await startOwnIssuer();
});

afterAll(() => issuer.close());

describe('an issuer of one’s own', () => {
  it('keeps its private key to itself and overwrites nothing', async () => {
    expect((await stat(file('old'))).mode & 0o777).toBe(0o600);
    const again = await podrole('issuer', 'keygen', file('old'));
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('is never overwritten') });
    const halfway = await podrole('issuer', 'keygen', file('half'), '--kind', 'p-256');
    expect(halfway.code).toBe(0);
    await rm(file('half'));
    expect((await podrole('issuer', 'keygen', file('half'), '--kind', 'p-256')).code).toBe(2);
    await expect(stat(file('half'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is found good from outside, with a token of it', async () => {
    await writeFile(file('token'), await issuer.token('old'));
    const good = await podrole(
      'issuer',
      'verify',
      ISSUER,
      '--resolve',
      issuer.served.resolve,
      '--ca',
      issuer.served.caFile,
      '--token',
      file('token'),
      '-o',
      'json',
    );
    expect([good.code, good.stderr]).toEqual([0, '']);
    expect(JSON.parse(good.stdout)).toMatchObject({ ok: true, subject: SUBJECT, kids: [issuer.key('old').kid], findings: [] });
    await writeFile(file('foreign'), await issuer.token('new'));
    const bad = await podrole(
      'issuer',
      'verify',
      ISSUER,
      '--resolve',
      issuer.served.resolve,
      '--ca',
      issuer.served.caFile,
      '--token',
      file('foreign'),
      '-o',
      'json',
    );
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ findings: [{ severity: 'error', code: 'key-unknown' }] });
  });

  it('answers probes under any name, and documents under its own', async () => {
    const ask = (path: string, host?: string): Promise<number> => statusOf(issuer.served.url, path, host);
    expect(await ask('/readyz')).toBe(200);
    expect(await ask('/clusters/a/openid/v1/jwks')).toBe(421);
    expect(await ask('/clusters/a/openid/v1/jwks', 'issuer.podrole.test')).toBe(200);
    expect(await ask('/clusters/a/openid/v1/../../../../old', 'issuer.podrole.test')).toBe(404);
    expect(await ask('/old', 'issuer.podrole.test')).toBe(404);
  });

  it('has tokens that AWS exchanges, shown only as far as asked', async () => {
    const token = await issuer.token('old');
    await writeFile(file('token'), token);
    const args = ['token', 'exchange', file('token'), '--role', issuer.account.roleArn, '--endpoint-url', issuer.account.endpoint];
    const shown = await podrole(...args);
    expect(shown).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`you are arn:aws:sts::111122223333:assumed-role/app/team-a.app`),
    });
    expect(shown.stdout + shown.stderr).not.toMatch(/ASIA|secret/i);
    const env = await podrole(...args, '--show-credentials', 'env');
    expect(env.stdout).toMatch(/^export AWS_ACCESS_KEY_ID='ASIA/);
    const decoded = await podrole('token', 'decode', file('token'), '-o', 'json');
    expect(decoded.code).toBe(0);
    const [, claims = '', signature = ''] = token.split('.');
    expect(decoded.stdout).not.toContain(signature);
    expect(decoded.stdout).not.toContain(claims);
    expect(JSON.parse(decoded.stdout)).toMatchObject({
      conditions: [
        { key: 'issuer.podrole.test/clusters/a:aud', value: 'sts.amazonaws.com' },
        { key: 'issuer.podrole.test/clusters/a:sub', value: SUBJECT },
      ],
      findings: [],
    });
    const refused = await podrole(...args.with(4, 'arn:aws:iam::111122223333:role/absent'));
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('AccessDenied') });
  });

  it('lives in a bucket too, of which everybody can read the two documents and no more', async () => {
    const { S3Client, CreateBucketCommand, PutObjectCommand } = await import('@aws-sdk/client-s3');
    const s3 = new S3Client({
      endpoint: issuer.account.endpoint,
      region: issuer.account.region,
      forcePathStyle: true,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    await s3.send(new CreateBucketCommand({ Bucket: 'issuer', CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }));
    await s3.send(new PutObjectCommand({ Bucket: 'issuer', Key: 'a/secret', Body: 'x' }));
    s3.destroy();
    const publish = (...more: string[]): Promise<Ended> =>
      podrole(
        'issuer',
        'publish',
        '--issuer',
        ISSUER,
        '--key',
        file('old.pub'),
        '--to',
        's3://issuer/a',
        '--endpoint-url',
        issuer.account.endpoint,
        ...more,
      );
    const read = async (key: string): Promise<Response> => fetch(`${issuer.account.endpoint}/issuer/a/${key}`);
    expect(await publish()).toMatchObject({ code: 0, stdout: expect.stringContaining('"Sid": "PodroleIssuerDocuments"') });
    expect((await read('openid/v1/jwks')).status).toBe(403);
    expect((await publish('--apply-bucket-policy')).code).toBe(0);
    const keySet = await read('openid/v1/jwks');
    expect([keySet.status, keySet.headers.get('content-type'), keySet.headers.get('cache-control')]).toEqual([
      200,
      'application/jwk-set+json',
      'public, max-age=3600',
    ]);
    expect((await read('.well-known/openid-configuration')).status).toBe(200);
    expect((await read('secret')).status).toBe(403);
    expect(await publish('--apply-bucket-policy')).toMatchObject({ code: 0, stdout: expect.stringContaining('unchanged') });
  });

  it('rotates its key to the end, and no living token is refused on the way', async () => {
    const alive: { readonly token: string; readonly ends: number }[] = [];
    let signer = 'old';
    let exchanges = 0;
    /** The API servers sign one more token, and every token that has not ended is exchanged. */
    const life = async (): Promise<void> => {
      alive.push({ token: await issuer.token(signer), ends: issuer.clock.now().getTime() + TOKEN_SECONDS * 1000 });
      for (const { token, ends } of alive) {
        if (ends <= issuer.clock.now().getTime()) continue;
        expect(await issuer.account.exchange(token)).toMatchObject({ subject: SUBJECT });
        exchanges += 1;
      }
    };

    await life();
    const begun = await issuer.begin();
    expect([begun.state.step, begun.waits?.reason]).toEqual(['wait', 'caches-not-over']);
    for (let hours = 0; hours < 40; hours += 1) {
      issuer.clock.shift(HOUR);
      await life();
      const { state, guidance } = await issuer.rotate(signer === 'new' ? { tokens: [alive.at(-1)?.token ?? ''] } : {});
      if (/--service-account-signing-key-file=\/pki\/new$/m.test(guidance.flags?.text ?? '')) signer = 'new';
      if (state.step === 'done') break;
    }
    expect(exchanges).toBeGreaterThan(100);
    const after = await issuer.rotate({ statusOnly: true });
    expect(after.state.step).toBe('done');
    expect(after.guidance.flags?.text).not.toContain('old');
    const keySet = JSON.parse(await readFile(file('site/openid/v1/jwks'), 'utf8')) as { keys: object[] };
    expect(keySet.keys).toEqual([issuer.key('new').publicJwk]);
    expect((await stat(file('rotation.json'))).mode & 0o777).toBe(0o600);
    expect(await readFile(file('rotation.json'), 'utf8')).not.toContain('PRIVATE');
    // Everything above would pass against an AWS that looks at nothing: a fresh token of the retired key is refused.
    issuer.clock.shift(2 * HOUR);
    await life();
    await expect(issuer.account.exchange(await issuer.token('old'))).rejects.toMatchObject({ awsCode: 'InvalidIdentityToken' });
  });
});

async function statusOf(url: string, path: string, host?: string): Promise<number> {
  const { request } = await import('node:https');
  const ca = await readFile(issuer.served.caFile, 'utf8');
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const asked = request(
      { host: hostname, port, path, ca, servername: 'issuer.podrole.test', agent: false, headers: host === undefined ? {} : { host } },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}
