import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startWebhookServer, type WebhookServer } from '../../../src/app/webhook/webhook-server.ts';
import { silentLog } from '../../../src/base/log.ts';
import { type Authority, createAuthority, type IssuedCertificate } from '../../../src/host/authority.ts';
import { systemClock } from '../../../src/host/system-clock.ts';
import type { KubeClient } from '../../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../../src/kube/core/object.ts';
import { resources } from '../../../src/kube/core/resource.ts';
import { openKubectl } from '../../support/kubectl.ts';
import { type Backend, type ReadyForwarder, startReadyForwarder } from '../../support/ready-forwarder.ts';
import { auditEvents, cachedKubectl } from '../../support/worlds/control-plane.ts';
import { inWorld, worldName } from '../../support/worlds/world.ts';

const kubectlFound = await cachedKubectl();
const NAMESPACE = 'webhook-rollout';
const ROLE = 'arn:aws:iam::111122223333:role/r';
const CONFIGURATION = 'webhook-rollout';
/** As many as a large rollout makes, among which dozens of restarts fall; fewer for the sandbox, which has one process for everything. */
const PODS = worldName() === 'real' ? 2_000 : 300;
const AT_ONCE = 16;
const WAIT = { timeout: 20_000, interval: 50 };

interface Pod extends KubeObject {
  readonly spec: { readonly containers: readonly { readonly env?: readonly { readonly name: string; readonly value?: string }[] }[] };
}
interface Replica {
  readonly server: WebhookServer;
  readonly backend: Backend;
}

const podOf = (over: object): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: NAMESPACE, generateName: 'p-' },
    spec: { serviceAccountName: 'bound', containers: [container], ...over },
  }) as never;
const container = { name: 'c', image: 'example.com/i' };
const INJECTED = { reason: 'Injected', method: 'web-identity', origin: 'service-account' };

/** Pods, and what is told about them: warnings by their codes, and the annotations of the audit event. */
const TOLD: Readonly<
  Record<string, { readonly spec: object; readonly metadata?: object; readonly warnings: readonly string[]; readonly audit: object }>
> = {
  plain: { spec: {}, warnings: [], audit: INJECTED },
  'init-containers': { spec: { initContainers: [{ ...container, name: 'i', restartPolicy: 'Always' }] }, warnings: [], audit: INJECTED },
  'half-set': {
    spec: { containers: [{ ...container, env: [{ name: 'AWS_ROLE_ARN', value: ROLE }] }] },
    metadata: { annotations: { 'eks.amazonaws.com/skip-containers': 'gone', 'eks.amazonaws.com/token-expiration': '9' } },
    warnings: ['TokenExpirationTooShort', 'UnknownContainer', 'HalfSetCredentials'],
    audit: { ...INJECTED, notes: 'TokenExpirationTooShort,UnknownContainer,HalfSetCredentials' },
  },
  'odd-role': {
    spec: { serviceAccountName: 'odd' },
    warnings: ['InvalidRoleArn'],
    audit: { ...INJECTED, notes: 'InvalidRoleArn' },
  },
  'empty-role': { spec: { serviceAccountName: 'empty' }, warnings: ['EmptyRole'], audit: { reason: 'EmptyRole' } },
  'no-role': { spec: { serviceAccountName: 'default' }, warnings: [], audit: { reason: 'NoRole' } },
};

const roleOf = ({ spec }: Pod): (string | undefined)[] =>
  spec.containers.map(({ env }) => env?.find(({ name }) => name === 'AWS_ROLE_ARN')?.value);

