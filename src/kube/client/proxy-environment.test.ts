import { expect, it } from 'vitest';
import { proxyFromEnvironment } from './proxy-environment.ts';

const proxy = { HTTPS_PROXY: 'http://p:1', http_proxy: 'q:2' };

it.each([
  ['https://api.example:6443', {}, 'http://p:1'],
  ['http://api.example', {}, 'http://q:2'],
  ['https://localhost:1', {}, undefined],
  ['https://127.0.0.1:1', {}, undefined],
  ['https://[::1]:1', {}, undefined],
  ['https://api.example', { NO_PROXY: 'api.example' }, undefined],
  ['https://api.example', { no_proxy: 'other, example' }, undefined],
  ['https://api.example', { NO_PROXY: '.example' }, undefined],
  ['https://api.example', { NO_PROXY: '*.example' }, undefined],
  ['https://badexample', { NO_PROXY: '.example,example' }, 'http://p:1'],
  ['https://api.example', { NO_PROXY: 'api.example:443' }, undefined],
  ['https://api.example', { NO_PROXY: 'api.example:6443' }, 'http://p:1'],
  ['https://10.1.2.3', { NO_PROXY: '10.0.0.0/8' }, undefined],
  ['https://11.1.2.3', { NO_PROXY: '10.0.0.0/8' }, 'http://p:1'],
  ['https://10.1.2.3', { NO_PROXY: '10.1.2.3' }, undefined],
  ['https://[fd00::5]', { NO_PROXY: 'fd00::/8' }, undefined],
  ['https://[fe00::5]', { NO_PROXY: 'fd00::/8,10.0.0.0/99,x/8' }, 'http://p:1'],
  ['https://api.example', { NO_PROXY: '*' }, undefined],
])('%s with %j goes through %s', (url, env, expected) => {
  expect(proxyFromEnvironment(url, { ...proxy, ...env })).toBe(expected);
});

it('is none where none is set', () => {
  expect(proxyFromEnvironment('https://api.example', {})).toBeUndefined();
});
