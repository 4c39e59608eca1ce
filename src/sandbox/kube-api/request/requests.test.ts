import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAccept } from './accept.ts';
import { isForThisServer } from './allowed-host.ts';
import { parsePath } from './parse-path.ts';
import { fieldManager } from './query.ts';

describe('paths', () => {
  const none = { namespace: undefined, name: undefined, subresource: undefined };
  test.each([
    ['/api/v1/pods', { group: '', version: 'v1', plural: 'pods', ...none }],
    ['/api/v1/namespaces', { group: '', version: 'v1', plural: 'namespaces', ...none }],
    ['/api/v1/namespaces/a', { group: '', version: 'v1', plural: 'namespaces', ...none, name: 'a' }],
    ['/api/v1/namespaces/a/status', { group: '', version: 'v1', plural: 'namespaces', ...none, name: 'a', subresource: 'status' }],
    ['/api/v1/namespaces/a/pods', { group: '', version: 'v1', plural: 'pods', ...none, namespace: 'a' }],
    [
      '/api/v1/namespaces/a/pods/b/binding',
      { group: '', version: 'v1', plural: 'pods', namespace: 'a', name: 'b', subresource: 'binding' },
    ],
    ['/apis/x.io/v1/foos/r%3Ax', { group: 'x.io', version: 'v1', plural: 'foos', ...none, name: 'r:x' }],
  ])('%s', (path, expected) => {
    expect(parsePath(path)).toStrictEqual(expected);
  });

  test.each([
    '/',
    '/api',
    '/api/v1',
    '/api/v1/',
    '/apis/x.io/v1',
    '/healthz',
    '/api/v1/pods/a/b/c',
    '/api/v1/pods/%zz',
    '/api/v1/namespaces/a/pods/b/c/d',
  ])('%s names no resource', (path) => {
    expect(parsePath(path)).toBeUndefined();
  });

  test('any text is a path or none', () => {
    fc.assert(fc.property(fc.webPath(), (path) => void parsePath(path)));
  });
});

describe('Accept', () => {
  test.each([
    [null, { encoding: 'json', as: 'object' }],
    ['*/*', { encoding: 'json', as: 'object' }],
    ['application/vnd.kubernetes.protobuf,application/json', { encoding: 'json', as: 'object' }],
    ['application/yaml', { encoding: 'yaml', as: 'object' }],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', { encoding: 'json', as: 'Table' }],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', { encoding: 'json', as: 'object' }],
    ['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', { encoding: 'json', as: 'PartialObjectMetadataList' }],
  ])('%s', (header, wanted) => {
    expect(parseAccept(header, { list: true })).toStrictEqual(wanted);
  });
});

describe('the host of a request', () => {
  const request = (url: string, host?: string): Request => new Request(url, host === undefined ? {} : { headers: { host } });
  test('may be loopback or the name of the service', () => {
    for (const url of ['https://127.0.0.1:6443/', 'https://localhost/', 'https://kubernetes.default.svc/'])
      expect(isForThisServer(request(url))).toBe(true);
  });
  test('may be nothing else, neither in the target nor in the header', () => {
    expect(isForThisServer(request('https://evil.example/'))).toBe(false);
    expect(isForThisServer(request('https://127.0.0.1/', 'evil.example'))).toBe(false);
  });
});

test('a field manager is named by the query, else by the User-Agent up to its slash, else unknown', () => {
  expect(fieldManager(new URLSearchParams('fieldManager=me'), 'kubectl/v1')).toBe('me');
  expect(fieldManager(new URLSearchParams(), 'kubectl/v1 (linux)')).toBe('kubectl');
  expect(fieldManager(new URLSearchParams(), null)).toBe('unknown');
});
