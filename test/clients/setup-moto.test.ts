import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asked, destroyWith, planWith, setupOptions, setupPorts, statusWith } from '../../src/app/run-setup.ts';
import { createIamPolicies } from '../../src/aws/iam-policies.ts';
import { createIamProviders } from '../../src/aws/iam-providers.ts';
import { createIamRoles } from '../../src/aws/iam-roles.ts';
import type { SetupPorts } from '../../src/setup/ports.ts';
import { SetupWorld } from '../support/setup-world.ts';
import { built, tool } from './support/toolchain.ts';

const requirements = join(import.meta.dirname, 'drivers/moto-requirements.txt');
const ISSUER = 'https://irsa.example.com/demo';
const moto = await built('moto', [requirements], async (folder) => {
  await tool('python3', ['-m', 'venv', folder]);
  await tool(join(folder, 'bin/pip'), ['install', '--quiet', '--requirement', requirements]);
});

/** A port that was free a moment ago: moto takes no 0. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** IAM and STS are moto's, which nobody here wrote; the cluster is in memory. */
describe.skipIf('skipped' in moto)('setup against moto', () => {
  let server: ChildProcess;
  let target: Parameters<typeof setupPorts>[0];
  let ports: SetupPorts;

  beforeAll(async () => {
    if ('skipped' in moto) return;
    const port = await freePort();
    server = spawn(join(moto.folder, 'bin/moto_server'), ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    const endpoint = `http://127.0.0.1:${port}`;
    for (let tries = 0; tries < 100; tries += 1) {
      if (
        await fetch(endpoint).then(
          () => true,
          () => false,
        )
      )
        break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    target = { region: 'us-west-2', endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    const world = new SetupWorld();
    world.issuer = ISSUER;
    // No client of Kubernetes is made: of these ports only the AWS side is used.
    const { aws } = setupPorts(target, {} as never);
    ports = { aws, kube: world.ports().kube };
  });
  afterAll(() => server?.kill());

  const asked = (): Asked => ({
    request: {
      cluster: 'demo',
      region: 'us-west-2',
      namespace: 'kubeflow',
      enablePodIamPolicy: true,
      enableNodeGroupLog: true,
      outside: [],
    },
    region: 'us-west-2',
    options: setupOptions({ selfManaged: true, pipelinesBucket: 'artifacts' }).options,
  });

  it('applies, finds nothing left to do, mends drift and takes down', async () => {
    const plan = await planWith(asked(), ports);
    expect(plan.summary).toMatchObject({ change: 0, conflict: 0, keep: 1 });
    await plan.apply(() => undefined);
    expect((await planWith(asked(), ports)).summary).toMatchObject({ create: 0, change: 0, delete: 0, conflict: 0 });
    expect((await statusWith(asked(), ports)).ok).toBe(true);

    const role = await createIamRoles(target).get('kf-admin-demo');
    expect(role?.tags).toMatchObject({ 'podrole.dev/cluster': ISSUER, 'podrole.dev/owner': 'setup' });
    const providerArn = `arn:aws:iam::${plan.site.account}:oidc-provider/irsa.example.com/demo`;
    expect(await createIamProviders(target).get(providerArn)).toMatchObject({ issuer: ISSUER, clientIds: ['sts.amazonaws.com'] });

    await createIamPolicies(target).deleteInline('kf-admin-demo', 'podrole-pipelines');
    const drift = await planWith(asked(), ports);
    expect(drift.summary).toMatchObject({ create: 1, change: 0, delete: 0, conflict: 0 });
    await drift.apply(() => undefined);

    const consent = { deleteProfiles: false, detachPolicies: false, retain: [] };
    await (await destroyWith(asked(), ports, consent)).apply(() => undefined);
    expect((await createIamRoles(target).list()).map(({ name }) => name)).toEqual([]);
    expect(await createIamProviders(target).get(providerArn)).toBeUndefined();
  });

  it('takes a foreign role over with consent only, and leaves it at the end', async () => {
    await createIamRoles(target).create({
      name: 'kf-admin-demo',
      trustPolicy:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}',
      tags: { 'kubeflow/cluster-name': 'kf-admin-demo' },
    });
    expect((await planWith(asked(), ports)).summary.conflict).toBe(1);
    const adopting = { ...asked(), options: setupOptions({ selfManaged: true, adopt: true }).options };
    await (await planWith(adopting, ports)).apply(() => undefined);
    const role = await createIamRoles(target).get('kf-admin-demo');
    expect(role?.trustPolicy).toContain('ec2.amazonaws.com');
    expect(role?.trustPolicy).toContain('system:serviceaccount:kubeflow:kf-admin');
    const consent = { deleteProfiles: false, detachPolicies: false, retain: ['provider/irsa.example.com/demo'] };
    await (await destroyWith(adopting, ports, consent)).apply(() => undefined);
    expect((await createIamRoles(target).list()).map(({ name }) => name)).toEqual(['kf-admin-demo']);
  });
});
