import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Kubectl, openKubectl } from '../../support/kubectl.ts';
import { root } from '../../support/run-podrole.ts';
import { cachedKubectl } from '../../support/worlds/control-plane.ts';
import { inWorld } from '../../support/worlds/world.ts';

const found = await cachedKubectl();
const deploy = join(root, 'deploy');

inWorld('deploy/ by kubectl', (world) => {
  let kubectl: Kubectl;
  const words = (text: string): readonly string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().replace(/ {2,}/g, ' '));

  beforeAll(async () => {
    if ('skipped' in found) return;
    kubectl = await openKubectl(found.program, world().sandbox.kubeconfig);
    // What the file before on this control plane left may still be on its way out.
    await kubectl('delete', 'namespace', 'kubeflow', 'podrole', '--ignore-not-found', '--timeout=60s');
    await kubectl('create', 'namespace', 'kubeflow');
  }, 120_000);
  afterAll(async () => {
    if ('skipped' in found) return;
    // All but the CRD, which every file finds there.
    await kubectl('delete', '-k', join(deploy, 'base'), '--ignore-not-found', '--wait=false');
    // The next file on this control plane may be a walk, which wants it empty.
    await kubectl('delete', 'namespace', 'kubeflow', 'podrole', '--ignore-not-found', '--timeout=60s');
    await kubectl.close();
  }, 120_000);
  const test = it.skipIf('skipped' in found);

  test('apply -k takes all of it, again and by the server too', async () => {
    expect(await kubectl.ok('apply', '-k', deploy)).toContain('networkpolicy.networking.k8s.io/podrole-controller created\n');
    expect(await kubectl.ok('apply', '-k', deploy)).toContain('networkpolicy.networking.k8s.io/podrole-controller unchanged\n');
    const byServer = await kubectl.ok('apply', '--server-side', '--force-conflicts', '-k', deploy);
    expect(byServer).toContain('poddisruptionbudget.policy/pod-identity-webhook serverside-applied\n');
  });

  test('get shows network policies and disruption budgets', async () => {
    expect(words(await kubectl.ok('-n', 'podrole', 'get', 'netpol', '--no-headers'))[0]).toMatch(
      /^pod-identity-webhook app\.kubernetes\.io\/name=pod-identity-webhook \d+s$/,
    );
    const budgets = words(await kubectl.ok('-n', 'kubeflow', 'get', 'pdb'));
    expect(budgets[0]).toBe('NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE');
    expect(budgets[1]).toMatch(/^podrole-controller 1 N\/A 0 \d+s$/);
  });

  test('scale changes the replicas of a Deployment, if they are what is expected', async () => {
    const scale = (...args: readonly string[]) => kubectl('-n', 'kubeflow', 'scale', 'deployment', 'podrole-controller', ...args);
    const replicas = (): Promise<string> =>
      kubectl.ok('-n', 'kubeflow', 'get', 'deployment', 'podrole-controller', '-o', 'jsonpath={.spec.replicas}');
    expect((await scale('--replicas=3')).code).toBe(0);
    expect(await replicas()).toBe('3');
    expect((await scale('--replicas=1', '--current-replicas=2')).code).toBe(1);
    expect((await scale('--replicas=0', '--current-replicas=3')).code).toBe(0);
    expect(await replicas()).toBe('0');
    const shown = words(await kubectl.ok('-n', 'kubeflow', 'get', 'deployment', 'podrole-controller', '--subresource=scale'));
    expect(shown[0]).toBe('NAME DESIRED AVAILABLE AGE');
  });
});
