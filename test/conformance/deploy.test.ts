import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Manifest, shippedManifests } from '../package/manifests.ts';
import { startWorld, type World } from './server.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.make('/api/v1/namespaces', { metadata: { name: 'kubeflow' } });
});
afterAll(() => world.api.close());

const collectionOf = ({ apiVersion, kind, metadata }: Manifest): string => {
  const plural = kind.endsWith('y') ? `${kind.slice(0, -1).toLowerCase()}ies` : `${kind.toLowerCase()}s`;
  const inside = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}${inside}/${plural}`;
};

test('everything that deploy/ holds is stored, with no field that is not known', async () => {
  const manifests = await shippedManifests();
  const first = (kind: string): number => (kind === 'Namespace' ? 0 : 1);
  for (const manifest of [...manifests].sort((a, b) => first(a.kind) - first(b.kind))) {
    const path = `${collectionOf(manifest)}?fieldValidation=Strict`;
    const response = await world.ask({ method: 'POST', path, body: manifest });
    expect([path, response.status, response.status === 201 ? '' : await response.text()]).toEqual([path, 201, '']);
  }
});

test('a strategic merge replaces the selector of a disruption budget', async () => {
  const path = '/apis/policy/v1/namespaces/kubeflow/poddisruptionbudgets';
  await world.make(path, { metadata: { name: 'one' }, spec: { selector: { matchLabels: { a: 'b' } } } });
  const body = { spec: { selector: { matchLabels: { c: 'd' } } } };
  const patched = await world.ask({
    method: 'PATCH',
    path: `${path}/one`,
    body,
    contentType: 'application/strategic-merge-patch+json',
  });
  expect((await patched.json()).spec).toStrictEqual({ selector: { matchLabels: { c: 'd' } } });
});
