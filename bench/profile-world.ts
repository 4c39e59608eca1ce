import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { openSandbox, type Sandbox } from '../src/app/sandbox.ts';
import { silentLog } from '../src/base/log.ts';
import { systemClock } from '../src/host/system-clock.ts';
import { connectKube } from '../src/kube/client/connect.ts';
import { KubeApiError } from '../src/kube/client/errors.ts';
import type { KubeClient } from '../src/kube/client/kube-client.ts';
import { loadKubeconfig } from '../src/kube/client/kubeconfig.ts';
import type { KubeObject } from '../src/kube/core/object.ts';
import { resources } from '../src/kube/core/resource.ts';
import { count, openCountingDoor, type Tally } from './counting-door.ts';

/** A cluster and an account for one controller, which reaches both through counting doors. */
export interface ProfileWorld {
  readonly kind: 'real control plane' | 'sandbox';
  readonly admin: KubeClient;
  readonly sandbox: Sandbox;
  /** What the controller is given: its requests are counted, everybody else's are not. */
  readonly kubeconfig: string;
  /** A place for files that goes with the world. */
  readonly folder: string;
  readonly kube: Tally;
  readonly iam: Tally;
  /** The trust policy of a role as it is now, without a call that anybody would count. */
  trust(role: string): string;
  /** Changes a trust policy at once, as another administrator's last write does. */
  editTrust(role: string, edit: (document: string) => string): void;
  close(): Promise<void>;
}

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const launcher = join(root, 'test/cluster/control-plane/cluster');
export const ADMIN_KEY = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

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

/** Opens the real control plane where it is cached, else the sandbox's; IAM answers `latencyMs` late, and keeps trust policies to `quota`. */
export async function openProfileWorld(latencyMs: number, quota: number | 'off'): Promise<ProfileWorld> {
  const plane = await realPlane();
  try {
    return await openOn(plane, { latencyMs, quota });
  } catch (error) {
    await endPlane(plane);
    throw error;
  }
}

async function endPlane(plane: string | undefined): Promise<void> {
  if (plane === undefined) return;
  await run(launcher, ['down', plane]);
  await rm(plane, { recursive: true, force: true });
}

async function openOn(
  plane: string | undefined,
  { latencyMs, quota }: { readonly latencyMs: number; readonly quota: number | 'off' },
): Promise<ProfileWorld> {
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
  sandbox.aws.setQuotas({ trustPolicySize: quota });
  const credentials = await loadKubeconfig({ path: sandbox.kubeconfig, env: {}, clock });
  const admin = connectKube(credentials, { userAgent: 'podrole-bench' });
  const crd = parse(await readFile(join(root, 'deploy/crds/kubeflow.org_profiles.yaml'), 'utf8')) as KubeObject;
  await admin.apply(resources.customResourceDefinitions, crd, { fieldManager: 'podrole-bench', force: true });
  while (!(await isServed(admin))) await new Promise((resolve) => setTimeout(resolve, 100));

  const kube: Tally = new Map();
  const door = await openCountingDoor(credentials, kube);
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
    folder,
    kube,
    iam,
    trust: (role) => sandbox.aws.snapshot().roles.find((one) => one.name === role)?.trust ?? '',
    editTrust: (role, edit) => {
      const before = sandbox.aws.snapshot();
      const roles = before.roles.map((one) => (one.name === role ? { ...one, trust: edit(one.trust) } : one));
      sandbox.aws.restore({ ...before, roles });
    },
    close: async () => {
      admin.close();
      await door.close();
      await sandbox.close();
      await endPlane(plane);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The API server takes a new kind a moment after its definition. */
function isServed(admin: KubeClient): Promise<boolean> {
  return admin.list(resources.profiles, {}).then(
    () => true,
    (error: unknown) => {
      if (error instanceof KubeApiError) return false;
      throw error;
    },
  );
}
