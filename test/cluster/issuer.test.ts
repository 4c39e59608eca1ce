import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RotationResult, runRotation } from '../../src/app/issuer/run-rotation.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { decodeToken } from '../../src/oidc/decode-token.ts';
import { type IssuerAccount, openIssuerAccount, type ShiftedClock, shiftedClock } from '../support/issuer-world.ts';
import { type Ended, type Running, root, runPodrole, startPodrole } from '../support/run-podrole.ts';
import { worldSkipped } from '../support/worlds/world.ts';

const run = promisify(execFile);
const launcher = join(root, 'test/cluster/control-plane/cluster');
const ISSUER = 'https://issuer.podrole.test/real';
const SUBJECT = 'system:serviceaccount:default:default';
const HOUR = 3_600_000;

/** A control plane of its own: this test changes its keys and restarts it. */
describe.skipIf(worldSkipped() !== undefined)('an issuer of one’s own on a real control plane', () => {
  let home: string;
  let server: Running;
  let resolve: string;
  let caFile: string;
  let account: IssuerAccount;
  let rotationClock: ShiftedClock;
  const file = (name: string): string => join(home, name);
  const podrole = (...args: string[]): Promise<Ended> => runPodrole(args, { home, env: { KUBECONFIG: file('cluster/kubeconfig') } });

  /** Starts, or starts again, with a signing key and the public keys of `accepted`. */
  async function startCluster(signer: string, accepted: readonly string[]): Promise<void> {
    await run(launcher, ['down', file('cluster')]);
    await copyFile(file(signer), file('cluster/sa-signer.key'));
    await copyFile(file(`${signer}.pub`), file('cluster/sa-signer.pub'));
    const more = accepted.filter((name) => name !== signer).map((name) => `--service-account-key-file=${file(`${name}.pub`)}`);
    await run(launcher, ['up', file('cluster')], {
      env: { ...process.env, PODROLE_ISSUER: ISSUER, PODROLE_JWKS_URI: `${ISSUER}/openid/v1/jwks`, PODROLE_APISERVER_ARGS: more.join(' ') },
    });
  }

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-issuer-'));
    await mkdir(file('cluster'));
    for (const [name, kind] of [
      ['old', 'rsa-2048'],
      ['new', 'p-256'],
    ] as const)
      expect((await podrole('issuer', 'keygen', file(name), '--kind', kind)).code).toBe(0);
    expect((await podrole('issuer', 'publish', '--issuer', ISSUER, '--key', file('old.pub'), '--to', file('site'))).code).toBe(0);
    server = startPodrole(['issuer', 'serve', file('site'), '--own-ca', file('ca'), '--port', '0', '-o', 'json'], { home });
    ({ resolve, caFile } = JSON.parse(await server.line((line) => line.includes('IssuerServed'))) as { resolve: string; caFile: string });
    rotationClock = shiftedClock();
    // The API server's clock is the machine's, so STS has it too; what AWS keeps of the keys ages with the rotation.
    account = await openIssuerAccount({
      issuer: ISSUER,
      resolve,
      ca: await readFile(caFile, 'utf8'),
      subject: SUBJECT,
      clock: systemClock(),
      keyClock: rotationClock,
    });
    await startCluster('old', ['old']);
  }, 60_000);

  afterAll(async () => {
    await run(launcher, ['down', file('cluster')]);
    server.child.kill('SIGTERM');
    await server.ended;
    await account.close();
    await rm(home, { recursive: true, force: true });
  });

  /** A fresh token of the API server, and the name of the key that signed it. */
  async function freshToken(): Promise<{ readonly token: string; readonly kid: unknown }> {
    const { code, stdout, stderr } = await podrole('token', 'request', 'sa/default:default');
    expect([code, stderr]).toEqual([0, '']);
    const decoding = decodeToken(stdout);
    return { token: stdout.trim(), kid: decoding.ok ? decoding.token.header.kid : undefined };
  }

  async function rotate(more: Partial<Parameters<typeof runRotation>[0]> = {}): Promise<RotationResult> {
    const [, host = '', address = '', port = ''] = /^(.+)=(.+):(\d+)$/.exec(resolve) ?? [];
    return runRotation(
      {
        file: file('rotation.json'),
        target: {},
        plan: undefined,
        switched: false,
        tokens: [],
        statusOnly: false,
        check: { ca: await readFile(caFile, 'utf8'), resolve: new Map([[host, { address, port: Number(port) }]]) },
        platform: 'kube-apiserver',
        apiAudiences: [],
        now: () => rotationClock.now(),
        ...more,
      },
      new AbortController().signal,
    );
  }

  it('its tokens are good from outside and are exchanged', async () => {
    const { token } = await freshToken();
    expect(await account.exchange(token)).toMatchObject({ subject: SUBJECT, audience: 'sts.amazonaws.com' });
    expect((await podrole('issuer', 'verify', ISSUER, '--resolve', resolve, '--ca', caFile)).code).toBe(0);
  });

  it('its key rotates to the end while tokens are exchanged, and no API server refuses one either', async () => {
    const onServer = (name: string) => ({ publicFile: file(`${name}.pub`), publicPath: file(`${name}.pub`), privatePath: file(name) });
    const first = await freshToken();
    const plan = {
      current: onServer('old'),
      next: onServer('new'),
      others: [],
      to: file('site'),
      cacheSeconds: 7200,
      tokenSeconds: 3600,
      maxAgeSeconds: 3600,
    };
    const wait = await rotate({ plan });
    expect(wait.state.step).toBe('wait');
    expect(wait.guidance.flags?.text).toContain(`--service-account-signing-key-file=${file('old')}\n`);
    await startCluster('old', ['old', 'new']);
    await account.exchange((await freshToken()).token);
    expect((await rotate({ tokens: [first.token] })).waits?.reason).toBe('caches-not-over');

    rotationClock.shift(2 * HOUR);
    const turn = await rotate();
    expect(turn.state.step).toBe('switch');
    expect(turn.guidance.flags?.text).toContain(`--service-account-signing-key-file=${file('new')}\n`);
    expect((await rotate({ tokens: [first.token] })).waits?.reason).toBe('switch-not-done');
    await startCluster('new', ['old', 'new']);
    const second = await freshToken();
    expect(second.kid).not.toBe(first.kid);
    for (const { token } of [first, second]) expect(await account.exchange(token)).toMatchObject({ subject: SUBJECT });
    expect((await rotate({ tokens: [second.token] })).waits?.reason).toBe('tokens-not-over');

    rotationClock.shift(2 * HOUR);
    expect((await rotate()).state.step).toBe('done');
    await startCluster('new', ['new']);
    expect(await account.exchange((await freshToken()).token)).toMatchObject({ subject: SUBJECT });
    // By the rotation's clock this token ended an hour ago: its key is gone, and that is seen.
    rotationClock.shift(2 * HOUR);
    await expect(account.exchange(first.token)).rejects.toMatchObject({ awsCode: 'InvalidIdentityToken' });
  }, 120_000);
});
