import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { goProgram } from '../../support/worlds/control-plane.ts';
import { inWorld } from '../../support/worlds/world.ts';

const clientGo = await goProgram('client-go');

inWorld('@kubernetes/client-node', (world) => {
  const namespace = `client-node-${randomBytes(3).toString('hex')}`;
  const config = new KubeConfig();
  let core: CoreV1Api;
  beforeAll(async () => {
    config.loadFromFile(world().sandbox.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
  });
  afterAll(() => core.deleteNamespace({ name: namespace }));

  it('an informer sees what is there, what comes, what changes and what goes', async () => {
    const labels = { watched: 'yes' };
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'before', labels }, data: { n: '1' } } });
    const events: string[] = [];
    const informer = makeInformer<V1ConfigMap>(
      config,
      `/api/v1/namespaces/${namespace}/configmaps`,
      () => core.listNamespacedConfigMap({ namespace, labelSelector: 'watched=yes' }),
      'watched=yes',
    );
    const failures: unknown[] = [];
    informer.on('add', ({ metadata }) => events.push(`add ${metadata?.name}`));
    informer.on('update', ({ metadata, data }) => events.push(`update ${metadata?.name} ${data?.n}`));
    informer.on('delete', ({ metadata }) => events.push(`delete ${metadata?.name}`));
    informer.on('error', (error: unknown) => failures.push(error));
    await informer.start();
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'later', labels } } });
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'unwatched' } } });
    await core.replaceNamespacedConfigMap({ namespace, name: 'before', body: { metadata: { name: 'before', labels }, data: { n: '2' } } });
    await core.deleteNamespacedConfigMap({ namespace, name: 'before' });
    await expect.poll(() => events, { timeout: 10_000 }).toEqual(['add before', 'add later', 'update before 2', 'delete before']);
    expect(informer.list().map(({ metadata }) => metadata?.name)).toEqual(['later']);
    expect(failures).toEqual([]);
    // It reports its own end as an error.
    await informer.stop();
  });
});

inWorld('client-go', (world) => {
  it.skipIf('skipped' in clientGo)('shared informers, server-side apply and leader election by a lease', async () => {
    const program = 'program' in clientGo ? clientGo.program : '';
    const namespace = `client-go-${randomBytes(3).toString('hex')}`;
    const { stdout } = await promisify(execFile)(program, [world().sandbox.kubeconfig, namespace]);
    expect(stdout.trimEnd().split('\n')).toEqual([
      'informer *v1.ConfigMap synced: true',
      'an update of what changed meanwhile: conflict true',
      'events: added a, updated a, deleted a',
      'apply against another\'s field: conflict true, Apply failed with 1 conflict: conflict with "one": .metadata.annotations.x',
      'after force and withdrawal: map[x:2], owned by two Apply',
      'strategic merge: 2 secrets',
      'secret named by prefix: true, data dg==',
      'listed 1 SecretList',
      'nobody: not found true',
      'terms: first, second; held by second',
    ]);
  });
});
