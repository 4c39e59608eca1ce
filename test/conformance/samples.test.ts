import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accounts, configmaps, definition, lease, leases, owned, pod, profile, profiles, tokenRequest } from './sample-bodies.ts';
import { normal, recorded } from './samples.ts';
import { type Asked, startWorld, type World } from './server.ts';

let world: World;
/** Replays a request and compares status, media type and body with the sample, text for text but for what no two runs share. */
async function replay(file: string, asked: Asked): Promise<void> {
  const { entry, body } = recorded(file);
  const response = await world.ask({
    ...(entry.accept === undefined ? {} : { accept: entry.accept }),
    ...(entry.contentType === undefined ? {} : { contentType: entry.contentType }),
    ...asked,
  });
  const text = await response.text();
  expect({ status: response.status, type: response.headers.get('content-type'), body: normal(text) }).toStrictEqual({
    status: entry.status,
    type: entry.headers?.['content-type'],
    body: normal(body),
  });
}

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world.api.close();
});

describe('before anything is defined', () => {
  test('a group that nobody serves is a text 404', () => replay('unknown-path.404.txt', { path: profiles }));
  test('without credentials a resource is 403', () => replay('anonymous.403.json', { path: '/api/v1/namespaces', token: null }));
  test('discovery of the issuer is not for everybody', () =>
    replay('openid-configuration.anonymous.403.json', { path: '/.well-known/openid-configuration', token: null }));
  test('a wrong token is 401', () => replay('bad-token.401.json', { path: '/api/v1/namespaces', token: 'nobody' }));
});

describe('objects', () => {
  test('a namespace is created', async () => {
    await replay('namespace.created.json', {
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'alpha' } },
    });
    await world.until('/api/v1/namespaces/alpha/serviceaccounts/default', 200);
  });
  test('and has a default service account', () =>
    replay('serviceaccount.default.json', { path: '/api/v1/namespaces/alpha/serviceaccounts/default' }));
  test('a pod is defaulted and gets its token volume', () =>
    replay('pod.created.json', { method: 'POST', path: '/api/v1/namespaces/alpha/pods', body: pod('web') }));
  test('a pod with a bad name and no image', () =>
    replay('pod.invalid.422.json', {
      method: 'POST',
      path: '/api/v1/namespaces/alpha/pods',
      body: pod('Bad_Name', { containers: [{ name: 'main' }] }),
    }));
  test('a pod of an unknown service account', () =>
    replay('pod.no-service-account.403.json', {
      method: 'POST',
      path: '/api/v1/namespaces/alpha/pods',
      body: pod('x', { serviceAccountName: 'ghost' }),
    }));
  test('an annotation with a space in its key', () =>
    replay('serviceaccount.bad-annotation.422.json', {
      method: 'POST',
      path: '/api/v1/namespaces/alpha/serviceaccounts',
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'z', annotations: { 'eks.amazonaws.com/role arn': 'x' } } },
    }));
  test('a name that is taken', async () => {
    await world.make(configmaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } });
    await replay('already-exists.409.json', {
      method: 'POST',
      path: configmaps,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } },
    });
  });
  test('a namespace that is not there', () =>
    replay('create-in-missing-namespace.404.json', {
      method: 'POST',
      path: '/api/v1/namespaces/none/configmaps',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } },
    }));
  test('an unknown object', () => replay('not-found.404.json', { path: '/api/v1/namespaces/alpha/pods/none' }));
  test('an unknown object of a group', () =>
    replay('not-found.group.404.json', { path: '/apis/apps/v1/namespaces/alpha/deployments/none' }));
  test('an unknown resource', () => replay('unknown-resource.404.json', { path: '/api/v1/nopes' }));
});

describe('bodies that are refused', () => {
  const post = (file: string, extra: Partial<Asked>): Promise<void> => replay(file, { method: 'POST', path: configmaps, ...extra });
  test('half a JSON', () => post('bad-json.400.json', { text: '{"apiVersion":"v1",' }));
  test('a number for a map', () =>
    post('bad-type.400.json', { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'y' }, data: 1 } }));
  test('another kind', () => post('wrong-kind.400.json', { body: pod('y') }));
  test('another namespace', () =>
    post('wrong-namespace.400.json', { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'y', namespace: 'beta' } } }));
  test('a medium that nobody speaks', () =>
    post('unsupported-media.415.json', { text: 'a=b', contentType: 'application/x-www-form-urlencoded' }));
  test('another name than the path', () =>
    replay('name-mismatch.400.json', {
      method: 'PUT',
      path: `${configmaps}/x`,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'y' } },
    }));
  test('a PUT to a collection', () => replay('method-not-allowed.405.json', { method: 'PUT', path: configmaps, body: {} }));
  test('an answer that nobody writes', () => replay('not-acceptable.406.json', { path: configmaps, accept: 'text/html' }));
  test('an unknown field under Strict', () =>
    replay('unknown-field-strict.400.json', {
      method: 'POST',
      path: '/api/v1/namespaces/alpha/serviceaccounts?fieldValidation=Strict',
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'z' }, nope: 1 },
    }));
  test('a label selector that does not parse', () =>
    replay('bad-selector.400.json', { path: '/api/v1/namespaces/alpha/pods?labelSelector=a%3D%3D%3D' }));
  test('a field that cannot be selected by', () =>
    replay('bad-field-selector.400.json', { path: '/api/v1/namespaces/alpha/serviceaccounts?fieldSelector=nope%3Dx' }));
});

