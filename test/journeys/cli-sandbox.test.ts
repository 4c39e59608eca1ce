import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, runPodrole, startPodrole } from '../support/run-podrole.ts';
import { openSeededWorld, type SeededWorld } from '../support/worlds/seeded-world.ts';
import { worldSkipped } from '../support/worlds/world.ts';

const ROLE = 'kf-user-demo';
const subject = (account: string): string => `system:serviceaccount:${account}`;

describe.skipIf(worldSkipped() !== undefined)('questions to a running sandbox, over its own wires', () => {
  let home: string;
  let world: SeededWorld;
  let facts: SeededWorld['facts'];
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-cli-'));
    world = await openSeededWorld(home);
    ({ facts } = world);
  });
  afterAll(async () => {
    await world.close();
    await rm(home, { recursive: true, force: true });
  });

  const admin = (): Record<string, string> => ({ ...facts.env, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  const run = (args: readonly string[], env = admin()): Promise<Ended> => runPodrole(args, { home, env });
  const provider = (): readonly string[] => ['--issuer', facts.issuer, '--account', facts.account];

  it('lists whom a role admits, of the accounts that the cluster has', async () => {
    const { code, stdout } = await run(['who-can', 'assume', ROLE]);
    expect([code, stdout]).toEqual([0, `${subject('user-a:default-editor')}\n${subject('user-b:default-editor')}\n`]);
    expect((await run(['who-can', 'assume', 'nobody'])).code).toBe(3);
  });

  it('says for one account whether it can, and why not', async () => {
    expect((await run(['can', 'sa/user-a:default-editor', 'assume', ROLE])).code).toBe(0);
    const no = await run(['can', 'sa/user-a:default-viewer', 'assume', ROLE]);
    expect(no.stdout).toContain('the policy names service account default-editor of namespace user-a, the token says default-viewer');
    expect(no.code).toBe(1);
    const audience = await run(['can', 'sa/user-a:default-editor', 'assume', ROLE, '--audience', 'other']);
    expect(audience.stdout).toContain("other is not among the provider's client ids (sts.amazonaws.com)");
    expect(audience.code).toBe(1);
    const absent = await run(['can', 'sa/user-a:nobody', 'assume', ROLE]);
    expect(absent.stderr).toContain('service account user-a:nobody does not exist in the cluster');
  });

  it('explains the very token that the sandbox gave', async () => {
    const { code, stdout } = await run(['explain', '--policy', ROLE, '--token', facts.env.AWS_WEB_IDENTITY_TOKEN_FILE ?? '']);
    expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringContaining(`lets "${subject('user-a:default-editor')}" in`)]);
  });

  it('edits a role only when told to, and reads back what it wrote', async () => {
    const edit = ['trust', 'edit', ROLE, ...provider(), '--add', 'tools:ci'];
    const shown = await run(edit);
    expect(shown.stdout).toMatch(/^\+ +"system:serviceaccount:tools:ci"$/m);
    expect([shown.code, shown.stderr]).toEqual([2, expect.stringContaining('add --yes')]);
    expect((await run([...edit, '--dry-run'])).code).toBe(0);
    expect((await run(['trust', 'show', ROLE])).stdout).not.toContain('tools:ci');
    const written = await run([...edit, '--yes', '-o', 'json']);
    expect(JSON.parse(written.stdout)).toMatchObject({ written: true, admitted: [subject('tools:ci')], quota: 2048, warnings: [] });
    const who = await run(['who-can', 'assume', ROLE]);
    expect(who.stderr).toContain(`names ${subject('tools:ci')}, which does not exist: whoever creates it gets the role`);
    expect((await run(['trust', 'edit', ROLE, '--remove', 'tools:ci', '--yes'])).code).toBe(0);
    expect((await run(['trust', 'show', ROLE])).stdout).not.toContain('tools:ci');
  });

  it('tells what STS keeps from a refused caller, to whoever holds the token file', async () => {
    const form = new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: 'arn:aws:iam::111122223333:role/none',
      RoleSessionName: 'refused',
    });
    form.set('WebIdentityToken', 'not-a-token');
    await fetch(facts.endpoint, { method: 'POST', body: form });
    const pod = { ...facts.env };
    expect((await run(['trust', 'show', ROLE], pod)).code).toBe(3);
    const { code, stdout } = await run(['sandbox', 'decisions', '--verdict', 'deny', '-o', 'json'], pod);
    const { kind, items } = JSON.parse(stdout) as { kind: string; items: { operation: string; reason: string; caller?: string }[] };
    expect([code, kind]).toEqual([0, 'DecisionList']);
    expect(items.map(({ operation, reason }) => [operation, reason])).toEqual([
      ['sts:AssumeRoleWithWebIdentity', 'token-not-compact'],
      ['iam:GetRole', 'identity-policy'],
    ]);
    expect((await stat(facts.decisionsTokenFile)).mode & 0o777).toBe(0o600);
    const stranger = await fetch(`${facts.endpoint}/_podrole/decisions`);
    expect(stranger.status).toBe(401);
    expect((await run(['sandbox', 'decisions', '--token-file', facts.env.KUBECONFIG ?? ''], pod)).code).toBe(3);
  });

  it('follows decisions as they are made, until it is interrupted', async () => {
    const following = startPodrole(['sandbox', 'decisions', '--follow', '--operation', 'iam:GetRole', '--verdict', 'allow', '-o', 'json'], {
      home,
      env: facts.env,
    });
    await following.line((line) => line.includes('"kind":"Decision"'));
    await run(['trust', 'show', 'kf-admin-demo']);
    const line = await following.line((text) => text.includes('kf-admin-demo'));
    expect(JSON.parse(line)).toMatchObject({ kind: 'Decision', operation: 'iam:GetRole', verdict: 'allow' });
    following.child.kill('SIGINT');
    expect((await following.ended).code).toBe(130);
  });

  it('starts with faults, a delay and other issuers as the flags say, and names what is wrong with them', async () => {
    const bad = await run(['sandbox', 'start', '--issuer-resolve', 'a=localhost:1', '--issuer-resolve', 'b', '-o', 'json']);
    expect((JSON.parse(bad.stdout) as { problems: unknown[] }).problems).toHaveLength(2);
    expect(bad.code).toBe(2);
    expect((await run(['sandbox', 'start', '--fault', 'iam:GetRole=Nonsense'])).code).toBe(2);
    const faulty = startPodrole(['sandbox', 'start', '--fault', 'iam:GetRole=Throttling:9', '-o', 'json'], { home });
    const { env } = JSON.parse(await faulty.line((line) => line.includes('"SandboxReady"'))) as SeededWorld['facts'];
    const throttled = await run(['trust', 'show', 'any', '-o', 'json'], {
      ...env,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    expect(JSON.parse(throttled.stdout)).toMatchObject({
      kind: 'Error',
      message: expect.stringContaining('Rate exceeded'),
      retryable: true,
    });
    faulty.child.kill('SIGTERM');
    expect((await faulty.ended).code).toBe(0);
  });
});
