import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accounts, definition, owned, profiles, tokenRequest } from './sample-bodies.ts';
import { normal, recorded } from './samples.ts';
import { type Asked, startWorld, type World } from './server.ts';

let world: World;
const ask = async (asked: Asked): Promise<{ readonly status: number; readonly type: string | null; readonly text: string }> => {
  const response = await world.ask(asked);
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
};

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.api.close());

interface Decoded {
  readonly header: { kid: string };
  readonly claims: Record<string, unknown> & { readonly exp: number; readonly iat: number };
}

/** What a decoded token looks like but for names, ids and times: its members in their order, and how long it lives. */
function shape({ header, claims }: Decoded): string {
  const hidden = new Set(['kid', 'jti', 'uid', 'exp', 'iat', 'nbf', 'namespace', 'name', 'sub']);
  const text = JSON.stringify({ header, claims }, (key, value: unknown) => (hidden.has(key) ? typeof value : value));
  return `${text} for ${claims.exp - claims.iat} s`;
}

describe('a token of a pod', () => {
  const podPath = '/api/v1/namespaces/n1/pods';
  const token = async (): Promise<Decoded> => {
    const { metadata } = JSON.parse((await ask({ path: `${podPath}/w` })).text) as { readonly metadata: { readonly uid: string } };
    const answer = await ask({
      method: 'POST',
      path: '/api/v1/namespaces/n1/serviceaccounts/default/token',
      body: tokenRequest({
        audiences: ['sts.amazonaws.com'],
        expirationSeconds: 86_400,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'w', uid: metadata.uid },
      }),
    });
    const [header = '', claims = ''] = (JSON.parse(answer.text) as { readonly status: { readonly token: string } }).status.token.split('.');
    const read = (part: string): never => JSON.parse(Buffer.from(part, 'base64url').toString()) as never;
    return { header: read(header), claims: read(claims) };
  };
  beforeAll(async () => {
    await world.make('/api/v1/namespaces', { metadata: { name: 'n1' } });
    await world.until('/api/v1/namespaces/n1/serviceaccounts/default', 200);
    await world.make(podPath, { metadata: { name: 'w' }, spec: { containers: [{ name: 'main', image: 'example/app:1' }] } });
  });

  test('names the pod, in the order of the real one', async () => {
    expect(shape(await token())).toBe(shape(JSON.parse(recorded('token.pod-bound.decoded.json').body) as Decoded));
  });
  test('and the node, once the pod has one', async () => {
    await world.make('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
    await world.make(`${podPath}/w/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'w' },
      target: { apiVersion: 'v1', kind: 'Node', name: 'node-1' },
    });
    expect(shape(await token())).toBe(shape(JSON.parse(recorded('token.pod-bound-on-node.decoded.json').body) as Decoded));
  });
});

test('a review of access rights has the form of the real one, though not its verdict', async () => {
  const { entry, body } = recorded('subject-access-review.json');
  const answer = await ask({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: 'system:serviceaccount:alpha:default',
        groups: ['system:serviceaccounts', 'system:authenticated'],
        resourceAttributes: { namespace: 'alpha', verb: 'get', resource: 'pods' },
      },
    },
  });
  expect([answer.status, normal(answer.text)]).toEqual([entry.status, normal(body).replace('"allowed":false', '"allowed":true')]);
});

test('a watch tells of an object’s whole life, and where it stands', async () => {
  await world.make('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'watch' } });
  await world.until(`${accounts}/default`, 200);
  const { metadata } = JSON.parse((await ask({ path: accounts })).text) as { readonly metadata: { readonly resourceVersion: string } };
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}&timeoutSeconds=3`;
  const watching = ask({ path: `${accounts}?${query}` });
  await world.make(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'app' } });
  await ask({
    method: 'PATCH',
    path: `${accounts}/app`,
    body: { metadata: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/x' } } },
    contentType: 'application/merge-patch+json',
  });
  await ask({ method: 'DELETE', path: `${accounts}/app` });
  const { status, type, text } = await watching;
  const { entry, body } = recorded('watch.add-modify-delete-bookmark.jsonl');
  expect([status, type]).toEqual([entry.status, entry.headers?.['content-type']]);
  // The recording left managed fields out; how many bookmarks come before the end is a matter of the second.
  const told = (lines: string): readonly string[] => [
    ...new Set(
      normal(lines)
        .split('\n')
        .map((line) => line.replace(/,"managedFields":\[.*\](?=\}\}\}$)/, '')),
    ),
  ];
  expect(told(text)).toEqual(told(body));
});

describe('a Profile and its namespace', () => {
  const team = `${profiles}/team-a`;
  beforeAll(async () => {
    await world.make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
    await world.until(profiles, 200);
    const body = { apiVersion: 'kubeflow.org/v1', kind: 'Profile', metadata: { name: 'team-a' }, spec: owned('new@example.com') };
    await world.make(profiles, body);
  });

  test('a patch with an unknown field under Strict is refused by the whole object', async () => {
    const { entry, body } = recorded('crd.unknown-field-strict.json');
    const answer = await ask({
      method: 'PATCH',
      path: `${team}?fieldValidation=Strict`,
      body: { spec: { nope: 1 } },
      contentType: 'application/merge-patch+json',
    });
    expect(answer.status).toBe(entry.status);
    // The refusal quotes the object, which was another one.
    const unquoted = (text: string): string => text.trimEnd().replace(/(Invalid value: ).*(: strict decoding error)/, '$1OBJECT$2');
    expect(unquoted(answer.text)).toBe(unquoted(body));
    expect((JSON.parse(answer.text) as { readonly message: string }).message).toContain('\\"nope\\":1');
  });

  test('a namespace that goes is Terminating, and keeps its owner', async () => {
    const { metadata } = JSON.parse((await ask({ path: team })).text) as { readonly metadata: { readonly uid: string } };
    const owner = {
      apiVersion: 'kubeflow.org/v1',
      kind: 'Profile',
      name: 'team-a',
      uid: metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    };
    await world.make('/api/v1/namespaces', { metadata: { name: 'team-a', ownerReferences: [owner] } });
    await world.make('/api/v1/namespaces/team-a/configmaps', { metadata: { name: 'held', finalizers: ['x.y/z'] } });
    await ask({ method: 'DELETE', path: '/api/v1/namespaces/team-a' });
    const { entry, body } = recorded('namespace.terminating.json');
    const answer = await ask({ path: '/api/v1/namespaces/team-a' });
    // A real controller adds conditions a little later; the recording is of the moment before.
    const text = answer.text.replace(/,"conditions":\[.*\](?=\}\}$)/, '');
    expect([answer.status, normal(text)]).toEqual([entry.status, normal(body)]);
  });
});
