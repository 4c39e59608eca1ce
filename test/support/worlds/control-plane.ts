import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../run-podrole.ts';

/** Where real control planes keep their files, each in a folder of its own beneath, or why there are none. */
export type ControlPlanes = { readonly folder: string } | { readonly skipped: string };

const run = promisify(execFile);
const launcher = join(root, 'test/cluster/control-plane/cluster');
const auditPolicy = join(root, 'test/cluster/control-plane/audit-policy.yaml');
const PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'];
/** Of a control plane: all but kubectl. */
const PROCESSES = PROGRAMS.length - 1;
/** An EKS cluster's issuer has this form, but for the last labels. */
const ISSUERS = 'https://oidc.eks.us-west-2.podrole.test/id/';

async function binaryFolder(): Promise<string> {
  if (process.env.PODROLE_CLUSTER_BIN) return process.env.PODROLE_CLUSTER_BIN;
  const modules = await readFile(join(root, 'test/cluster/control-plane/go.mod'), 'utf8');
  const version = /^\s*k8s\.io\/kubernetes (\S+)$/m.exec(modules)?.[1] ?? '';
  return join(cacheFolder(), version);
}

const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'podrole-cluster');

const isProgram = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

async function hasGo(): Promise<boolean> {
  return run('go', ['version']).then(
    () => true,
    () => false,
  );
}

/** The cached kubectl, or why there is none. Never builds. */
export async function cachedKubectl(): Promise<{ readonly program: string } | { readonly skipped: string }> {
  const program = join(await binaryFolder(), 'kubectl');
  return (await isProgram(program))
    ? { program }
    : { skipped: 'no kubectl in the cache; test/cluster/control-plane/cluster build makes it' };
}

/** A Go program of this repository (`test/cluster/NAME`), built once per version of its sources, or why there is none. */
export async function goProgram(
  name: 'client-go' | 'controller-runtime',
): Promise<{ readonly program: string } | { readonly skipped: string }> {
  const source = join(root, 'test/cluster', name);
  const hash = createHash('sha256');
  const files = (await readdir(source)).filter((file) => /\.(go|mod|sum)$/.test(file)).sort();
  for (const file of files) hash.update(await readFile(join(source, file)));
  const program = join(cacheFolder(), `${name}-${hash.digest('hex').slice(0, 16)}`, name);
  if (await isProgram(program)) return { program };
  if (!(await hasGo())) return { skipped: `no ${name} program in the cache, and no Go to build it` };
  if (process.env.CI && process.env.PODROLE_CI_CLUSTER !== '1')
    return { skipped: `no ${name} program in the cache, and CI builds it only with PODROLE_CI_CLUSTER=1` };
  const draft = `${program}.${process.pid}`;
  const env = { ...process.env, CGO_ENABLED: '0' };
  await run('go', ['build', '-trimpath', '-buildvcs=false', '-o', draft, '.'], { cwd: source, env, maxBuffer: 1 << 26 });
  await rename(draft, program);
  return { program };
}

/** Makes sure of the binaries, building them where that is wanted. Answers why not, or nothing. */
async function missingBinaries(tell: (line: string) => void): Promise<string | undefined> {
  const folder = await binaryFolder();
  const there = await Promise.all(PROGRAMS.map((name) => isProgram(join(folder, name))));
  if (there.every(Boolean)) return undefined;
  if (!(await hasGo())) return 'no control plane in the cache, and no Go to build one';
  if (process.env.CI && process.env.PODROLE_CI_CLUSTER !== '1')
    return 'no control plane in the cache, and CI builds it only with PODROLE_CI_CLUSTER=1';
  tell('building a Kubernetes control plane from Go modules: about ten minutes, once');
  await run(launcher, ['build'], { maxBuffer: 1 << 26 });
  return undefined;
}

/** Makes sure that control planes can be started, and where. */
export async function prepareControlPlanes(tell: (line: string) => void): Promise<ControlPlanes> {
  const skipped = await missingBinaries(tell);
  // Whoever kills this process leaves no control plane behind: those that start hereafter, in its workers too, end with it.
  process.env.PODROLE_CLUSTER_OWNER ??= String(process.pid);
  return skipped === undefined ? { folder: await mkdtemp(join(tmpdir(), 'podrole-cluster-')) } : { skipped };
}

/** Starts a real control plane on loopback whose state is in `folder`, about four seconds, unless it runs. */
export async function startControlPlane(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { stdout } = await run(launcher, ['status', folder]);
  if (stdout.trim().split('\n').length === PROCESSES) return;
  await stopControlPlane(folder);
  // The same folder has the same issuer, each folder another.
  const id = createHash('md5').update(folder).digest('hex').toUpperCase();
  await run(launcher, ['up', folder], { env: { ...process.env, PODROLE_ISSUER: ISSUERS + id, PODROLE_AUDIT: auditPolicy } });
}

/** One line of a control plane's audit log, of which it keeps what is said about the creation of pods. */
export interface AuditEvent {
  readonly objectRef: { readonly namespace?: string; readonly name?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export async function auditEvents(folder: string): Promise<readonly AuditEvent[]> {
  const text = await readFile(join(folder, 'logs/audit.log'), 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as AuditEvent]));
}

/** Stops its processes; keys and data stay. */
export async function stopControlPlane(folder: string): Promise<void> {
  await run(launcher, ['down', folder]);
}

/** Stops every control plane beneath a folder and removes it. */
export async function removeControlPlanes(folder: string): Promise<void> {
  const all = await readdir(folder);
  await Promise.all(all.map((name) => stopControlPlane(join(folder, name))));
  await rm(folder, { recursive: true, force: true });
}

/** Makes the API server forget all history: etcd is compacted, and the server started again, since its cache outlives a compaction. */
export async function forgetHistory(folder: string, revision: number): Promise<void> {
  const etcd = (await readFile(join(folder, 'etcd-url'), 'utf8')).trim();
  const answer = await fetch(`${etcd}/v3/kv/compaction`, { method: 'POST', body: JSON.stringify({ revision: String(revision) }) });
  if (!answer.ok) throw new Error(`etcd did not compact: ${answer.status} ${await answer.text()}`);
  await stopControlPlane(folder);
  await startControlPlane(folder);
}
