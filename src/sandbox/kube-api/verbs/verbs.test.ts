import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../../../../test/conformance/server.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.until('/api/v1/namespaces/default/serviceaccounts/default', 200);
});
afterAll(() => world.api.close());

const json = async (response: Response) => response.json();
const get = async (path: string) => json(await world.ask({ path }));
const merge = (path: string, body: object): Promise<Response> =>
  world.ask({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
const pod = (name: string, spec: object = {}): object => ({
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'a:1' }], ...spec },
});

describe('create', () => {
  test('makes up a name from generateName, another one each time', async () => {
    const make = async (): Promise<string> =>
      (await json(await world.ask({ method: 'POST', path: CONFIG_MAPS, body: { metadata: { generateName: 'g-' } } }))).metadata.name;
    const names = [await make(), await make()];
    for (const name of names) expect(name).toMatch(/^g-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(names[0]).not.toBe(names[1]);
  });

  test('under dryRun answers as if it were done and does nothing', async () => {
    const response = await world.ask({ method: 'POST', path: `${CONFIG_MAPS}?dryRun=All`, body: { metadata: { name: 'dry' } } });
    expect(response.status).toBe(201);
    const { metadata } = await json(response);
    expect(metadata.uid).toBeDefined();
    expect(metadata.resourceVersion).toBeUndefined();
    expect((await world.ask({ path: `${CONFIG_MAPS}/dry` })).status).toBe(404);
  });

  test('ignores an identity that is sent along', async () => {
    const { metadata } = await json(
      await world.ask({
        method: 'POST',
        path: CONFIG_MAPS,
        body: { metadata: { name: 'own', uid: 'mine', deletionTimestamp: '2020-01-01T00:00:00Z' } },
      }),
    );
    expect(metadata.uid).not.toBe('mine');
    expect(metadata.deletionTimestamp).toBeUndefined();
  });

  test('warns of unknown and duplicate fields, is silent under Ignore, refuses under Strict', async () => {
    const text = '{"metadata":{"name":"odd"},"data":{"a":"1","a":"2"},"nope":1}';
    const ask = (mode: string): Promise<Response> =>
      world.ask({ method: 'POST', path: `${CONFIG_MAPS}?dryRun=All&fieldValidation=${mode}`, text });
    expect((await ask('Warn')).headers.get('warning')).toBe('299 - "duplicate field \\"data.a\\"", 299 - "unknown field \\"nope\\""');
    expect((await ask('Ignore')).headers.get('warning')).toBeNull();
    expect(await json(await ask('Strict'))).toMatchObject({
      code: 400,
      message: expect.stringContaining('strict decoding error: duplicate field "data.a", unknown field "nope"'),
    });
  });

  test('by PUT is for the few kinds that allow it', async () => {
    const body = { metadata: { name: 'put' } };
    expect((await world.ask({ method: 'PUT', path: `${LEASES}/put`, body })).status).toBe(201);
    expect((await world.ask({ method: 'PUT', path: `${CONFIG_MAPS}/put`, body })).status).toBe(404);
  });
});

describe('updates', () => {
  test('of the same content change neither version nor owner', async () => {
    await world.make(CONFIG_MAPS, { metadata: { name: 'same' }, data: { a: '1' } });
    const before = await get(`${CONFIG_MAPS}/same`);
    const answer = await json(
      await world.ask({
        method: 'PUT',
        path: `${CONFIG_MAPS}/same`,
        body: { metadata: { name: 'same' }, data: { a: '1' } },
        userAgent: 'other/1',
      }),
    );
    expect(answer).toStrictEqual(before);
  });

  test('at the same time do not lose each other', async () => {
    await world.make(CONFIG_MAPS, { metadata: { name: 'busy' }, data: {} });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => merge(`${CONFIG_MAPS}/busy`, { data: { [`k${index}`]: 'x' } })),
    );
    expect(answers.map((answer) => answer.status)).toStrictEqual(Array(20).fill(200));
    expect(Object.keys((await get(`${CONFIG_MAPS}/busy`)).data)).toHaveLength(20);
  });

  test('that name a version are refused once it has passed', async () => {
    await world.make(LEASES, { metadata: { name: 'l' }, spec: { holderIdentity: 'a' } });
    const live = await get(`${LEASES}/l`);
    const put = (holderIdentity: string): Promise<Response> =>
      world.ask({ method: 'PUT', path: `${LEASES}/l`, body: { ...live, spec: { holderIdentity } } });
    const answers = await Promise.all([put('b'), put('c')]);
    expect(answers.map((answer) => answer.status).sort()).toStrictEqual([200, 409]);
  });

  test('of the main resource leave the status, those of the status leave the rest', async () => {
    await world.make(PODS, pod('split'));
    await merge(`${PODS}/split`, { status: { phase: 'Failed' }, metadata: { labels: { a: 'b' } } });
    const after = await json(await merge(`${PODS}/split/status`, { status: { phase: 'Running' }, spec: { nodeName: 'x' } }));
    expect(after).toMatchObject({ metadata: { labels: { a: 'b' }, generation: 1 }, status: { phase: 'Running' } });
    expect(after.spec.nodeName).toBeUndefined();
    expect(after.metadata.managedFields.map((entry: { subresource?: string }) => entry.subresource)).toContain('status');
  });

  test('count a generation for a changed spec alone', async () => {
    await world.make(PODS, pod('gen'));
    await merge(`${PODS}/gen`, { metadata: { annotations: { a: 'b' } } });
    expect((await get(`${PODS}/gen`)).metadata.generation).toBe(1);
    const body = [{ op: 'replace', path: '/spec/containers/0/image', value: 'a:2' }];
    await world.ask({ method: 'PATCH', path: `${PODS}/gen`, body, contentType: 'application/json-patch+json' });
    expect((await get(`${PODS}/gen`)).metadata.generation).toBe(2);
  });

  test('by strategic merge find list items by their key', async () => {
    await world.make(PODS, pod('strategic'));
    const body = { spec: { containers: [{ name: 'main', image: 'b:1' }] } };
    const after = await json(
      await world.ask({ method: 'PATCH', path: `${PODS}/strategic`, body, contentType: 'application/strategic-merge-patch+json' }),
    );
    expect(after.spec.containers).toMatchObject([{ name: 'main', image: 'b:1', imagePullPolicy: 'IfNotPresent' }]);
  });

  test('by apply own their fields, and give up those that they leave out', async () => {
    const apply = (manager: string, data: object): Promise<Response> =>
      world.ask({
        method: 'PATCH',
        path: `${CONFIG_MAPS}/applied?fieldManager=${manager}`,
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data },
        contentType: 'application/apply-patch+yaml',
      });
    expect((await apply('one', { a: '1', b: '1' })).status).toBe(201);
    expect((await apply('two', { a: '2' })).status).toBe(409);
    expect((await json(await apply('one', { a: '1' }))).data).toStrictEqual({ a: '1' });
  });
});

