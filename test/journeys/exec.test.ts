import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectCluster } from '../../src/app/cluster-connection.ts';
import { runExec } from '../../src/app/exec/run-exec.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { bundle, type Ended, type Running, root, startPodrole } from '../support/run-podrole.ts';
import { openSeededWorld, type SeededWorld } from '../support/worlds/seeded-world.ts';
import { worldSkipped } from '../support/worlds/world.ts';

const WHO = 'sa/user-a:default-editor';
const workload = join(root, 'dist/workload-aws-sdk.mjs');

describe.skipIf(worldSkipped() !== undefined)('podrole exec', () => {
  let home: string;
  let temporary: string;
  let world: SeededWorld;
  let facts: SeededWorld['facts'];
  let env: Record<string, string>;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-home-'));
    temporary = join(home, 'tmp');
    await mkdir(temporary);
    world = await openSeededWorld(home);
    ({ facts } = world);
    env = { TMPDIR: temporary, KUBECONFIG: facts.kubeconfig, AWS_ENDPOINT_URL: facts.endpoint };
  });
  afterAll(async () => {
    await world.close();
    await rm(home, { recursive: true, force: true });
  });

  const start = (args: readonly string[], more: Record<string, string> = {}): Running =>
    startPodrole(['exec', ...args], { home, env: { ...env, ...more } });
  const exec = (args: readonly string[], more: Record<string, string> = {}): Promise<Ended> => start(args, more).ended;
  const nodeCommand = (program: string): readonly string[] => [process.execPath, '-e', program];
  const nothingLeft = async (): Promise<void> => expect(await readdir(temporary)).toEqual([]);

  it('makes an unmodified SDK act as the service account, whoever else the user is', async () => {
    await mkdir(join(home, '.aws'), { recursive: true });
    // A default profile would win over web identity in the SDK for JavaScript.
    await writeFile(join(home, '.aws/credentials'), '[default]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n');
    const own = {
      AWS_PROFILE: 'production',
      AWS_ACCESS_KEY_ID: 'AKIAREAL',
      AWS_SECRET_ACCESS_KEY: 'real',
      AWS_SESSION_TOKEN: 'real',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    const { stdout, stderr, code } = await exec([WHO, '--', process.execPath, workload, 'get-caller-identity'], own);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      arn: expect.stringMatching(/:assumed-role\/kf-user-demo\/default-editor\.user-a-[0-9a-f]{8}$/),
    });
    await rm(join(home, '.aws'), { recursive: true });
    await nothingLeft();
  });

  it.each([
    ['the command’s own', ['sh', '-c', 'exit 7'], 7],
    ['128 + n when it is killed', ['sh', '-c', 'kill -9 $$'], 137],
    ['127 when it is not there', ['podrole-no-such-command'], 127],
    ['126 when it cannot be run', ['/etc/passwd'], 126],
  ])('exits with %s', async (_name, command, code) => {
    expect((await exec([WHO, '--', ...command])).code).toBe(code);
    await nothingLeft();
  });

  it.each([
    ['an argument that names nobody', 'default-editor', 2, 'names no identity'],
    ['an account that is not there', 'sa/user-a:nobody', 3, 'there is no service account nobody in namespace user-a'],
    ['an account without a role', 'sa/default:default', 3, 'kubectl annotate serviceaccount -n default default'],
    ['a pod that is not there', 'pod/user-a:nobody', 3, 'there is no pod nobody in namespace user-a'],
  ])('says what is missing for %s, and runs nothing', async (_name, who, code, words) => {
    const ended = await exec([who, '--', 'sh', '-c', 'echo ran']);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    expect(ended.stderr).toContain(words);
    await nothingLeft();
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('hands %s on, each time, and goes with the command', async (signal) => {
    const running = start([
      WHO,
      '--',
      ...nodeCommand(
        `let n = 0; process.on('${signal}', () => { n += 1; console.log('got', n); if (n === 2) process.exit(42); }); setInterval(() => {}, 1000); console.log('ready')`,
      ),
    ]);
    await running.line((line) => line === 'ready');
    running.child.kill(signal);
    await running.line((line) => line === 'got 1');
    running.child.kill(signal);
    expect((await running.ended).code).toBe(42);
    await nothingLeft();
  });

  it('answers 130 when SIGINT ends the command', async () => {
    const running = start([WHO, '--', ...nodeCommand("setInterval(() => {}, 1000); console.log('ready')")]);
    await running.line((line) => line === 'ready');
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    await nothingLeft();
  });

  it.skipIf(!existsSync('/proc/self/environ'))(
    'shows the token to nobody: not in any process’s arguments or environment, nor in what is printed',
    async () => {
      const running = start([
        WHO,
        '-v',
        '--',
        ...nodeCommand("console.log('ready ' + process.env.AWS_WEB_IDENTITY_TOKEN_FILE); setInterval(() => {}, 1000)"),
      ]);
      const file = (await running.line((line) => line.startsWith('ready '))).slice('ready '.length);
      const token = await readFile(file, 'utf8');
      expect(token.split('.')).toHaveLength(3);
      const [, claims = '', signature = ''] = token.split('.');
      const seen: string[] = [];
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        for (const what of ['cmdline', 'environ']) {
          const text = await readFile(`/proc/${pid}/${what}`, 'latin1').catch(() => '');
          if (text.includes(claims) || text.includes(signature)) seen.push(`${pid}/${what}`);
        }
      }
      expect(seen).toEqual([]);
      running.child.kill('SIGTERM');
      const { stdout, stderr } = await running.ended;
      expect(stderr).toContain(
        'podrole: as user-a:default-editor, role arn:aws:iam::111122223333:role/kf-user-demo, audience sts.amazonaws.com',
      );
      expect(stdout + stderr).not.toContain(claims);
      await nothingLeft();
    },
  );

  it('tidies up after a run that was killed itself, at the next one', async () => {
    const running = start([
      WHO,
      '--',
      ...nodeCommand("console.log('ready'); process.stdin.on('end', () => process.exit()); setTimeout(() => {}, 20000)"),
    ]);
    await running.line((line) => line === 'ready');
    running.child.kill('SIGKILL');
    await new Promise((resolve) => running.child.once('exit', resolve));
    expect(await readdir(temporary)).toHaveLength(1);
    await exec([WHO, '--', 'true']);
    await nothingLeft();
  });

  it('leaves no credentials in the user’s cache, which would outlive the token', async () => {
    const { stdout, code } = await exec([WHO, '--', process.execPath, bundle, 'credentials', '--format', 'json']);
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ from: 'exchange' })]);
    expect(existsSync(join(home, '.cache'))).toBe(false);
    await nothingLeft();
  });

  it('leaves no session of the AWS CLI behind, and uses nobody else’s', async (context) => {
    try {
      execFileSync('aws', ['--version'], { stdio: 'ignore' });
    } catch {
      context.skip('the AWS CLI is not installed');
    }
    const { stdout, code } = await exec([WHO, '--', 'aws', 'sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text'], {
      PATH: process.env.PATH ?? '',
    });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/kf-user-demo\/default-editor\.user-a-/)]);
    expect(await readdir(join(home, '.aws/cli/cache'))).toEqual([]);
  });

  it('replaces the token at 80 % of its life while the command runs', async () => {
    const machine = systemClock();
    // Two hundred times as fast: 480 seconds are 2.4.
    const clock = { ...machine, after: (ms: number, run: () => void) => machine.after(ms / 200, run) };
    const program = `const fs = require('fs'); const file = process.env.AWS_WEB_IDENTITY_TOKEN_FILE; const first = fs.readFileSync(file, 'utf8');
      setInterval(() => { const now = fs.readFileSync(file, 'utf8'); if (now !== first) process.exit(now.split('.').length === 3 ? 33 : 34); }, 20)`;
    const [command = '', ...args] = nodeCommand(program);
    const code = await runExec(
      {
        identity: { kind: 'service-account', namespace: 'user-a', name: 'default-editor' },
        command: [command, ...args],
        region: undefined,
        endpoint: facts.endpoint,
        cluster: { kubeconfig: facts.kubeconfig, env: { HOME: home, PATH: process.env.PATH, XDG_RUNTIME_DIR: temporary } },
        terminal: false,
        takeSignals: () => () => undefined,
        onNote: (note) => expect.unreachable(note),
        clock,
      },
      new AbortController().signal,
    );
    expect(code).toBe(33);
    await nothingLeft();
  });

  describe('as a pod', () => {
    beforeAll(async () => {
      const { client } = await connectCluster({ kubeconfig: facts.kubeconfig, env: {}, userAgent: 'test' });
      await client.create(resources.pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'web',
          namespace: 'user-a',
          annotations: { 'eks.amazonaws.com/token-expiration': '7200', 'podrole.dev/session-name-from-pod': 'true' },
        },
        spec: {
          serviceAccountName: 'default-editor',
          containers: [{ name: 'app', image: 'example.com/app', env: [{ name: 'AWS_MAX_ATTEMPTS', value: '5' }] }],
        },
      } as never);
      client.close();
    });

    it('has its variables, its audience and life, and a token bound to it', async () => {
      const program =
        "const [, c] = require('fs').readFileSync(process.env.AWS_WEB_IDENTITY_TOKEN_FILE, 'utf8').split('.'); console.log(JSON.stringify({ env: process.env, claims: JSON.parse(Buffer.from(c, 'base64url')) }))";
      const { stdout, stderr, code } = await exec(['pod/user-a:web', '--', ...nodeCommand(program)], {
        AWS_REGION: 'eu-north-1',
        AWS_DEFAULT_REGION: 'eu-north-1',
      });
      expect([code, stderr]).toEqual([0, '']);
      const { env: child, claims } = JSON.parse(stdout) as { env: Record<string, string>; claims: Record<string, unknown> };
      expect(child).toMatchObject({
        AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/kf-user-demo',
        AWS_ROLE_SESSION_NAME: 'web',
        AWS_REGION: facts.region,
        AWS_DEFAULT_REGION: facts.region,
        AWS_MAX_ATTEMPTS: '5',
      });
      expect(claims).toMatchObject({
        aud: ['sts.amazonaws.com'],
        sub: 'system:serviceaccount:user-a:default-editor',
        'kubernetes.io': { pod: { name: 'web' } },
      });
      expect(Number(claims.exp) - Number(claims.iat)).toBe(7_200);
    });

    it('is that pod for AWS', async () => {
      const { stdout } = await exec(['pod/user-a:web', '--', process.execPath, workload, 'get-caller-identity']);
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, arn: 'arn:aws:sts::111122223333:assumed-role/kf-user-demo/web' });
      await nothingLeft();
    });
  });

  it('is refused a role that does not trust the account, by the command and not before', async () => {
    const { stdout, code } = await exec([
      WHO,
      '--role',
      'arn:aws:iam::111122223333:role/kf-admin-demo',
      '--',
      process.execPath,
      workload,
      'get-caller-identity',
    ]);
    expect([code, JSON.parse(stdout).code]).toEqual([1, 'AccessDenied']);
  });

  it('is stopped by an interrupt that comes before the command begins', async () => {
    const script = join(home, 'slow-plugin');
    await writeFile(script, '#!/bin/sh\nsleep 30\n');
    await chmod(script, 0o755);
    const kubeconfig = join(home, 'slow.json');
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: script, interactiveMode: 'Never' } };
    await writeFile(
      kubeconfig,
      JSON.stringify({
        'current-context': 'c',
        clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      }),
    );
    const running = start([WHO, '--kubeconfig', kubeconfig, '--', 'sh', '-c', 'echo ran']);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    running.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (running.child.exitCode === null) running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 130, stdout: '' });
    await rm(temporary, { recursive: true });
    await mkdir(temporary);
  });
});
