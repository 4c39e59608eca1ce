import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { openAuthority } from '../../src/host/authority.ts';
import { renewCertificates } from '../../src/host/renew-certificates.ts';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { bareEnvironment, type Running, root, startPodrole } from '../support/run-podrole.ts';
import { freePort } from '../support/webhook-process.ts';
import { type AnswerBody, operationsOf, reviewOf } from '../support/webhook-world.ts';
import { openWorldOfRun, type World, worldSkipped } from '../support/worlds/world.ts';

const DAY_MS = 86_400_000;
const NAMESPACE = 'podrole';
const NAME = 'pod-identity-webhook';
const HOST = `${NAME}.${NAMESPACE}.svc`;
const NAMES = [HOST, NAME, `${NAME}.${NAMESPACE}`, `${HOST}.cluster.local`] as const;
const WAIT = { timeout: 20_000, interval: 50 };

interface Configuration extends KubeObject {
  readonly webhooks: readonly { readonly name: string; readonly clientConfig: { readonly caBundle?: string } }[];
}
interface Secret extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}
interface Deployment {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [{ readonly args: readonly string[] }] } } };
}
interface Replica {
  readonly port: number;
  readonly metricsPort: number;
  readonly running: Running;
}

const decoded = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();
const encoded = (text: string): string => Buffer.from(text).toString('base64');
const daysAgo = (days: number): FakeClock => new FakeClock(new Date(Date.now() - days * DAY_MS).toISOString());
const count = (pem: string): number => pem.match(/BEGIN CERTIFICATE/g)?.length ?? 0;

async function manifests(file: string): Promise<readonly KubeObject[]> {
  const documents = parseAllDocuments(await readFile(join(root, 'deploy/base/webhook', file), 'utf8'));
  return documents.map((document) => document.toJS() as KubeObject);
}
const COLLECTIONS: Readonly<Record<string, (namespace: string) => string>> = {
  Namespace: () => '/api/v1/namespaces',
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  ClusterRole: () => '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: () => '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  Role: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
  RoleBinding: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
  MutatingWebhookConfiguration: () => '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
};
const collectionOf = ({ kind = '', metadata }: KubeObject): string | undefined => COLLECTIONS[kind]?.(metadata.namespace ?? '');