describe('deletes', () => {
  test('of a pod on a node wait for its grace, of any other do not', async () => {
    await world.make(PODS, pod('on-node', { nodeName: 'n' }));
    const marked = await json(await world.ask({ method: 'DELETE', path: `${PODS}/on-node` }));
    expect(marked.metadata.deletionGracePeriodSeconds).toBe(30);
    expect((await world.ask({ path: `${PODS}/on-node` })).status).toBe(200);
    await world.ask({ method: 'DELETE', path: `${PODS}/on-node?gracePeriodSeconds=0` });
    expect((await world.ask({ path: `${PODS}/on-node` })).status).toBe(404);
    await world.make(PODS, pod('nowhere'));
    await world.ask({ method: 'DELETE', path: `${PODS}/nowhere` });
    expect((await world.ask({ path: `${PODS}/nowhere` })).status).toBe(404);
  });

  test('of a collection take what the selector takes', async () => {
    for (const [name, set] of [
      ['c1', 'x'],
      ['c2', 'x'],
      ['c3', 'y'],
    ])
      await world.make(LEASES, { metadata: { name, labels: { set } } });
    await world.ask({ method: 'DELETE', path: `${LEASES}?labelSelector=set%3Dx` });
    const { items } = await get(`${LEASES}?labelSelector=set`);
    expect(items.map((item: { metadata: { name: string } }) => item.metadata.name)).toStrictEqual(['c3']);
  });

  test('with an old resourceVersion are refused', async () => {
    await world.make(CONFIG_MAPS, { metadata: { name: 'guarded' } });
    const response = await world.ask({
      method: 'DELETE',
      path: `${CONFIG_MAPS}/guarded`,
      body: { preconditions: { resourceVersion: '1' } },
    });
    expect(response.status).toBe(409);
  });
});