inWorld('two webhooks behind a Service, failurePolicy Fail', (world) => {
  const clock = systemClock();
  const warnings: string[] = [];
  let client: KubeClient;
  let forwarder: ReadyForwarder;
  let authority: Authority;
  let certificate: IssuedCertificate;
  const replicas: Replica[] = [];

  const issue = (): Promise<IssuedCertificate> => authority.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });
  async function startReplica(): Promise<Replica> {
    const server = await startWebhookServer({
      client: world().kubeClient(),
      webhook: {},
      tls: { cert: certificate.certPem, key: certificate.keyPem },
      address: '127.0.0.1',
      port: 0,
      metricsPort: 0,
      namespace: 'default',
      identitiesFile: undefined,
      clock,
      log: silentLog,
      random: Math.random,
    });
    const backend = { port: Number(new URL(server.url).port), readyUrl: `${server.metricsUrl}/readyz` };
    forwarder.add(backend);
    return { server, backend };
  }
  async function stopReplica({ server, backend }: Replica): Promise<void> {
    await server.close({ acceptMs: 2_000, finishMs: 5_000 });
    forwarder.remove(backend);
  }

  const bothReady = (): Promise<void> => vi.waitFor(() => expect(forwarder.ready()).toBe(2), WAIT);

  beforeAll(async () => {
    client = world().kubeClient({ onWarning: (texts) => warnings.push(...texts) });
    authority = await createAuthority({ clock, commonName: 'test' });
    certificate = await issue();
    await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    for (const [name, role] of [
      ['bound', ROLE],
      ['odd', 'not-an-arn'],
      ['empty', ''],
    ] as const)
      await client.create(resources.serviceAccounts, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { namespace: NAMESPACE, name, annotations: { 'eks.amazonaws.com/role-arn': role } },
      });
    forwarder = await startReadyForwarder();
    replicas.push(await startReplica(), await startReplica());
    await bothReady();
    await client.create(resources.mutatingWebhookConfigurations, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: CONFIGURATION },
      webhooks: [
        {
          name: 'rollout.podrole.dev',
          clientConfig: {
            url: `https://127.0.0.1:${forwarder.port}/mutate`,
            caBundle: Buffer.from(authority.caPem).toString('base64'),
          },
          rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAMESPACE } },
          admissionReviewVersions: ['v1', 'v1beta1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          timeoutSeconds: 10,
        },
      ],
    });
    // An API server learns of a configuration in its own time.
    await vi.waitFor(async () => expect(roleOf(await client.create(resources.pods, podOf({}), { dryRun: true }))).toEqual([ROLE]), WAIT);
  });
  afterAll(async () => {
    await client.delete(resources.mutatingWebhookConfigurations, { name: CONFIGURATION });
    await client.delete(resources.namespaces, { name: NAMESPACE });
    await Promise.all(replicas.map(stopReplica));
    await forwarder.close();
  });

  it('mutate plain pods, pods with variables of their own and pods with init containers', async () => {
    const own = [{ name: 'A', value: 'b' }];
    const plain = await client.create(resources.pods, podOf({}));
    const varied = await client.create(resources.pods, podOf({ containers: [{ ...container, env: own }] }));
    const init = await client.create(resources.pods, podOf({ initContainers: [{ ...container, name: 'i', restartPolicy: 'Always' }] }));
    expect([plain, varied, init].map(roleOf)).toEqual([[ROLE], [ROLE], [ROLE]]);
    expect(varied.spec.containers[0]?.env?.slice(0, 1)).toEqual(own);
    expect(init.spec).toMatchObject({
      initContainers: [{ restartPolicy: 'Always', env: expect.arrayContaining([{ name: 'AWS_ROLE_ARN', value: ROLE }]) }],
    });
  });

  it('warn whoever creates a pod with a malformed role', async () => {
    await client.create(resources.pods, podOf({ serviceAccountName: 'odd' }));
    expect(warnings).toEqual([expect.stringContaining('(InvalidRoleArn)')]);
  });

  it.skipIf('skipped' in kubectlFound)('are heard by kubectl, and by the audit log of a real API server', async () => {
    if ('skipped' in kubectlFound) return;
    const kubectl = await openKubectl(kubectlFound.program, world().sandbox.kubeconfig);
    const heard = new Map<string, string>();
    for (const [name, { spec, metadata = {} }] of Object.entries(TOLD)) {
      const pod = podOf(spec);
      const file = await kubectl.file(`${name}.json`, { ...pod, metadata: { ...metadata, namespace: NAMESPACE, name } });
      const { code, stderr } = await kubectl('create', '-f', file);
      expect([name, code]).toEqual([name, 0]);
      heard.set(name, stderr);
    }
    await kubectl.close();
    for (const [name, { warnings: expected }] of Object.entries(TOLD)) {
      const lines =
        heard
          .get(name)
          ?.split('\n')
          .filter((line) => line.startsWith('Warning: podrole: ')) ?? [];
      expect([name, lines.map((line) => /\((\w+)\)$/.exec(line)?.[1])]).toEqual([name, expected]);
    }

    const plane = world().existing?.kubeconfig;
    if (plane === undefined) return;
    const events = await auditEvents(dirname(plane));
    const said = (name: string): object => {
      const annotations = events.find(({ objectRef }) => objectRef.namespace === NAMESPACE && objectRef.name === name)?.annotations ?? {};
      return Object.fromEntries(
        Object.entries(annotations).flatMap(([key, value]) => (key.startsWith('rollout.podrole.dev/') ? [[key.split('/')[1], value]] : [])),
      );
    };
    for (const [name, { audit }] of Object.entries(TOLD)) expect([name, said(name)]).toEqual([name, audit]);
  });

  it(`let ${PODS} pods through, each with its role, while they restart one after the other and the certificate rotates`, async () => {
    let created = 0;
    const roles = new Map<string, number>();
    const rolling = (async () => {
      for (let round = 0; created < PODS; round += 1) {
        const at = round % 2;
        const old = replicas[at];
        if (old === undefined) throw new Error('two replicas');
        await stopReplica(old);
        replicas[at] = await startReplica();
        await bothReady();
        certificate = await issue();
        for (const { server } of replicas) server.setCertificate({ cert: certificate.certPem, key: certificate.keyPem });
      }
    })();
    const creating = Array.from({ length: AT_ONCE }, async () => {
      while (created < PODS) {
        created += 1;
        const outcome = await client.create(resources.pods, podOf({})).then(
          (pod) => roleOf(pod).join(),
          (error: unknown) => String(error),
        );
        roles.set(outcome, (roles.get(outcome) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
    await Promise.all([...creating, rolling]);
    expect(Object.fromEntries(roles)).toEqual({ [ROLE]: PODS });
  }, 300_000);
});