describe('tokens and reviews', () => {
  const path = '/api/v1/namespaces/alpha/serviceaccounts/default/token';
  const ask = (file: string, spec: object, where = path): Promise<void> =>
    replay(file, { method: 'POST', path: where, body: tokenRequest(spec) });
  const bound = (uid: string): object => ({
    audiences: ['sts.amazonaws.com'],
    expirationSeconds: 86_400,
    boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web', uid },
  });
  test('a token for STS', () => ask('token-request.json', { audiences: ['sts.amazonaws.com'], expirationSeconds: 3_600 }));
  test('a token bound to a pod', async () => {
    const web = await (await world.ask({ path: '/api/v1/namespaces/alpha/pods/web' })).json();
    await ask('token-request.pod-bound.json', bound(web.metadata.uid));
  });
  test('a pod of another uid', () => ask('token-request.pod-uid-mismatch.409.json', bound('00000000-0000-0000-0000-000000000000')));
  test('an unknown account', () => ask('token-request.no-account.404.json', {}, '/api/v1/namespaces/alpha/serviceaccounts/nobody/token'));
  test('less than ten minutes', () => ask('token-request.too-short.422.json', { expirationSeconds: 599 }));
  test('more than 2^32 seconds', () => ask('token-request.too-long.422.json', { expirationSeconds: 2 ** 32 + 1 }));

  test('reviews tell who a token is, by audience', async () => {
    const issued = await (
      await world.ask({ method: 'POST', path, body: tokenRequest({ audiences: ['sts.amazonaws.com'], expirationSeconds: 3_600 }) })
    ).json();
    const { token } = issued.status;
    const review = (spec: object): Asked => ({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec },
    });
    await replay('token-review.ok.json', review({ token, audiences: ['sts.amazonaws.com'] }));
    await replay('token-review.wrong-audience.json', review({ token }));
  });
  test('the key set', async () => {
    await replay('jwks.json', { path: '/openid/v1/jwks' });
    await replay('jwks.accept-json.406.json', { path: '/openid/v1/jwks', accept: 'application/json' });
  });
  test('the discovery document', () => replay('openid-configuration.json', { path: '/.well-known/openid-configuration' }));
});

describe('leases', () => {
  test('one is created', () => replay('lease.created.json', { method: 'POST', path: leases, body: lease() }));
  test('once', () => replay('lease.already-exists.409.json', { method: 'POST', path: leases, body: lease() }));
  test('a time with three decimals', () =>
    replay('lease.bad-micro-time.400.json', {
      method: 'POST',
      path: leases,
      body: { ...lease(), metadata: { name: 'other' }, spec: { renewTime: '2026-01-01T00:00:00.123Z' } },
    }));
  test('a stale update', () =>
    replay('lease.conflict.409.json', { method: 'PUT', path: `${leases}/podrole`, body: lease({ resourceVersion: '1' }) }));
  test('an update of no version', () =>
    replay('lease.put-without-resource-version.422.json', { method: 'PUT', path: `${leases}/podrole`, body: lease() }));
});

