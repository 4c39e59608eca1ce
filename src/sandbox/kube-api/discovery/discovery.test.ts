import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../../../../test/conformance/server.ts';
import { compareVersions } from './api-resources.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'foos.x.io' },
    spec: {
      group: 'x.io',
      scope: 'Namespaced',
      names: { plural: 'foos', kind: 'Foo', shortNames: ['f'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', description: 'What it is.' } } } },
        },
        { name: 'v1beta1', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object' } } },
        { name: 'v1alpha1', served: false, storage: false, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  });
  await world.until('/apis/x.io/v1/foos', 200);
});
afterAll(() => world.api.close());

const get = async (path: string, accept?: string) => (await world.ask({ path, ...(accept ? { accept } : {}) })).json();

test('versions are ordered as Kubernetes orders them', () => {
  const versions = ['v1alpha1', 'foo', 'v2', 'v1', 'v10', 'v1beta2', 'v1beta10', 'bar'];
  expect(versions.sort(compareVersions)).toStrictEqual(['v10', 'v2', 'v1', 'v1beta10', 'v1beta2', 'v1alpha1', 'bar', 'foo']);
});

describe('discovery', () => {
  test('names a defined group with its served versions, the most stable first', async () => {
    const { groups } = await get('/apis');
    expect(groups.find((group: { name: string }) => group.name === 'x.io')).toStrictEqual({
      name: 'x.io',
      versions: [
        { groupVersion: 'x.io/v1', version: 'v1' },
        { groupVersion: 'x.io/v1beta1', version: 'v1beta1' },
      ],
      preferredVersion: { groupVersion: 'x.io/v1', version: 'v1' },
    });
  });

  test('lists resources with their subresources', async () => {
    const { resources } = await get('/apis/x.io/v1');
    expect(resources.map((resource: { name: string }) => resource.name)).toStrictEqual(['foos', 'foos/status']);
    const core = await get('/api/v1');
    expect(core.resources).toContainEqual({
      name: 'serviceaccounts/token',
      singularName: '',
      namespaced: true,
      group: 'authentication.k8s.io',
      version: 'v1',
      kind: 'TokenRequest',
      verbs: ['create'],
    });
  });

  test('says the same at once to those who ask for the aggregate', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const response = await world.ask({ path: '/apis', accept });
    expect(response.headers.get('content-type')).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    const { items } = await response.json();
    const group = items.find((item: { metadata: { name: string } }) => item.metadata.name === 'x.io');
    expect(group.versions[0]).toMatchObject({
      version: 'v1',
      resources: [{ resource: 'foos', scope: 'Namespaced', shortNames: ['f'], subresources: [{ subresource: 'status' }] }],
    });
  });
});

describe('OpenAPI', () => {
  test('has a document for each group and version, found through the index', async () => {
    const { paths } = await get('/openapi/v3');
    for (const { serverRelativeURL } of Object.values<{ serverRelativeURL: string }>(paths)) {
      expect(await get(serverRelativeURL)).toMatchObject({ openapi: '3.0.0' });
    }
  });

  test('describes a defined kind for kubectl explain', async () => {
    const { components } = await get('/openapi/v3/apis/x.io/v1');
    expect(components.schemas['io.x.v1.Foo']).toMatchObject({
      properties: {
        spec: { description: 'What it is.' },
        metadata: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
      },
      'x-kubernetes-group-version-kind': [{ group: 'x.io', kind: 'Foo', version: 'v1' }],
    });
  });

  test('every reference leads somewhere', async () => {
    const document = await get('/openapi/v3/api/v1');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1]);
    expect(references.length).toBeGreaterThan(100);
    for (const name of new Set(references)) expect(document.components.schemas).toHaveProperty([String(name)]);
  });

  test('tells kubectl that a write can be tried and checked', async () => {
    const { paths } = await get('/openapi/v3/apis/x.io/v1');
    const { patch } = paths['/apis/x.io/v1/namespaces/{namespace}/foos/{name}'];
    expect(patch.parameters.map((parameter: { name: string }) => parameter.name)).toStrictEqual([
      'dryRun',
      'fieldManager',
      'fieldValidation',
    ]);
  });

  test.each([
    ['a built-in kind', '/openapi/v3/api/v1', '/api/v1/namespaces/{namespace}/configmaps/{name}', ['strategic-merge-patch+json']],
    ['a defined kind, which takes no strategic merge', '/openapi/v3/apis/x.io/v1', '/apis/x.io/v1/namespaces/{namespace}/foos/{name}', []],
  ])('offers the patch types of %s', async (_name, document, path, strategic) => {
    const { paths } = await get(document);
    expect(Object.keys(paths[path].patch.requestBody.content)).toStrictEqual(
      ['json-patch+json', 'merge-patch+json', ...strategic, 'apply-patch+yaml'].map((type) => `application/${type}`),
    );
  });
});
