import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodroleError } from '../../base/errors.ts';
import { type Listener, listen } from '../../host/listen.ts';
import { systemClock } from '../../host/system-clock.ts';
import { kubeconfigText } from '../kubeconfig-text.ts';
import { openExistingCluster } from './existing-cluster.ts';

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

async function kubeconfig(server: string): Promise<string> {
  const file = join(folder, 'kubeconfig');
  await writeFile(file, kubeconfigText({ name: 'there', server, caPem: '', token: 'admin' }));
  return file;
}

/** The error of opening, or `undefined`. */
async function refused(server: string, allowRemote = false): Promise<PodroleError | undefined> {
  return openExistingCluster({ kubeconfig: await kubeconfig(server), allowRemote }, systemClock()).then(
    () => undefined,
    (error: unknown) => error as PodroleError,
  );
}

describe('a cluster that exists already', () => {
  it('tells its issuer and keys', async () => {
    const cluster = await openExistingCluster({ kubeconfig: await kubeconfig(api.url), allowRemote: false }, systemClock());
    expect([cluster.url, cluster.issuer, cluster.keys()]).toEqual([api.url, issuer, [KEY]]);
  });

  it.each(['https://kube.example.com', 'https://10.0.0.1:6443', 'https://127.0.0.1.example.com', 'https://[2001:db8::1]:6443'])(
    '%s is not on this machine, and is not even asked',
    async (server) => {
      const error = await refused(server);
      expect(error?.code).toBe('cluster-not-local');
      expect(error?.hint).toContain('--allow-remote-cluster');
    },
  );

  it('is asked wherever it is when it was allowed to be remote', async () => {
    // Nobody listens there: what matters is that it was tried.
    expect((await refused('https://127.0.0.2:1', true))?.code).toBe('cluster-unreachable');
  });

  it.each([
    ['https://oidc.podrole.test:6443/id', 'issuer must not have a port other than 443'],
    ['https://oidc.podrole.test:443/id', 'not even 443'],
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
