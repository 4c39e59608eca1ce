import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, runPodrole, startPodrole } from '../support/run-podrole.ts';
import { existingCluster, worldSkipped } from '../support/worlds/world.ts';

interface Line {
  readonly apiVersion: string;
  readonly kind: string;
  readonly step?: number;
  readonly name?: string;
  readonly ok?: boolean;
  readonly observed?: string;
  readonly ms?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const linesOf = ({ stdout }: Ended): readonly Line[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

const existing = existingCluster();
/** On a cluster that exists already it is told which. */
const on = existing === undefined ? [] : ['--kubeconfig', existing.kubeconfig];

describe.skipIf(worldSkipped() !== undefined)('podrole up', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-home-'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it('walks the seed’s page, prints one line per step and leaves nothing behind', async () => {
    // What a developer may have lying around must not matter.
    const env = {
      AWS_PROFILE: 'production',
      AWS_ACCESS_KEY_ID: 'AKIAREAL',
      AWS_SECRET_ACCESS_KEY: 'real',
      AWS_REGION: 'eu-north-1',
      KUBECONFIG: '/nonexistent/kubeconfig',
    };
    const ended = await runPodrole(['up', '--once', '-o', 'json', ...on], { home, env });
    const lines = linesOf(ended);
    expect(lines.slice(0, -1).map(({ kind, step, ok }) => [kind, step, ok])).toEqual(
      [1, 2, 3, 4, 5, 6].map((step) => ['Step', step, true]),
    );
    expect(new Set(lines.map(({ apiVersion }) => apiVersion))).toEqual(new Set(['cli.podrole.dev/v1']));
    const observed = (step: number): string => lines[step - 1]?.observed ?? '';
    expect(observed(1)).toContain('kf-user-demo: no policy, closed');
    expect(observed(4)).toMatch(/arn:aws:sts::111122223333:assumed-role\/kf-user-demo\/\S+$/);
    expect(observed(5)).toContain('s3:GetObject before: AccessDenied');
    expect(observed(6)).toContain("user-a's old token: AccessDenied");
    expect(observed(6)).toContain('closed, not open');
    expect(Object.keys(lines.at(-1)?.env ?? {})).toEqual(
      expect.arrayContaining(['KUBECONFIG', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_STS', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE']),
    );
    expect(ended.code).toBe(0);
    // No token and no key in anything that was printed.
    expect(ended.stdout + ended.stderr).not.toMatch(/eyJ[\w-]+\.eyJ|PRIVATE KEY|ASIA[A-Z0-9]{12}/);
    expect((await readdir(home)).filter((name) => !name.startsWith('.npm'))).toEqual([]);
  });

  it('reads well for people, and walks over TLS as well as over plain HTTP', async () => {
    const { stdout, code } = await runPodrole(['up', '--once', '--aws-tls', ...on], { home });
    expect(stdout).toMatch(/^√ 1\. setup applies examples\/kfctl_aws\.yaml/);
    expect(stdout).toMatch(/\n√ 6\. /);
    expect(stdout).toContain('all 6 steps were observed');
    expect(stdout).toMatch(/\n +\+ +- name: AWS_ROLE_ARN\n/);
    expect(code).toBe(0);
  });

  it('ends in order when its reader goes away', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'podrole-pipe-'));
    const running = startPodrole(['up', '-o', 'json'], { home, env: { TMPDIR: folder } });
    await running.line((line) => line.includes('"step":1'));
    running.child.stdout?.destroy();
    expect((await running.ended).code).toBe(3);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });

  it('says what is wrong with the names it is given', async () => {
    const cluster = await runPodrole(['up', '--once', '--cluster', 'Bad Name!'], { home });
    expect([cluster.code, cluster.stderr]).toEqual([2, expect.stringContaining('letters, digits, - and _, at most 55')]);
    const region = await runPodrole(['up', '--once', '--region', ''], { home });
    expect([region.code, region.stderr]).toEqual([2, expect.stringContaining('such as us-west-2')]);
  });

  it('does not walk elsewhere than in the context that was named, and takes one from the environment for other commands', async () => {
    const { code, stdout, stderr } = await runPodrole(['up', '--once', '--context', 'prod', '--allow-remote-cluster'], { home });
    expect([code, stdout, stderr.split('\n')[0]]).toEqual([2, '', 'error: --context and --allow-remote-cluster without --kubeconfig']);
    expect((await runPodrole(['up', '--once'], { home, env: { PODROLE_CONTEXT: 'prod' } })).code).toBe(0);
  });

  it('stays up until it is told to stop, and says 130 when interrupted', async () => {
    const running = startPodrole(['up', '-o', 'json', ...on], { home });
    await running.line((line) => line.includes('"kind":"Ready"'));
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
  });

  it('exits 3 when a server cannot start', async () => {
    const first = startPodrole(['sandbox', 'start', '-o', 'json'], { home });
    const { endpoint } = JSON.parse(await first.line((line) => line.includes('"SandboxReady"'))) as { endpoint: string };
    const second = await runPodrole(['up', '--once', '--port', new URL(endpoint).port, ...on], { home });
    expect(second.code).toBe(3);
    expect(second.stderr).toContain('the sandbox did not start');
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
  });
});
