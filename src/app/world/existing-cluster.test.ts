import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodroleError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { type Listener, listen } from '../../host/listen.ts';
import { systemClock } from '../../host/system-clock.ts';
import { kubeconfigText } from '../kubeconfig-text.ts';
import { contextKubeconfig } from './context-kubeconfig.ts';
import { type OpenExistingOptions, openExistingCluster } from './existing-cluster.ts';

const KEY = { use: 'sig', kty: 'RSA', kid: 'k', alg: 'RS256', n: 'AQAB', e: 'AQAB' };
let folder: string;
let api: Listener;
let issuer: unknown;
let keys: unknown;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podrole-existing-'));
  issuer = 'https://oidc.podrole.test/id/1';
  keys = [KEY];
  api = await listen({
    port: 0,
    handler: async (request) => Response.json(new URL(request.url).pathname === '/openid/v1/jwks' ? { keys } : { issuer }),
  });
});
afterEach(async () => {
  await api.close(0);
  await rm(folder, { recursive: true, force: true });
});

async function kubeconfig(server: string, more: object = {}): Promise<string> {
  const file = join(folder, 'kubeconfig');
  const config = JSON.parse(kubeconfigText({ name: 'there', server, caPem: '', token: 'admin' })) as Config;
  Object.assign(config.clusters[0]?.cluster ?? {}, more);
  await writeFile(file, JSON.stringify(config));
  return file;
}

interface Config {
  readonly 'current-context': string;
  readonly clusters: readonly { readonly name: string; readonly cluster: Readonly<Record<string, unknown>> }[];
  readonly users: readonly { readonly name: string; readonly user: Readonly<Record<string, unknown>> }[];
}

const opening = (): OpenExistingOptions => ({
  clock: systemClock(),
  log: silentLog,
  writeSecretFile: async (name, text) => {
    const file = join(folder, `secret-${name}`);
    await writeFile(file, text);
    return file;
  },
});

/** The error of opening, or `undefined`. */
async function refused(server: string, allowRemote = false): Promise<PodroleError | undefined> {
  return openExistingCluster({ kubeconfig: await kubeconfig(server), allowRemote }, opening()).then(
    () => undefined,
    (error: unknown) => error as PodroleError,
  );
}

describe('a cluster that exists already', () => {
  it('tells its issuer and keys', async () => {
    const cluster = await openExistingCluster({ kubeconfig: await kubeconfig(api.url), allowRemote: false }, opening());
    expect([cluster.url, cluster.issuer, await cluster.keys()]).toEqual([api.url, issuer, [KEY]]);
  });

  it.each(['https://kube.example.com', 'https://10.0.0.1:6443', 'https://127.0.0.1.example.com', 'https://[2001:db8::1]:6443'])(
    '%s is not on this machine, and is not even asked',
    async (server) => {
      const error = await refused(server);
      expect(error?.code).toBe('cluster-not-local');
      expect(error?.hint).toContain('--allow-remote-cluster');
    },
  );

  it('behind a proxy is not on this machine, whatever address the proxy is to connect to', async () => {
    const file = await kubeconfig(api.url, { 'proxy-url': 'http://127.0.0.1:1' });
    await expect(openExistingCluster({ kubeconfig: file, allowRemote: false }, opening())).rejects.toMatchObject({
      code: 'cluster-not-local',
      message: 'context "there" is the cluster at 127.0.0.1, reached through a proxy, which may be anywhere',
    });
  });

  it('is followed when it rotates its keys, and keeps the last ones while it does not tell', async () => {
    const cluster = await openExistingCluster({ kubeconfig: await kubeconfig(api.url), allowRemote: false }, opening());
    const next = { ...KEY, kid: 'next' };
    keys = [KEY, next];
    expect(await cluster.keys()).toEqual([KEY, next]);
    keys = 'broken';
    expect(await cluster.keys()).toEqual([KEY, next]);
    keys = [next];
    expect(await cluster.keys()).toEqual([next]);
    await cluster.close();
  });

  it('of another context is handed on in a kubeconfig where that is the current one, alone, with paths that hold', async () => {
    const file = join(folder, 'two.yaml');
    await writeFile(
      file,
      `
current-context: other
clusters:
- {name: elsewhere, cluster: {server: "https://192.0.2.1:6443"}}
- {name: here, cluster: {server: "${api.url}", certificate-authority: pki/ca.crt}}
users:
- {name: other, user: {token: theirs}}
- {name: me, user: {client-certificate: /etc/me.crt, client-key: me.key, exec: {command: ./bin/login, args: [./x]}}}
contexts:
- {name: other, context: {cluster: elsewhere, user: other}}
- {name: mine, context: {cluster: here, user: me, namespace: n}}
`,
    );
    const copy = JSON.parse(await contextKubeconfig(file, 'mine')) as Config;
    expect(copy).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'mine',
      clusters: [{ name: 'here', cluster: { server: api.url, 'certificate-authority': join(folder, 'pki/ca.crt') } }],
      users: [
        {
          name: 'me',
          user: {
            'client-certificate': '/etc/me.crt',
            'client-key': join(folder, 'me.key'),
            exec: { command: join(folder, 'bin/login'), args: ['./x'] },
          },
        },
      ],
      contexts: [{ name: 'mine', context: { cluster: 'here', user: 'me', namespace: 'n' } }],
    });
  });

  it('is known by the copy only where a context was named', async () => {
    const file = await kubeconfig(api.url);
    const open = async (context?: string): Promise<string> =>
      (await openExistingCluster({ kubeconfig: file, allowRemote: false, context }, opening())).kubeconfig;
    expect([await open(), await open('there')]).toEqual([file, join(folder, 'secret-kubeconfig')]);
  });

  it('is asked wherever it is when it was allowed to be remote', async () => {
    // Nobody listens there: what matters is that it was tried.
    expect((await refused('https://127.0.0.2:1', true))?.code).toBe('cluster-unreachable');
  });

  it.each([
    ['https://oidc.podrole.test:6443/id', 'issuer must not have a port other than 443'],
    ['https://oidc.podrole.test:443/id', 'not even 443'],
    ['https://kubernetes.default.svc.cluster.local', 'its host is known inside the cluster only'],
    ['https://kubernetes.default.svc', 'its host is known inside the cluster only'],
    ['http://oidc.podrole.test', 'issuer must start with https://'],
    ['kubernetes/serviceaccount', 'issuer must start with https://'],
    [undefined, 'issuer must start with https://'],
  ])('with the issuer %s is refused with the remedy', async (given, why) => {
    issuer = given;
    const error = await refused(api.url);
    expect(error?.code).toBe('cluster-issuer-unusable');
    expect(error?.message).toContain(why);
    expect(error?.hint).toContain('--service-account-issuer=https://NAME');
  });

  it('without keys is refused', async () => {
    keys = [];
    expect((await refused(api.url))?.code).toBe('cluster-issuer-unusable');
  });
});
