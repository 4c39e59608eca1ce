import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { openSandbox, type Sandbox } from '../src/app/sandbox.ts';
import { silentLog } from '../src/base/log.ts';
import { listen } from '../src/host/listen.ts';
import { systemClock } from '../src/host/system-clock.ts';
import { connectKube } from '../src/kube/client/connect.ts';
import { httpsFetch } from '../src/kube/client/https-fetch.ts';
import type { KubeClient } from '../src/kube/client/kube-client.ts';
import { loadKubeconfig } from '../src/kube/client/kubeconfig.ts';
import type { KubeObject } from '../src/kube/core/object.ts';
import { resources } from '../src/kube/core/resource.ts';

/** Requests of the measured controller by what they did: `PATCH profiles/status`, `GetRole`. */
export type Tally = Map<string, number>;

/** A cluster and an account for one controller, which reaches both through counting doors. */
export interface ProfileWorld {
  readonly kind: 'real control plane' | 'sandbox';
  readonly admin: KubeClient;
  readonly sandbox: Sandbox;
  /** What the controller is given: its requests are counted, everybody else's are not. */
  readonly kubeconfig: string;
  readonly kube: Tally;
  readonly iam: Tally;
  close(): Promise<void>;
}

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const launcher = join(root, 'test/cluster/control-plane/cluster');
export const ADMIN_KEY = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

const count = (tally: Tally, key: string): unknown => tally.set(key, (tally.get(key) ?? 0) + 1);

/** The folder of a freshly started real control plane where its binaries are in the cache. */
async function realPlane(): Promise<string | undefined> {
  const modules = await readFile(join(root, 'test/cluster/control-plane/go.mod'), 'utf8');
  const version = /^\s*k8s\.io\/kubernetes (\S+)$/m.exec(modules)?.[1] ?? '';
  const bin = process.env.PODROLE_CLUSTER_BIN || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'podrole-cluster', version);
  const missing = await access(join(bin, 'kube-apiserver')).then(
    () => false,
    () => true,
  );
  if (missing) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'podrole-bench-plane-'));
  const env = { ...process.env, PODROLE_ISSUER: 'https://oidc.eks.us-west-2.podrole.test/id/7A11C0DE7A11C0DE7A11C0DE7A11C0DE' };
  await run(launcher, ['up', folder], { env });
  return folder;
}

/** Opens the real control plane where it is cached, else the sandbox's; IAM answers `latencyMs` late, and without a quota. */
export async function openProfileWorld(latencyMs: number): Promise<ProfileWorld> {
  const plane = await realPlane();
  const folder = await mkdtemp(join(tmpdir(), 'podrole-bench-world-'));
  const clock = systemClock();
  const iam: Tally = new Map();
  const sandbox = await openSandbox({
    account: '111122223333',
    region: 'us-west-2',
    cluster: 'bench',
    adminKey: ADMIN_KEY,
    port: 0,
    awsTls: false,
    folder,
    clock,
    log: silentLog,
    ...(plane === undefined ? {} : { existing: { kubeconfig: join(plane, 'kubeconfig'), allowRemote: false } }),
    intercept: {
      aws: (handler) => async (request) => {
        const body = await request.text();
        const action = new URLSearchParams(body).get('Action');
        if (action !== null) count(iam, action);
        await new Promise((resolve) => setTimeout(resolve, latencyMs));
        const { url, method, headers } = request;
        return handler(new Request(url, { method, headers, ...(body === '' ? {} : { body }) }));
      },
    },
  });
  sandbox.aws.setQuotas({ trustPolicySize: 'off' });
  const credentials = await loadKubeconfig({ path: sandbox.kubeconfig, env: {}, clock });
  const admin = connectKube(credentials, { userAgent: 'podrole-bench' });
  const crd = parse(await readFile(join(root, 'deploy/crds/kubeflow.org_profiles.yaml'), 'utf8')) as KubeObject;
  await admin.apply(resources.customResourceDefinitions, crd, { fieldManager: 'podrole-bench', force: true });

  const kube: Tally = new Map();
  const upstream = httpsFetch(credentials.tls);
  const door = await listen({
    port: 0,
    handler: async (request) => {
      const url = new URL(request.url);
      count(kube, `${request.method} ${whatOf(url)}`);
      const headers = new Headers(request.headers);
      headers.delete('host');
      const token = await credentials.token?.({ fresh: false });
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
      const body = request.method === 'GET' || request.method === 'HEAD' ? undefined : await request.text();
      const init = { method: request.method, headers, signal: request.signal, ...(body === undefined ? {} : { body }) };
      return upstream(new Request(credentials.server + url.pathname + url.search, init));
    },
  });
  const kubeconfig = join(folder, 'counted.kubeconfig');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'bench',
      contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
      clusters: [{ name: 'bench', cluster: { server: door.url } }],
      users: [{ name: 'bench', user: {} }],
    }),
  );
  return {
    kind: plane === undefined ? 'sandbox' : 'real control plane',
    admin,
    sandbox,
    kubeconfig,
    kube,
    iam,
    close: async () => {
      admin.close();
      await door.close(0);
      upstream.close();
      await sandbox.close();
      if (plane !== undefined) {
        await run(launcher, ['down', plane]);
        await rm(plane, { recursive: true, force: true });
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** `profiles/status`, `namespaces`; a watch and a list are told apart from a read of one object. */
function whatOf(url: URL): string {
  const parts = url.pathname.split('/').filter(Boolean);
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  const path = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  const [resource = url.pathname, name, subresource] = path;
  const verb = url.searchParams.get('watch') ? ' watch' : name === undefined ? ' list' : '';
  return `${resource}${subresource === undefined ? '' : `/${subresource}`}${verb}`;
}
