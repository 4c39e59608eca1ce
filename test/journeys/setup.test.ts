import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Embedded } from '../../src/app/embedded.ts';
import { createIamRoles } from '../../src/aws/iam-roles.ts';
import type { AwsSnapshot } from '../../src/sandbox/aws/store/snapshot.ts';
import { type Ended, root, runPodrole, startPodrole } from '../support/run-podrole.ts';
import { openEmbeddedOfRun } from '../support/worlds/embedded-world.ts';
import { worldSkipped } from '../support/worlds/world.ts';

const FILE = join(root, 'examples/kfctl_aws.yaml');

interface PlanDocument {
  readonly kind: string;
  readonly applied?: boolean;
  readonly digest?: string;
  readonly summary?: Readonly<Record<string, number>>;
  readonly items: readonly { readonly verb: string; readonly object: string; readonly reason: string }[];
}

describe.skipIf(worldSkipped() !== undefined)('podrole setup', () => {
  let embedded: Embedded;
  let empty: AwsSnapshot;
  /** Stands in the way of every request to AWS; each test sets its own. */
  let hold: (action: string) => Promise<void> = async () => undefined;

  beforeAll(async () => {
    embedded = await openEmbeddedOfRun({
      aws: (handler) => async (request) => {
        await hold(new URLSearchParams(await request.clone().text()).get('Action') ?? '');
        return handler(request);
      },
    });
    empty = embedded.sandbox.aws.snapshot();
  });
  afterAll(() => embedded?.close());
  beforeEach(() => {
    hold = async () => undefined;
    embedded.sandbox.aws.restore(empty);
  });

  const environment = (): Parameters<typeof runPodrole>[1] => ({
    home: embedded.folder,
    env: {
      KUBECONFIG: embedded.sandbox.kubeconfig,
      AWS_ENDPOINT_URL: embedded.sandbox.awsEndpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      // kfctl's clients followed this and not the file.
      AWS_REGION: 'eu-north-1',
    },
  });
  const setup = (...args: readonly string[]): Promise<Ended> => runPodrole(['setup', ...args], environment());
  const json = ({ stdout }: Ended): PlanDocument => JSON.parse(stdout) as PlanDocument;
  const roles = async (): Promise<readonly string[]> =>
    (await createIamRoles(embedded.sandbox.adminTarget).list()).map(({ name }) => name).sort();

  it('plans, applies, reports and takes down', async () => {
    const planned = await setup('plan', '-f', FILE, '-o', 'json', '--exit-code');
    expect(json(planned)).toMatchObject({ kind: 'Plan', summary: { create: 10, change: 0, delete: 0, keep: 0, conflict: 0 } });
    expect(planned.code).toBe(1);

    const applied = await setup('apply', '-f', FILE, '--yes');
    expect(applied.stderr).toMatch(/√ 10\/10 create \S+\nnext: podrole setup status -f \S+\n$/);
    expect(applied.code).toBe(0);
    expect(await roles()).toEqual(['kf-admin-demo', 'kf-user-demo']);

    const again = await setup('plan', '-f', FILE, '--exit-code');
    expect(again.stdout).toContain('0 to create, 0 to change, 11 kept, 0 in conflict');
    expect(again.code).toBe(0);
    const status = await setup('status', '-f', FILE);
    expect(status.stdout).toMatch(/√ ok +role\/kf-admin-demo {2}made by podrole setup\n/);
    expect(status.stdout).toMatch(/trust policy of kf-admin-demo: \d+ of 2048 \(\d+ %\) characters\n/);
    expect(status.code).toBe(0);

    const destroyed = await setup('destroy', '-f', FILE, '--yes', '-o', 'json');
    expect(json(destroyed)).toMatchObject({ applied: true, summary: { delete: 9, conflict: 0 } });
    expect(await roles()).toEqual([]);
    const gone = await setup('destroy', '-f', FILE, '-o', 'json', '--yes');
    expect(json(gone).items.map(({ verb, object }) => `${verb} ${object}`)).toEqual(['keep namespace/kubeflow']);
  });

  it('asks nobody where nobody is, and changes nothing then', async () => {
    const ended = await setup('apply', '-f', FILE);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('nobody is there to be asked');
    expect(await roles()).toEqual([]);
  });

  it('carries out a saved plan, and refuses it once the world has changed', async () => {
    const file = join(embedded.folder, 'plan.json');
    expect((await setup('plan', '-f', FILE, '--save', file)).code).toBe(0);
    const saved = JSON.parse(await readFile(file, 'utf8')) as PlanDocument;
    expect(saved.kind).toBe('SavedPlan');
    await createIamRoles(embedded.sandbox.adminTarget).create({
      name: 'kf-user-demo',
      trustPolicy:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}',
      tags: {},
    });
    const stale = await setup('apply', '--plan', file, '-o', 'json');
    expect(json(stale)).toMatchObject({ kind: 'Error', code: 'plan-stale' });
    expect(stale.code).toBe(1);
    expect(await roles()).toEqual(['kf-user-demo']);
    embedded.sandbox.aws.restore(empty);
    expect((await setup('apply', '--plan', file)).code).toBe(0);
    expect(await roles()).toEqual(['kf-admin-demo', 'kf-user-demo']);
    // Back to where the other tests begin.
    await setup('destroy', '-f', FILE, '--yes');
  });

  it.each([
    [
      'a region that the cluster is not in',
      ['--region', 'eu-mars-1'],
      3,
      /not in region eu-mars-1: the kube context is a cluster of region us-west-2/,
    ],
    ['a cluster that does not exist', ['--cluster', 'folder'], 3, /cluster folder is not in account 111122223333, region us-west-2/],
    ['a region in China', ['--region', 'cn-north-1'], 3, /partition aws-cn, the credentials .* are of partition aws/],
    ['a template that merges roles', ['--role-names', 'kf'], 2, /--role-names: it must hold \{role\}/],
    ['an unknown context', ['--context', 'nowhere'], 3, /nowhere/],
  ] as const)('refuses %s before it writes anything', async (_, flags, code, message) => {
    const ended = await setup('apply', '-f', FILE, '--yes', ...flags);
    expect(ended.stderr).toMatch(message);
    if (code === 3) expect(ended.stderr).toContain('hint');
    expect(ended.code).toBe(code);
    expect(await roles()).toEqual([]);
  });

  it('tells all problems of a file with their places', async () => {
    const file = join(embedded.folder, 'bad.yaml');
    await writeFile(
      file,
      'kind: KfDef\napiVersion: v9\nmetadata: {name: demo}\nspec: {plugins: [{kind: KfAwsPlugin, spec: {region: moon}}]}\n',
    );
    const ended = await setup('plan', '-f', file);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(`${file}:2:13: apiVersion must be one of`);
    expect(ended.stderr).toContain(`${file}:4:53: "moon" is not an AWS region`);
  });

  it('has nothing to do where pods shall have no roles', async () => {
    const file = join(embedded.folder, 'off.yaml');
    await writeFile(file, (await readFile(FILE, 'utf8')).replace('enablePodIamPolicy: true', 'enablePodIamPolicy: false'));
    const ended = await setup('apply', '-f', file);
    expect(ended.stderr).toContain('enablePodIamPolicy is not true: nothing to do');
    expect(ended.code).toBe(0);
  });

  it('names a self-managed cluster by its issuer and asks EKS nothing', async () => {
    const asked: string[] = [];
    hold = async (action) => void asked.push(action);
    const ended = await setup('apply', '-f', FILE, '--self-managed', '--yes', '-o', 'json');
    expect(ended.code).toBe(0);
    expect(asked).not.toContain('');
    const role = await createIamRoles(embedded.sandbox.adminTarget).get('kf-admin-demo');
    expect(role?.tags['podrole.dev/cluster']).toBe(embedded.sandbox.issuer);
    expect((await setup('destroy', '-f', FILE, '--self-managed', '--yes')).code).toBe(0);
    expect(await roles()).toEqual([]);
  });

  it('twice at once makes what once makes', async () => {
    const both = await Promise.all([setup('apply', '-f', FILE, '--yes'), setup('apply', '-f', FILE, '--yes')]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect((await setup('plan', '-f', FILE, '--exit-code')).code).toBe(0);
    await setup('destroy', '-f', FILE, '--yes');
  });

  it('interrupted ends after the step under way, says how to go on, and goes on', async () => {
    let running: ReturnType<typeof startPodrole> | undefined;
    let interrupted = false;
    hold = async (action) => {
      if (action !== 'CreateRole') return;
      // Once: a second Ctrl-C does not wait for anything.
      if (!interrupted) running?.child.kill('SIGINT');
      interrupted = true;
      await new Promise((resolve) => setTimeout(resolve, 300));
    };
    running = startPodrole(['setup', 'apply', '-f', FILE, '--yes'], environment());
    const ended = await running.ended;
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(/stopped with \d of \d+ steps done; what is done stays done\. To go on: podrole setup apply -f \S+\n/);
    expect(await roles()).toEqual(['kf-admin-demo', 'kf-user-demo']);
    hold = async () => undefined;
    expect((await setup('apply', '-f', FILE, '--yes')).code).toBe(0);
    expect((await setup('plan', '-f', FILE, '--exit-code')).code).toBe(0);
    await setup('destroy', '-f', FILE, '--yes');
  });

  it('killed in the middle goes on where it was', async () => {
    let running: ReturnType<typeof startPodrole> | undefined;
    hold = async (action) => {
      if (action === 'PutRolePolicy') running?.child.kill('SIGKILL');
    };
    running = startPodrole(['setup', 'apply', '-f', FILE, '--yes'], environment());
    expect((await running.ended).code).toBeNull();
    hold = async () => undefined;
    expect((await setup('apply', '-f', FILE, '--yes')).code).toBe(0);
    expect((await setup('plan', '-f', FILE, '--exit-code')).code).toBe(0);
    await setup('destroy', '-f', FILE, '--yes');
  });
});