describe('custom resources', () => {
  const put = (name: string, patch: unknown, extra: Partial<Asked> = {}): Asked => ({
    method: 'PATCH',
    path: `${profiles}/${name}`,
    body: patch,
    contentType: 'application/merge-patch+json',
    ...extra,
  });

  beforeAll(async () => {
    await world.make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
    await world.until(profiles, 200);
  });

  test('an empty list', () => replay('profile-list.empty.json', { path: profiles }));
  test('a list of one', async () => {
    await world.ask({ method: 'POST', path: profiles, body: profile('x'), userAgent: 'a' });
    const { body } = recorded('profile-list.one.json');
    const list = await (await world.ask({ path: profiles })).json();
    for (const item of list.items) delete item.metadata.managedFields;
    expect(normal(JSON.stringify(list))).toBe(normal(body));
    await world.ask({ method: 'DELETE', path: `${profiles}/x` });
  });
  test('wrong types and absent members', () =>
    replay('crd.invalid.422.json', { method: 'POST', path: profiles, body: profile('bad', { owner: { kind: 1 } }) }));
  test('what kubectl apply wrote', async () => {
    const applied = {
      apiVersion: 'kubeflow.org/v1',
      kind: 'Profile',
      metadata: { annotations: {}, name: 'team-a' },
      spec: owned('a@example.com'),
    };
    const annotation = `${JSON.stringify(applied)}\n`;
    await world.ask({
      method: 'POST',
      path: `${profiles}?fieldManager=kubectl-client-side-apply`,
      body: { ...applied, metadata: { name: 'team-a', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': annotation } } },
    });
    await replay('profile.applied.json', { path: `${profiles}/team-a` });
  });
  test('a status is patched on its own', () =>
    replay(
      'profile.status-patched.json',
      put(
        'team-a',
        { spec: { owner: null }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
        { path: `${profiles}/team-a/status` },
      ),
    ));
  test('a strategic merge is not for custom resources', () =>
    replay('crd.strategic-merge.415.json', put('team-a', {}, { contentType: 'application/strategic-merge-patch+json' })));
  test('a patch of an old version', () =>
    replay('patch.stale-resource-version.409.json', put('team-a', { metadata: { resourceVersion: '1' } })));
  test('a JSON patch whose test fails', () =>
    replay(
      'json-patch.test-failed.422.json',
      put('team-a', [{ op: 'test', path: '/spec/owner/name', value: 'z' }], { contentType: 'application/json-patch+json' }),
    ));
  test('a delete of another uid', () =>
    replay('delete.precondition-uid.409.json', {
      method: 'DELETE',
      path: `${profiles}/team-a`,
      body: { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } },
    }));

  test('server-side apply: conflict, force, no manager', async () => {
    const apply = (name: string, body: object, query: string): Asked => ({
      method: 'PATCH',
      path: `${profiles}/${name}${query}`,
      body,
      contentType: 'application/apply-patch+yaml',
    });
    await world.ask(apply('team-b', profile('team-b', owned('a@example.com')), '?fieldManager=mine'));
    await replay('ssa.conflict.409.json', apply('team-b', profile('team-b', owned('b@example.com')), '?fieldManager=other'));
    await replay('profile.ssa-forced.json', apply('team-b', profile('team-b', owned('b@example.com')), '?fieldManager=other&force=true'));
    await replay('ssa.no-field-manager.422.json', apply('team-c', profile('team-c'), ''));
  });
  test('a finalizer holds a deletion, and none may be added then', async () => {
    await world.ask(put('team-b', { metadata: { finalizers: ['podrole.local/cleanup'] } }));
    await replay('profile.deleting.json', { method: 'DELETE', path: `${profiles}/team-b` });
    await replay(
      'finalizer.added-while-deleting.422.json',
      put('team-b', { metadata: { finalizers: ['podrole.local/cleanup', 'x.y/z'] } }),
    );
  });
  test('a delete that is done', async () => {
    await world.make(profiles, profile('team-c'));
    await replay('delete.success-status.json', { method: 'DELETE', path: `${profiles}/team-c` });
  });
});

describe('lists and watches', () => {
  beforeAll(async () => {
    await world.make('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'watch' } });
    await world.until(`${accounts}/default`, 200);
  });

  test('a list of built-in objects', () => replay('serviceaccount-list.json', { path: accounts }));
  test('initial events end with a marked bookmark', async () => {
    const asked = {
      path: `${accounts}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1`,
    };
    await replay('watch.initial-events.jsonl', asked);
  });
  test('sendInitialEvents needs its match', () =>
    replay('watch.initial-events-without-match.422.json', { path: `${accounts}?watch=1&sendInitialEvents=true` }));
  test('a version that is no number', () =>
    replay('watch.bad-resource-version.500.json', { path: `${accounts}?watch=1&resourceVersion=abc` }));
  test('a version of the future', () => replay('list.future-resource-version.504.json', { path: `${accounts}?resourceVersion=99999999` }));

  test('pages, tables, metadata', async () => {
    for (const name of ['s0', 's1', 's2', 's3', 's4'])
      await world.make(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
    const { body } = recorded('list.page-1-of-3.json');
    const page = await (await world.ask({ path: `${accounts}?limit=2` })).json();
    for (const item of page.items) delete item.metadata.managedFields;
    expect(normal(JSON.stringify(page))).toBe(normal(body));
    await replay('serviceaccount-list.partial-metadata.json', { path: `${accounts}?limit=1` });
    await replay('serviceaccount-list.table.json', { path: `${accounts}?limit=1` });
  });
  test('history that is gone is 410', async () => {
    const first = await (await world.ask({ path: `${accounts}?limit=2` })).json();
    const { resourceVersion } = first.metadata;
    world.api.store.compact();
    await world.make(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'later' } });
    world.api.store.compact();
    await replay('list.exact-compacted.410.json', { path: `${accounts}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact` });
    await replay('list.continue-expired.410.json', { path: `${accounts}?limit=2&continue=${first.metadata.continue}` });
    await replay('watch.too-old.410.jsonl', { path: `${accounts}?watch=1&resourceVersion=${resourceVersion}&timeoutSeconds=3` });
  });
});

describe('a namespace that goes', () => {
  test('refuses what is new while a finalizer holds something in it', async () => {
    await world.make('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } });
    await world.make('/api/v1/namespaces/team-a/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'held', finalizers: ['x.y/z'] },
    });
    await world.ask({ method: 'DELETE', path: '/api/v1/namespaces/team-a' });
    await replay('create-in-terminating-namespace.403.json', {
      method: 'POST',
      path: '/api/v1/namespaces/team-a/configmaps',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' } },
    });
  });
});
