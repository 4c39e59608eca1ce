import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { runPodrole, startPodrole } from '../support/run-podrole.ts';
import { type BareCluster, openBareCluster } from '../support/worlds/bare-cluster.ts';
import { worldSkipped } from '../support/worlds/world.ts';

describe.skipIf(worldSkipped() !== undefined)('podrole up --kubeconfig', () => {
  let home: string;
  let cluster: BareCluster;
  let kube: KubeClient;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-home-'));
    cluster = await openBareCluster();
    ({ kube } = cluster);
  });
  afterEach(async () => {
    await cluster.close();
    await rm(home, { recursive: true, force: true });
  });

  const contents = (): Promise<readonly string[]> => cluster.contents();
  const theirs = (name: string): KubeObject => ({
    apiVersion: 'kubeflow.org/v1',
    kind: 'Profile',
    metadata: { name, finalizers: ['example.com/theirs'] },
    spec: { owner: { kind: 'User', name: 'somebody@example.com' } },
  });
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
    await kube.create(resources.profiles, theirs('theirs'));
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

  it('leaves the Profile CRD to a cluster that had it, as it was', async () => {
    await cluster.installCrd();
    const name = 'profiles.kubeflow.org';
    const had = await kube.get(resources.customResourceDefinitions, { name });
    expect((await runPodrole(up('--once'), { home })).code).toBe(0);
    const { metadata } = await kube.get(resources.customResourceDefinitions, { name });
    expect([metadata.uid, metadata.deletionTimestamp, metadata.labels, metadata.annotations]).toEqual([
      had.metadata.uid,
      undefined,
      had.metadata.labels,
      had.metadata.annotations,
    ]);
    expect((await kube.list(resources.profiles, {})).items).toEqual([]);
  });

  it('keeps out of a cluster with a Profile of somebody else’s, whatever its name', async () => {
    await cluster.installCrd();
    const made = await kube.create(resources.profiles, theirs('team-x'));
    const before = await contents();
    const { code, stdout } = await runPodrole(up('--once'), { home });
    expect([code, JSON.parse(stdout)]).toEqual([
      3,
      expect.objectContaining({ code: 'cluster-occupied', message: expect.stringContaining('already has profile/team-x') }),
    ]);
    expect(await contents()).toEqual(before);
    const { metadata } = await kube.get(resources.profiles, { name: 'team-x' });
    expect([metadata.resourceVersion, metadata.deletionTimestamp]).toEqual([made.metadata.resourceVersion, undefined]);
  });
});
