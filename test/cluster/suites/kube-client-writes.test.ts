import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KubeApiError, KubeTransportError } from '../../../src/kube/client/errors.ts';
import type { KubeClient } from '../../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../../src/kube/core/object.ts';
import { resources } from '../../../src/kube/core/resource.ts';
import { microTime } from '../../../src/kube/runtime/micro-time.ts';
import { inWorld } from '../../support/worlds/world.ts';
import { refusal } from './refusal.ts';

inWorld('kube-client: writes', (world) => {
  const namespace = `writes-${randomBytes(3).toString('hex')}`;
  let kube: KubeClient;
  beforeAll(async () => {
    kube = world().kubeClient();
    await kube.create(resources.namespaces, { metadata: { name: namespace } });
  });
  afterAll(async () => {
    await kube.delete(resources.namespaces, { name: namespace });
    kube.close();
  });
  const map = (name: string, data: Record<string, string>, more: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name, ...more },
    data,
  });
  const read = (name: string): Promise<KubeObject> => kube.get(resources.configMaps, { namespace, name });

  it('a PUT of what somebody changed meanwhile is a conflict that names the object', async () => {
    const seen = await kube.create(resources.configMaps, map('conflict', { a: '1' }));
    await kube.mergePatch(resources.configMaps, { namespace, name: 'conflict' }, { data: { a: '2' } });
    const error = await refusal(kube.replace(resources.configMaps, { ...seen, data: { a: '3' } }));
    expect(error.httpStatus).toBe(409);
    expect(error.retry).toBe('backoff');
    expect(error.status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'Operation cannot be fulfilled on configmaps "conflict": the object has been modified; please apply your changes to the latest version and try again',
      reason: 'Conflict',
      details: { name: 'conflict', kind: 'configmaps' },
      code: 409,
    });
    expect((await read('conflict')).data).toEqual({ a: '2' });
  });

  it('what exists is not created again', async () => {
    await kube.create(resources.configMaps, map('twice', {}));
    const error = await refusal(kube.create(resources.configMaps, map('twice', {})));
    expect([error.httpStatus, error.status.reason, error.status.message]).toEqual([
      409,
      'AlreadyExists',
      'configmaps "twice" already exists',
    ]);
  });

  it('what does not change leaves the version as it was', async () => {
    const made = await kube.create(resources.configMaps, map('still', { a: '1' }));
    const patched = await kube.mergePatch(resources.configMaps, { namespace, name: 'still' }, { data: { a: '1' } });
    expect(patched.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  it('a dry run says what would be, and nothing is', async () => {
    const answer = await kube.create(resources.configMaps, map('dry', { a: '1' }), { dryRun: true });
    expect(answer.data).toEqual({ a: '1' });
    expect(await kube.find(resources.configMaps, { namespace, name: 'dry' })).toBeUndefined();
  });

  it('appliers own what they applied: a second one is refused by name, and may take over by force', async () => {
    const apply = (fieldManager: string, data: Record<string, string>, force = false): Promise<KubeObject> =>
      kube.apply(resources.configMaps, map('owned', data), { fieldManager, force });
    await apply('first', { a: '1', b: '1' });
    const error = await refusal(apply('second', { a: '2' }));
    expect([error.httpStatus, error.status.reason]).toEqual([409, 'Conflict']);
    expect(error.status.message).toBe('Apply failed with 1 conflict: conflict with "first": .data.a');
    expect(error.status.details).toEqual({
      causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "first"', field: '.data.a' }],
    });
    await apply('second', { a: '2' }, true);
    // The first applier gives up what it no longer lists, and what was taken from it stays.
    await apply('first', { c: '1' });
    expect((await read('owned')).data).toEqual({ a: '2', c: '1' });
    const owners = (await read('owned')).metadata.managedFields as readonly { readonly manager: string; readonly operation: string }[];
    expect(owners.map(({ manager, operation }) => `${manager} ${operation}`).sort()).toEqual(['first Apply', 'second Apply']);
  });

  it('applying the same again changes nothing', async () => {
    const first = await kube.apply(resources.configMaps, map('same', { a: '1' }), { fieldManager: 'one' });
    const second = await kube.apply(resources.configMaps, map('same', { a: '1' }), { fieldManager: 'one' });
    expect(second).toEqual(first);
  });

  it('a plain write belongs to the first word of the user agent', async () => {
    await kube.create(resources.configMaps, map('agent', { a: '1' }));
    const [entry] = (await read('agent')).metadata.managedFields as readonly { readonly manager: string; readonly operation: string }[];
    expect(entry).toMatchObject({ manager: 'podrole-suite', operation: 'Update' });
  });

  it('a JSON patch whose test fails changes nothing', async () => {
    await kube.create(resources.configMaps, map('tested', { a: '1' }));
    const patch = [
      { op: 'replace', path: '/data/a', value: '2' },
      { op: 'test', path: '/data/a', value: '9' },
    ];
    const error = await refusal(kube.jsonPatch(resources.configMaps, { namespace, name: 'tested' }, patch));
    expect([error.httpStatus, error.status.reason]).toEqual([422, 'Invalid']);
    expect((await read('tested')).data).toEqual({ a: '1' });
  });

  it('a deletion of another incarnation is refused', async () => {
    await kube.create(resources.configMaps, map('precious', {}));
    const uid = '00000000-0000-0000-0000-000000000000';
    const error = await refusal(kube.delete(resources.configMaps, { namespace, name: 'precious' }, { preconditions: { uid } }));
    expect([error.httpStatus, error.status.reason]).toEqual([409, 'Conflict']);
  });

  it('a finalizer holds a deletion until it is taken off', async () => {
    await kube.create(resources.configMaps, map('held', {}, { finalizers: ['podrole.dev/test'] }));
    await kube.delete(resources.configMaps, { namespace, name: 'held' });
    expect((await read('held')).metadata.deletionTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    await kube.mergePatch(resources.configMaps, { namespace, name: 'held' }, { metadata: { finalizers: null } });
    expect(await kube.find(resources.configMaps, { namespace, name: 'held' })).toBeUndefined();
  });

  it('a lease takes times of six decimals, as ours are written, and no others', async () => {
    const lease = (name: string, renewTime: string): KubeObject => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name },
      spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime },
    });
    const now = new Date('2026-11-24T06:54:49.241Z');
    const stored = await kube.create(resources.leases, lease('good', microTime(now)));
    expect((stored.spec as { readonly renewTime: string }).renewTime).toBe('2026-11-24T06:54:49.241000Z');
    const error = await refusal(kube.create(resources.leases, lease('bad', now.toISOString())));
    expect([error.httpStatus, error.status.reason]).toEqual([400, 'BadRequest']);
  });

  it('unknown fields are dropped with a warning', async () => {
    const heard: string[] = [];
    const warned = world().kubeClient({ onWarning: (warnings) => heard.push(...warnings) });
    const stored = await warned.create(resources.configMaps, { ...map('unknown', {}), nope: 1 } as KubeObject);
    warned.close();
    expect(heard).toEqual(['unknown field "nope"']);
    expect(stored.nope).toBeUndefined();
  });

  it('a request that takes too long is given up, and its outcome is not known', async () => {
    const impatient = world().kubeClient({ timeoutMs: 200 });
    // A version of the future is waited for, three seconds long.
    await expect(impatient.list(resources.configMaps, { namespace, resourceVersion: '99999999' })).rejects.toThrow(KubeTransportError);
    impatient.close();
  });

  it('a refusal in time is a refusal', async () => {
    const error = await refusal(kube.list(resources.configMaps, { namespace, resourceVersion: '99999999' }));
    expect(error).toBeInstanceOf(KubeApiError);
    expect([error.httpStatus, error.status.reason, error.retryAfterMs]).toEqual([504, 'Timeout', 1000]);
  });
});