describe.skipIf(worldSkipped() !== undefined)('two replicas of podrole webhook --in-cluster, as deploy/ starts them', () => {
  let world: World;
  let client: KubeClient;
  let home: string;
  let account: string;
  let made: readonly KubeObject[];
  let args: readonly string[];
  const replicas: Replica[] = [];

  beforeAll(async () => {
    world = await openWorldOfRun();
    client = world.kubeClient();
    home = await mkdtemp(join(tmpdir(), 'podrole-in-cluster-'));
    made = [...(await manifests('access.yaml')), ...(await manifests('webhook.yaml'))].filter(
      (object) => collectionOf(object) !== undefined,
    );
    for (const object of made) await client.raw('POST', collectionOf(object) ?? '', object);
    const [deployment] = (await manifests('deployment.yaml')) as unknown as [Deployment];
    args = deployment.spec.template.spec.containers[0].args;
    await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'in-cluster' } });
    await client.create(resources.serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { namespace: 'in-cluster', name: 'web', annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/r' } },
    });
    // What the kubelet would mount.
    account = join(home, 'serviceaccount');
    await mkdir(account);
    const { token } = await client.createToken({ namespace: NAMESPACE, name: NAME }, { audiences: [] });
    await writeFile(join(account, 'token'), token, { mode: 0o600 });
    await writeFile(join(account, 'ca.crt'), String(world.credentials.tls.ca));
    await writeFile(join(account, 'namespace'), NAMESPACE);
  });
  afterAll(async () => {
    for (const { running } of replicas) running.child.kill('SIGKILL');
    await Promise.all(replicas.map(({ running }) => running.ended));
    for (const object of made.toReversed())
      await client.raw('DELETE', `${collectionOf(object)}/${object.metadata.name}`).catch(() => undefined);
    await client.delete(resources.namespaces, { name: 'in-cluster' });
    client.close();
    await world.close();
    await rm(home, { recursive: true, force: true });
  });

  async function startReplica(): Promise<Replica> {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const api = new URL(world.credentials.server);
    const { NODE_OPTIONS, ...env } = bareEnvironment(home);
    const running = startPodrole(
      ['webhook', ...args.filter((arg) => !arg.startsWith('--port=')), `--port=${port}`, `--metrics-port=${metricsPort}`],
      {
        home,
        env: {
          ...env,
          NODE_OPTIONS: `${NODE_OPTIONS} --import=${pathToFileURL(join(root, 'test/support/hasty-timers.mjs')).href}`,
          KUBERNETES_SERVICE_HOST: api.hostname,
          KUBERNETES_SERVICE_PORT: api.port,
          PODROLE_SERVICE_ACCOUNT_FOLDER: account,
        },
      },
    );
    let over = false;
    void running.ended.then(() => {
      over = true;
    });
    for (;;) {
      if (over) throw new Error((await running.ended).stderr);
      const answer = await fetch(`http://127.0.0.1:${metricsPort}/readyz`).catch(() => undefined);
      if (answer?.status === 200) return { port, metricsPort, running };
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  const secret = (): Promise<Secret> => client.get<Secret>(resources.secrets, { namespace: NAMESPACE, name: NAME });
  const bundles = async (): Promise<readonly string[]> =>
    (await client.get<Configuration>(resources.mutatingWebhookConfigurations, { name: NAME })).webhooks.map(({ clientConfig }) =>
      decoded(clientConfig.caBundle),
    );
  const dial = (port: number, ca: string): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca, servername: HOST }, () => resolve(socket));
      socket.once('error', reject);
    });
  const review = JSON.stringify(
    reviewOf({ metadata: { name: 'p' }, spec: { serviceAccountName: 'web', containers: [{ name: 'c' }] } }, { namespace: 'in-cluster' }),
  );
  /** One review over an open connection, as the API server keeps them. */
  const admit = (socket: TLSSocket): Promise<number> =>
    new Promise((resolve, reject) => {
      let text = '';
      const take = (data: Buffer): void => {
        text += data.toString();
        const [head = '', body = ''] = text.split('\r\n\r\n');
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
        if (body.length < length || Number.isNaN(length)) return;
        socket.off('data', take);
        resolve(operationsOf(JSON.parse(body) as AnswerBody).length);
      };
      socket.on('data', take);
      socket.once('close', () => reject(new Error('the connection was dropped')));
      socket.write(
        `POST /mutate HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: application/json\r\nContent-Length: ${review.length}\r\n\r\n${review}`,
      );
    });
  const printOf = async (port: number, ca: string): Promise<string> => {
    const socket = await dial(port, ca);
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  /** What the Secret holds, made so long ago that the authority is due, with a certificate of it that is not. */
  async function seedAged(): Promise<void> {
    const old = await renewCertificates(undefined, { clock: daysAgo(250), names: NAMES });
    const issued = await issuedBy(old.caBundle, old.caKey, 1);
    const data = { 'ca.crt': encoded(old.caBundle), 'ca.key': encoded(old.caKey), ...issued };
    await client.create(resources.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { namespace: NAMESPACE, name: NAME },
      data,
    });
  }
  async function issuedBy(caPem: string, keyPem: string, days: number): Promise<Readonly<Record<string, string>>> {
    const authority = await openAuthority({ clock: daysAgo(days), caPem, keyPem });
    const { certPem, keyPem: key } = await authority.issue({ commonName: HOST, dnsNames: [...NAMES], days: 90 });
    return { 'tls.crt': encoded(certPem), 'tls.key': encoded(key) };
  }

  it('share one authority, publish it before they issue by it, and rotate without a dropped connection', async () => {
    await seedAged();
    const seeded = await secret();
    replicas.push(...(await Promise.all([startReplica(), startReplica()])));

    // The authority is due: its successor is there, and both are trusted by every webhook of the configuration.
    await expect.poll(async () => (await bundles()).map(count), WAIT).toEqual([2, 2]);
    const [bundle = '', same] = await bundles();
    expect(same).toBe(bundle);
    expect(bundle).toContain(decoded(seeded.data['ca.crt']).trim());
    const before = await Promise.all(replicas.map(({ port }) => printOf(port, bundle)));
    expect(new Set(before).size).toBe(1);
    // Nothing was issued by the successor yet: who knows only the old authority still gets through.
    expect(await printOf(replicas[0]?.port ?? 0, decoded(seeded.data['ca.crt']))).toBe(before[0]);

    const held = await Promise.all(replicas.map(({ port }) => dial(port, bundle)));
    expect(await Promise.all(held.map(admit))).toEqual([3, 3]);
    const failures: string[] = [];
    const traffic = { on: true, count: 0 };
    const load = replicas.map(async ({ port }) => {
      while (traffic.on) {
        await dial(port, bundle).then(
          async (socket) => {
            await admit(socket);
            socket.destroy();
          },
          (error: unknown) => failures.push(String(error)),
        );
        traffic.count += 1;
      }
    });

    // The certificate comes of age.
    const { data, ...rest } = await secret();
    const spent = await issuedBy(decoded(seeded.data['ca.crt']), decoded(seeded.data['ca.key']), 70);
    await client.replace(resources.secrets, { ...rest, data: { ...data, ...spent } } as KubeObject);
    await expect
      .poll(async () => {
        const now = await Promise.all(replicas.map(({ port }) => printOf(port, bundle)));
        return new Set(now).size === 1 && now[0] !== before[0];
      }, WAIT)
      .toBe(true);
    expect(await Promise.all(held.map(admit))).toEqual([3, 3]);
    traffic.on = false;
    await Promise.all(load);
    expect([failures, traffic.count > 10]).toEqual([[], true]);
    for (const socket of held) socket.destroy();
    const [newest = ''] = /-----BEGIN[\s\S]*?-----END CERTIFICATE-----/.exec(bundle) ?? [];
    expect(await printOf(replicas[1]?.port ?? 0, newest)).not.toBe(before[0]);
  });

  it('put the authorities back when somebody applies the manifest anew', async () => {
    const [bundle = ''] = await bundles();
    const bare = made.find(({ kind }) => kind === 'MutatingWebhookConfiguration') as Configuration;
    const { metadata } = await client.get(resources.mutatingWebhookConfigurations, { name: NAME });
    await client.replace(resources.mutatingWebhookConfigurations, {
      ...bare,
      metadata: { ...bare.metadata, resourceVersion: metadata.resourceVersion },
    } as KubeObject);
    expect((await bundles()).map(count)).toEqual([0, 0]);
    await expect.poll(bundles, WAIT).toEqual([bundle, bundle]);
  });

  it('end with 0 on SIGTERM', async () => {
    for (const { running } of replicas) running.child.kill('SIGTERM');
    const ended = await Promise.all(replicas.map(({ running }) => running.ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    // Nothing that they do was refused to the account of the manifests.
    expect(ended.map(({ stderr }) => stderr.split('\n').filter((line) => /forbidden/i.test(line)))).toEqual([[], []]);
  });
});
