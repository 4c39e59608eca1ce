import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StartedSandbox, startSandbox } from '../../src/app/sandbox-api.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { connectKube } from '../../src/kube/client/connect.ts';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import { loadKubeconfig } from '../../src/kube/client/kubeconfig.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { runPodrole, startPodrole } from '../support/run-podrole.ts';

/** A sandbox stands for a cluster that was there before; `npm run test:cluster` walks on a real one. */
describe('podrole up --kubeconfig', () => {
  let home: string;
  let cluster: StartedSandbox;
  let kube: KubeClient;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-home-'));
    cluster = await startSandbox();
    kube = connectKube(await loadKubeconfig({ path: cluster.kubeconfig, env: {}, clock: systemClock() }), { userAgent: 'test' });
    // A cluster without the Profile CRD.
    await kube.delete(resources.customResourceDefinitions, { name: 'profiles.kubeflow.org' });
    while ((await contents()).includes('profiles.kubeflow.org')) await new Promise((resolve) => setTimeout(resolve, 10));
  });
  afterEach(async () => {
    kube.close();
    await cluster.close();
    await rm(home, { recursive: true, force: true });
  });

  async function contents(): Promise<readonly string[]> {
    const kinds = [resources.namespaces, resources.customResourceDefinitions, resources.mutatingWebhookConfigurations];
    const lists = await Promise.all(kinds.map((kind) => kube.list(kind, {})));
    return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name ?? ''));
  }
  const up = (...more: readonly string[]): readonly string[] => ['up', '--kubeconfig', cluster.kubeconfig, '-o', 'json', ...more];

  it('walks there and leaves the cluster as it was', async () => {
    const before = await contents();
    const { code, stdout } = await runPodrole(up('--once'), { home });
    const steps = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly kind: string; readonly ok?: boolean; readonly observed?: string });
    expect(steps.map(({ kind, ok }) => `${kind} ${ok ?? ''}`.trim())).toEqual([...Array.from({ length: 6 }, () => 'Step true'), 'Ready']);
    // Its AWS knows the issuer of the cluster, not one of its own.
    expect(steps[0]?.observed).toContain(`OIDC provider ${cluster.issuer.replace('https://', '')}`);
    expect(code).toBe(0);
    expect(await contents()).toEqual(before);
  });

  it('gives the cluster back when it is interrupted', async () => {
    const before = await contents();
    const running = startPodrole(up(), { home });
    await running.line((line) => line.includes('"step":2'));
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(await contents()).toEqual(before);
  });

  it('leaves a Profile alone that somebody else makes meanwhile, and says so', async () => {
    const running = startPodrole(up(), { home });
    await running.line((line) => line.includes('"kind":"Ready"'));
    const owner = { kind: 'User', name: 'somebody@example.com' };
    const theirs = {
      apiVersion: 'kubeflow.org/v1',
      kind: 'Profile',
      metadata: { name: 'theirs', finalizers: ['example.com/theirs'] },
      spec: { owner },
    };
    await kube.create(resources.profiles, theirs);
    running.child.kill('SIGINT');
    const { code, stdout } = await running.ended;
    expect([code, JSON.parse(stdout.slice(stdout.lastIndexOf('\n{\n')))]).toEqual([
      130,
      expect.objectContaining({ code: 'cluster-not-clean', message: expect.stringContaining('theirs') }),
    ]);
    const kept = await kube.get(resources.profiles, { name: 'theirs' });
    expect(kept.metadata.deletionTimestamp).toBeUndefined();
    expect(kept.metadata.finalizers).toContain('example.com/theirs');
    const left = await contents();
    expect(left).toContain('profiles.kubeflow.org');
    expect(left).not.toContain('user-a');
    expect(left).not.toContain('pod-identity-webhook');
  });

  it('keeps out of a cluster that has what the walk would change, and touches nothing of it', async () => {
    await kube.create(resources.namespaces, { metadata: { name: 'user-a' } });
    const before = await contents();
    const { code, stdout } = await runPodrole(up('--once'), { home });
    expect([code, JSON.parse(stdout)]).toEqual([
      3,
      expect.objectContaining({
        code: 'cluster-occupied',
        message: 'the cluster already has namespace/user-a, which the walk would change and delete',
      }),
    ]);
    expect(await contents()).toEqual(before);
  });
});
