import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../../../../test/conformance/server.ts';
import { FakeClock } from '../../../../test/support/fake-clock.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const PROFILES = '/apis/kubeflow.org/v1/profiles';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const definition = {
  metadata: { name: 'profiles.kubeflow.org' },
  spec: {
    group: 'kubeflow.org',
    scope: 'Cluster',
    names: { plural: 'profiles', kind: 'Profile' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

let clock: FakeClock;
let world: World;

beforeEach(async () => {
  clock = new FakeClock();
  world = await startWorld({ clock });
  await clock.advance(1);
});
afterEach(() => world.api.close());

const get = async (path: string) => (await world.ask({ path })).json();
const status = async (path: string): Promise<number> => (await world.ask({ path })).status;
const patch = (path: string, body: object): Promise<Response> =>
  world.ask({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
const remove = (path: string, body?: object): Promise<Response> => world.ask({ method: 'DELETE', path, ...(body ? { body } : {}) });

async function makeOwned(
  path: string,
  name: string,
  owner: { readonly kind: string; readonly apiVersion: string; readonly name: string; readonly uid: string },
  extra: object = {},
): Promise<void> {
  await world.make(path, { metadata: { name, ownerReferences: [{ ...owner, ...extra }] } });
}

async function makeOwner(): Promise<{ readonly kind: string; readonly apiVersion: string; readonly name: string; readonly uid: string }> {
  await world.make(CONFIG_MAPS, { metadata: { name: 'owner' } });
  const { metadata } = await get(`${CONFIG_MAPS}/owner`);
  return { kind: 'ConfigMap', apiVersion: 'v1', name: 'owner', uid: metadata.uid };
}

describe('namespaces', () => {
  test('have a default service account and the CA, which come back when they are deleted', async () => {
    await world.make('/api/v1/namespaces', { metadata: { name: 'n' } });
    await clock.advance(1);
    expect(await get('/api/v1/namespaces/n/configmaps/kube-root-ca.crt')).toMatchObject({ data: { 'ca.crt': 'the CA\n' } });
    await remove('/api/v1/namespaces/n/serviceaccounts/default');
    await clock.advance(1);
    expect(await status('/api/v1/namespaces/n/serviceaccounts/default')).toBe(200);
  });

  test('go with all that is in them', async () => {
    await world.make('/api/v1/namespaces', { metadata: { name: 'n' } });
    await clock.advance(1);
    await world.make('/api/v1/namespaces/n/secrets', { metadata: { name: 's' } });
    const answer = await (await remove('/api/v1/namespaces/n')).json();
    expect(answer).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
    await clock.advance(1);
    expect(await status('/api/v1/namespaces/n')).toBe(404);
    expect(await status('/api/v1/namespaces/n/secrets/s')).toBe(404);
    expect(world.api.store.list('serviceaccounts', 'n/')).toStrictEqual([]);
  });

  test('wait for finalizers inside, and say for which', async () => {
    await world.make('/api/v1/namespaces', { metadata: { name: 'n' } });
    await world.make('/api/v1/namespaces/n/configmaps', { metadata: { name: 'held', finalizers: ['x.y/z'] } });
    await remove('/api/v1/namespaces/n');
    await clock.advance(1);
    const { status: found } = await get('/api/v1/namespaces/n');
    expect(found.conditions).toContainEqual(
      expect.objectContaining({
        type: 'NamespaceFinalizersRemaining',
        status: 'True',
        message: 'Some content in the namespace has finalizers remaining: x.y/z in 1 resource instances',
      }),
    );
    await patch('/api/v1/namespaces/n/configmaps/held', { metadata: { finalizers: null } });
    await clock.advance(1);
    expect(await status('/api/v1/namespaces/n')).toBe(404);
  });

  test('that the cluster needs cannot be deleted', async () => {
    expect((await remove('/api/v1/namespaces/default')).status).toBe(403);
  });
});

describe('garbage collection', () => {
  test('deletes dependents after their owner', async () => {
    const owner = await makeOwner();
    await makeOwned(CONFIG_MAPS, 'dependent', owner);
    await remove(`${CONFIG_MAPS}/owner`);
    await clock.advance(1);
    expect(await status(`${CONFIG_MAPS}/dependent`)).toBe(404);
  });

  test('deletes what names an owner that never was', async () => {
    await makeOwned(CONFIG_MAPS, 'dependent', { kind: 'ConfigMap', apiVersion: 'v1', name: 'ghost', uid: 'nobody' });
    await clock.advance(1);
    expect(await status(`${CONFIG_MAPS}/dependent`)).toBe(404);
  });

  test('keeps what another owner still holds, and drops the reference to the one that is gone', async () => {
    const owner = await makeOwner();
    await world.make(CONFIG_MAPS, { metadata: { name: 'other' } });
    const { metadata } = await get(`${CONFIG_MAPS}/other`);
    const other = { kind: 'ConfigMap', apiVersion: 'v1', name: 'other', uid: metadata.uid };
    await world.make(CONFIG_MAPS, { metadata: { name: 'dependent', ownerReferences: [owner, other] } });
    await remove(`${CONFIG_MAPS}/owner`);
    await clock.advance(1);
    expect((await get(`${CONFIG_MAPS}/dependent`)).metadata.ownerReferences).toMatchObject([{ name: 'other' }]);
  });

  test('leaves what names an owner of a kind that nobody serves', async () => {
    await makeOwned(CONFIG_MAPS, 'dependent', { kind: 'Thing', apiVersion: 'x.io/v1', name: 'a', uid: 'b' });
    await clock.advance(1);
    expect(await status(`${CONFIG_MAPS}/dependent`)).toBe(200);
  });

  test('in the foreground keeps the owner until its blocking dependents are gone', async () => {
    const owner = await makeOwner();
    await world.make(CONFIG_MAPS, {
      metadata: { name: 'held', finalizers: ['x.y/z'], ownerReferences: [{ ...owner, blockOwnerDeletion: true }] },
    });
    await remove(`${CONFIG_MAPS}/owner`, { propagationPolicy: 'Foreground' });
    await clock.advance(1);
    expect((await get(`${CONFIG_MAPS}/owner`)).metadata.finalizers).toStrictEqual(['foregroundDeletion']);
    expect((await get(`${CONFIG_MAPS}/held`)).metadata.deletionTimestamp).toBeDefined();
    await patch(`${CONFIG_MAPS}/held`, { metadata: { finalizers: [] } });
    await clock.advance(1);
    expect(await status(`${CONFIG_MAPS}/owner`)).toBe(404);
  });

  test('with Orphan takes the references out and nothing else', async () => {
    const owner = await makeOwner();
    await makeOwned(CONFIG_MAPS, 'dependent', owner);
    await remove(`${CONFIG_MAPS}/owner`, { propagationPolicy: 'Orphan' });
    await clock.advance(1);
    expect(await status(`${CONFIG_MAPS}/owner`)).toBe(404);
    expect((await get(`${CONFIG_MAPS}/dependent`)).metadata.ownerReferences).toBeUndefined();
  });

  test('deletes the namespace of a cluster-scoped custom resource with all in it', async () => {
    await world.make(DEFINITIONS, definition);
    await clock.advance(1);
    await world.make(PROFILES, { apiVersion: 'kubeflow.org/v1', kind: 'Profile', metadata: { name: 'p' } });
    const { metadata } = await get(`${PROFILES}/p`);
    await makeOwned('/api/v1/namespaces', 'p', { kind: 'Profile', apiVersion: 'kubeflow.org/v1', name: 'p', uid: metadata.uid });
    await clock.advance(1);
    await world.make('/api/v1/namespaces/p/configmaps', { metadata: { name: 'inside' } });
    await remove(`${PROFILES}/p`);
    await clock.advance(1);
    expect(await status('/api/v1/namespaces/p')).toBe(404);
    expect(world.api.store.get('configmaps', 'p/inside')).toBeUndefined();
  });
});

describe('definitions', () => {
  test('are served once they are established, and no more once they are gone, with all their objects', async () => {
    expect(await status(PROFILES)).toBe(404);
    await world.make(DEFINITIONS, definition);
    await clock.advance(1);
    expect((await get(`${DEFINITIONS}/profiles.kubeflow.org`)).status.conditions).toMatchObject([
      { type: 'NamesAccepted' },
      { type: 'Established', status: 'True' },
    ]);
    await world.make(PROFILES, { apiVersion: 'kubeflow.org/v1', kind: 'Profile', metadata: { name: 'p', finalizers: ['x.y/z'] } });
    await remove(`${DEFINITIONS}/profiles.kubeflow.org`);
    await clock.advance(1);
    expect((await get(`${PROFILES}/p`)).metadata.deletionTimestamp).toBeDefined();
    await patch(`${PROFILES}/p`, { metadata: { finalizers: null } });
    await clock.advance(1);
    expect(await status(`${DEFINITIONS}/profiles.kubeflow.org`)).toBe(404);
    expect(await status(PROFILES)).toBe(404);
  });

  test('come back with a snapshot', async () => {
    await world.make(DEFINITIONS, definition);
    await clock.advance(1);
    await world.make(PROFILES, { apiVersion: 'kubeflow.org/v1', kind: 'Profile', metadata: { name: 'p' } });
    const other = await startWorld({ clock, snapshot: world.api.snapshot() });
    await clock.advance(1);
    expect((await other.ask({ path: `${PROFILES}/p` })).status).toBe(200);
    await other.api.close();
  });
});

test('events are kept for an hour after their last write', async () => {
  const events = '/api/v1/namespaces/default/events';
  await world.make(events, { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'a', namespace: 'default' }, reason: 'R' });
  await clock.advance(50 * 60_000);
  await patch(`${events}/e`, { count: 2 });
  await clock.advance(50 * 60_000);
  expect(await status(`${events}/e`)).toBe(200);
  await clock.advance(15 * 60_000);
  expect(await status(`${events}/e`)).toBe(404);
});
