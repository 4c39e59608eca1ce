import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Asked, startWorld, type World } from '../../../../test/conformance/server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
let world: World;
let name = '';
let count = 0;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.api.close());
beforeEach(async () => {
  name = `map-${++count}`;
  await world.make(MAPS, { metadata: { name, labels: { test: name } }, data: { a: '1' } });
});

const patch = (contentType: string, body: unknown): Promise<Response> =>
  world.ask({ method: 'PATCH', path: `${MAPS}/${name}`, body, contentType: `application/${contentType}+json` });
const code = async (asked: Asked): Promise<number> => (await world.ask(asked)).status;
/** Status and message of a refusal. */
async function refused(asked: Asked): Promise<readonly [number, string]> {
  const answer = await world.ask(asked);
  return [answer.status, ((await answer.json()) as { readonly message: string }).message];
}

describe('JSON for people', () => {
  test.each([
    ['?pretty=true', 'podrole'],
    ['', 'curl/8.5.0'],
    ['', 'Mozilla/5.0 (X11)'],
  ])('is indented for %s %s, refusals too', async (query, userAgent) => {
    for (const path of [`${MAPS}/${name}${query}`, `${MAPS}/none${query}`]) {
      const text = await (await world.ask({ path, userAgent })).text();
      expect(text).toMatch(/^\{\n {2}"kind": "\w+",\n/);
      expect(text.endsWith('\n}')).toBe(true);
    }
  });

  test('is on one line otherwise, also for curl that asks for that', async () => {
    expect(await (await world.ask({ path: `${MAPS}/${name}` })).text()).toMatch(/^\{"kind":.*\}\n$/);
    expect(await (await world.ask({ path: `${MAPS}/${name}?pretty=false`, userAgent: 'curl/8' })).text()).toMatch(/^\{"kind":/);
  });
});

describe('paths', () => {
  test('answer for the health of the server to any method, its checks one by one too', async () => {
    const text = async (asked: Asked): Promise<string> => (await world.ask(asked)).text();
    expect(await text({ path: '/readyz?verbose' })).toBe('[+]ping ok\nreadyz check passed\n');
    expect(await text({ method: 'POST', path: '/livez', body: {} })).toBe('ok');
    expect(await text({ path: '/healthz/ping' })).toBe('ok');
    expect(await code({ path: '/healthz/nope' })).toBe(404);
  });

  test('mean the same with a slash at the end, and take no other method than GET where they are about the server', async () => {
    for (const path of ['/api/', '/apis/', `${MAPS}/`, `${MAPS}/${name}/`]) expect(await code({ path })).toBe(200);
    for (const path of ['/api', '/version', '/apis/apps/v1']) expect(await code({ method: 'POST', path, body: {} })).toBe(405);
    expect(await refused({ path: '/apis/apps/v9' })).toEqual([404, 'the server could not find the requested resource']);
  });
});

describe('options', () => {
  test.each([
    ['POST', '?dryRun=', 422, 'dryRun: Unsupported value: [""]: supported values: "All"'],
    ['POST', `?fieldManager=${'m'.repeat(129)}`, 422, 'fieldManager: Too long: may not be more than 128 bytes'],
    ['GET', '?limit=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['GET', '?sendInitialEvents=true', 422, 'sendInitialEvents is forbidden for list'],
    ['GET', '?watch=1&continue=abc', 422, 'resourceVersionMatch is forbidden when continue is provided'],
    ['DELETE', '?propagationPolicy=Orphan&orphanDependents=true', 422, 'orphanDependents and deletionPropagation cannot be both set'],
    ['DELETE', '?gracePeriodSeconds=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
  ])('%s %s is refused', async (method, query, status, message) => {
    const asked = { method, path: `${MAPS}${query}`, ...(method === 'POST' ? { body: { metadata: { name: 'new' } } } : {}) };
    expect(await refused(asked)).toEqual([status, expect.stringContaining(message)]);
    expect(await code({ path: `${MAPS}/${name}` })).toBe(200);
  });

  test('of a delete are those of its body where it has one, and the query says nothing then', async () => {
    expect(await code({ method: 'DELETE', path: `${MAPS}/${name}`, body: { dryRun: ['All'] } })).toBe(200);
    expect(await code({ path: `${MAPS}/${name}` })).toBe(200);
    expect(await code({ method: 'DELETE', path: `${MAPS}/${name}?dryRun=All`, body: { gracePeriodSeconds: 0 } })).toBe(200);
    expect(await code({ path: `${MAPS}/${name}` })).toBe(404);
  });

  test('force is for an apply alone', async () => {
    const asked = { method: 'PATCH', path: `${MAPS}/${name}?force=true`, body: {}, contentType: 'application/merge-patch+json' };
    expect(await refused(asked)).toEqual([422, expect.stringContaining('force: Forbidden: may not be specified for non-apply patch')]);
  });
});

describe('writes', () => {
  test('take a uid in a patch for a change of it, and in a PUT for the object that is meant', async () => {
    const other = { metadata: { name, uid: 'other' } };
    expect((await patch('merge-patch', other)).status).toBe(422);
    expect(await code({ method: 'PUT', path: `${MAPS}/${name}`, body: other })).toBe(409);
  });

  test('cannot delete by hand', async () => {
    const answer = await patch('merge-patch', { metadata: { deletionTimestamp: '2020-01-01T00:00:00Z' } });
    expect([answer.status, await answer.text()]).toEqual([422, expect.stringContaining('metadata.deletionTimestamp: Invalid value')]);
  });

  test('count list indices below zero from the end, and copy what is not there as null', async () => {
    await patch('merge-patch', { metadata: { finalizers: ['a.b/c', 'd.e/f'] } });
    const removed = await patch('json-patch', [{ op: 'remove', path: '/metadata/finalizers/-1' }]);
    expect(await removed.json()).toMatchObject({ metadata: { finalizers: ['a.b/c'] } });
    const copied = await patch('json-patch', [{ op: 'copy', from: '/data/none', path: '/data/b' }]);
    expect(await copied.json()).toMatchObject({ data: { a: '1', b: '' } });
  });

  test('read YAML as Go does: yes is a truth, a time is text, and of a key that stands twice the last counts', async () => {
    const send = (text: string): Promise<Response> => world.ask({ method: 'POST', path: MAPS, text, contentType: 'application/yaml' });
    expect((await send(`{metadata: {name: yaml-${name}}, data: {a: yes}}`)).status).toBe(400);
    const made = await send(`metadata: {name: yaml-${name}}\ndata:\n  t: 2020-01-01\n  c: 12:30:00\n  d: "1"\n  d: "2"\n`);
    expect(await made.json()).toMatchObject({ data: { t: '2020-01-01', c: '12:30:00', d: '2' } });
  });

  test('forget managed fields where they are sent empty', async () => {
    const answer = await world.ask({
      method: 'PUT',
      path: `${MAPS}/${name}`,
      body: { metadata: { name, managedFields: [] }, data: { a: '2' } },
    });
    expect(((await answer.json()) as { readonly metadata: object }).metadata).not.toHaveProperty('managedFields');
  });

  test('refuse a config map of more than a mebibyte', async () => {
    const body = { metadata: { name: `big-${name}` }, data: { a: 'x'.repeat(1024 * 1024 + 1) } };
    expect(await refused({ method: 'POST', path: MAPS, body })).toEqual([
      422,
      expect.stringContaining('Too long: may not be more than 1048576 bytes'),
    ]);
  });

  test('say that a name is still taken by an object that is being deleted', async () => {
    await patch('merge-patch', { metadata: { finalizers: ['a.b/c'] } });
    await world.ask({ method: 'DELETE', path: `${MAPS}/${name}` });
    expect(await refused({ method: 'POST', path: MAPS, body: { metadata: { name } } })).toEqual([
      409,
      `object is being deleted: configmaps "${name}" already exists`,
    ]);
  });
});

describe('reads', () => {
  test('delete a page of a collection where a limit says so', async () => {
    const path = `${MAPS}?labelSelector=of%3D${name}`;
    for (const part of ['x', 'y', 'z']) await world.make(MAPS, { metadata: { name: `${name}-${part}`, labels: { of: name } } });
    const gone = (await (await world.ask({ method: 'DELETE', path: `${path}&limit=2` })).json()) as { readonly items: readonly object[] };
    const left = (await (await world.ask({ path })).json()) as { readonly items: readonly { readonly metadata: object }[] };
    expect([gone.items.length, left.items.map(({ metadata }) => metadata)]).toEqual([2, [expect.objectContaining({ name: `${name}-z` })]]);
  });

  test('of metadata are of a list or of one object, as the path is', async () => {
    const as = (kind: string): string => `application/json;as=${kind};v=v1;g=meta.k8s.io`;
    expect(await code({ path: MAPS, accept: as('PartialObjectMetadata') })).toBe(406);
    expect(await code({ path: `${MAPS}/${name}`, accept: as('PartialObjectMetadataList') })).toBe(406);
    expect(await code({ path: MAPS, accept: as('PartialObjectMetadataList') })).toBe(200);
  });

  test('watch with bookmarks from nowhere marks the end of what there is', async () => {
    const path = `${MAPS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=1&fieldSelector=metadata.name%3D${name}`;
    const events = (await (await world.ask({ path })).text()).trimEnd().split('\n');
    expect(events.map((line) => (JSON.parse(line) as { readonly type: string }).type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(events[1]).toContain('"k8s.io/initial-events-end":"true"');
  });
});