test('binding gives a pod its node once', async () => {
  await world.make(PODS, pod('bound'));
  const bind = (): Promise<Response> =>
    world.ask({ method: 'POST', path: `${PODS}/bound/binding`, body: { target: { kind: 'Node', name: 'n1' } } });
  expect((await bind()).status).toBe(201);
  expect(await get(`${PODS}/bound`)).toMatchObject({
    spec: { nodeName: 'n1' },
    status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
  });
  expect((await bind()).status).toBe(409);
});

describe('eviction', () => {
  const evict = (name: string, deleteOptions: object = {}, metadata: object = {}): Promise<Response> =>
    world.ask({ method: 'POST', path: `${PODS}/${name}/eviction`, body: { metadata, deleteOptions } });

  test('takes a pod that runs nowhere at once', async () => {
    await world.make(PODS, pod('evicted'));
    const response = await evict('evicted');
    expect([response.status, await response.json()]).toMatchObject([201, { status: 'Success' }]);
    expect((await evict('evicted')).status).toBe(404);
  });

  test('tells a pod on a node why it goes, and gives it its grace', async () => {
    await world.make(PODS, pod('drained', { nodeName: 'n1' }));
    expect((await evict('drained', { dryRun: ['All'] })).status).toBe(201);
    expect((await get(`${PODS}/drained`)).metadata.deletionTimestamp).toBeUndefined();
    expect((await evict('drained', { gracePeriodSeconds: 7 })).status).toBe(201);
    expect(await get(`${PODS}/drained`)).toMatchObject({
      metadata: { deletionGracePeriodSeconds: 7 },
      status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }] },
    });
  });

  test('spares a pod of another uid or name', async () => {
    await world.make(PODS, pod('spared'));
    expect((await evict('spared', { preconditions: { uid: 'other' } })).status).toBe(409);
    expect((await evict('spared', {}, { name: 'other' })).status).toBe(400);
    expect((await get(`${PODS}/spared`)).status.conditions).toBeUndefined();
  });
});

test('an event is one object in both of its versions', async () => {
  const about = { kind: 'Pod', name: 'a', namespace: 'default' };
  await world.make('/apis/events.k8s.io/v1/namespaces/default/events', {
    metadata: { name: 'e' },
    regarding: about,
    note: 'hello',
    reason: 'R',
    reportingController: 'x.y/z',
  });
  expect(await get('/api/v1/namespaces/default/events/e')).toMatchObject({
    apiVersion: 'v1',
    involvedObject: about,
    message: 'hello',
    reportingComponent: 'x.y/z',
  });
  await merge('/api/v1/namespaces/default/events/e', { message: 'again' });
  expect(await get('/apis/events.k8s.io/v1/namespaces/default/events/e')).toMatchObject({
    apiVersion: 'events.k8s.io/v1',
    regarding: about,
    note: 'again',
  });
});

describe('who may ask', () => {
  test('a service account by a token of this server for the API', async () => {
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token';
    const token = async (spec: object): Promise<string> =>
      (await json(await world.ask({ method: 'POST', path, body: { spec } }))).status.token;
    const body = {};
    const who = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const own = await world.ask({ method: 'POST', path: who, body, token: await token({}) });
    expect(await json(own)).toMatchObject({ status: { userInfo: { username: 'system:serviceaccount:default:default' } } });
    expect((await world.ask({ method: 'POST', path: who, body, token: await token({ audiences: ['sts.amazonaws.com'] }) })).status).toBe(
      401,
    );
  });

  test('everybody for health and version, nobody else for anything', async () => {
    for (const path of ['/healthz', '/livez', '/readyz', '/version']) expect((await world.ask({ path, token: null })).status).toBe(200);
    for (const path of ['/api', '/apis', '/openapi/v3', '/openid/v1/jwks', CONFIG_MAPS])
      expect((await world.ask({ path, token: null })).status).toBe(403);
  });

  test('nobody through a name that is not the server’s own', async () => {
    const response = await world.api.handle(
      new Request('https://evil.example/api/v1/namespaces', { headers: { authorization: 'Bearer admin-token' } }),
    );
    expect(response.status).toBe(421);
  });
});
