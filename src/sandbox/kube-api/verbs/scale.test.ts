import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../../../../test/conformance/server.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const SCALE = `${DEPLOYMENTS}/one/scale`;

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const labels = { app: 'one' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'a:1' }] } };
  const selector = { matchLabels: labels, matchExpressions: [{ key: 'b', operator: 'In', values: ['x', 'y'] }] };
  await world.make(DEPLOYMENTS, { metadata: { name: 'one' }, spec: { replicas: 2, selector, template } });
});
afterAll(() => world.api.close());

const json = async (response: Response) => response.json();
const merge = (body: object): Promise<Response> =>
  world.ask({ method: 'PATCH', path: SCALE, body, contentType: 'application/merge-patch+json', userAgent: 'scaler/1' });

describe('the scale of a workload', () => {
  test('says how many there shall be and are, and which pods belong to it', async () => {
    const { metadata, ...scale } = await json(await world.ask({ path: SCALE }));
    expect(scale).toStrictEqual({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
      status: { replicas: 0, selector: 'app=one,b in (x,y)' },
    });
    expect(Object.keys(metadata)).toStrictEqual(['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp']);
  });

  test('is written by a patch, which owns the replicas without a time and counts as a new generation', async () => {
    const before = await json(await world.ask({ path: `${DEPLOYMENTS}/one` }));
    expect(await json(await merge({ spec: { replicas: 5 } }))).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } });
    const { metadata, spec } = await json(await world.ask({ path: `${DEPLOYMENTS}/one` }));
    expect([spec.replicas, metadata.generation]).toStrictEqual([5, before.metadata.generation + 1]);
    expect(metadata.managedFields.filter(({ subresource }: { subresource?: string }) => subresource === 'scale')).toStrictEqual([
      {
        manager: 'scaler',
        operation: 'Update',
        apiVersion: 'apps/v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
        subresource: 'scale',
      },
    ]);
  });

  test('is written whole, unless somebody else was first', async () => {
    const scale = await json(await world.ask({ path: SCALE }));
    const put = (body: object): Promise<Response> => world.ask({ method: 'PUT', path: SCALE, body });
    expect((await put({ ...scale, spec: { replicas: 0 } })).status).toBe(200);
    expect((await json(await world.ask({ path: `${DEPLOYMENTS}/one` }))).spec.replicas).toBe(0);
    expect(await json(await put({ ...scale, spec: { replicas: 1 } }))).toMatchObject({ code: 409, reason: 'Conflict' });
    const { resourceVersion: _version, ...metadata } = scale.metadata;
    expect(await json(await put({ ...scale, metadata: { ...metadata, uid: 'another' } }))).toMatchObject({
      code: 409,
      message: expect.stringContaining('Precondition failed: UID in precondition: another'),
    });
  });

  test('none at all is owned by nobody', async () => {
    await merge({ spec: { replicas: 4 } });
    await merge({ spec: { replicas: 0 } });
    const { managedFields } = (await json(await world.ask({ path: `${DEPLOYMENTS}/one` }))).metadata;
    expect(JSON.stringify(managedFields)).not.toContain('f:replicas');
  });

  test('refuses fewer than none, an apply, and a workload that is not there', async () => {
    expect(await json(await merge({ spec: { replicas: -1 } }))).toMatchObject({
      code: 422,
      message: 'Scale.autoscaling "one" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    });
    const apply = { method: 'PATCH', path: `${SCALE}?fieldManager=x`, body: {}, contentType: 'application/apply-patch+yaml' };
    expect((await world.ask(apply)).status).toBe(415);
    expect(await json(await world.ask({ path: `${DEPLOYMENTS}/none/scale` }))).toMatchObject({
      code: 404,
      message: 'deployments.apps "none" not found',
    });
  });
});
