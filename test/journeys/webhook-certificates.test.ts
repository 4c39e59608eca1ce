import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeptCertificatesOptions, keepCertificates } from '../../src/app/webhook/kept-certificates.ts';
import type { Clock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { listenBytes } from '../../src/host/listen-bytes.ts';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { openWorldOfRun, type World, worldSkipped } from '../support/worlds/world.ts';

const DAY_MS = 86_400_000;
const NAMESPACE = 'default';
const SERVICE = 'pod-identity-webhook';
const HOST = `${SERVICE}.${NAMESPACE}.svc`;

interface Pair {
  readonly cert: string;
  readonly key: string;
}
interface Configuration extends KubeObject {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

/** A clock that leaps over days and runs what was set, once each, however far that is behind. */
class LeapingClock implements Clock {
  #ms: number;
  readonly #timers = new Set<() => void>();
  constructor(start: number) {
    this.#ms = start;
  }
  now(): Date {
    return new Date(this.#ms);
  }
  monotonic(): number {
    return this.#ms;
  }
  after(_ms: number, run: () => void): { cancel(): void } {
    this.#timers.add(run);
    return { cancel: () => void this.#timers.delete(run) };
  }
  leap(days: number): void {
    this.#ms += days * DAY_MS;
    const due = [...this.#timers];
    this.#timers.clear();
    for (const run of due) run();
  }
}

describe.skipIf(worldSkipped() !== undefined)('certificates that webhooks keep themselves', () => {
  let world: World;
  let client: KubeClient;
  beforeAll(async () => {
    world = await openWorldOfRun();
    client = world.kubeClient();
    const webhook = (name: string, service: string): object => ({
      name: `${name}.podrole.dev`,
      clientConfig: { service: { namespace: NAMESPACE, name: service, path: '/mutate' } },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      rules: [{ operations: ['CREATE'], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['nothing'] }],
    });
    await client.create(resources.mutatingWebhookConfigurations, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'pod-identity-webhook' },
      webhooks: [webhook('ours', SERVICE), webhook('theirs', 'another')],
    });
  });
  afterAll(async () => {
    await client.delete(resources.mutatingWebhookConfigurations, { name: 'pod-identity-webhook' });
    await client.delete(resources.secrets, { namespace: NAMESPACE, name: 'own-certificate' });
    client.close();
    await world.close();
  });

  const bundles = async (): Promise<readonly string[]> => {
    const { webhooks } = await client.get<Configuration>(resources.mutatingWebhookConfigurations, { name: 'pod-identity-webhook' });
    return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString());
  };
  const certificates = (pem: string | undefined): number => pem?.match(/BEGIN CERTIFICATE/g)?.length ?? 0;

  it('are the same on two replicas, trusted by the API server, and rotated without a dropped connection', async () => {
    // TLS verifies by the wall clock: the replicas start so long ago that they come to the present with the second certificate.
    const start = Date.now() - 61 * DAY_MS;
    const ending = new AbortController();
    const replicas = await Promise.all(
      [1, 2].map(async () => {
        const clock = new LeapingClock(start);
        const pairs: Pair[] = [];
        const options: KeptCertificatesOptions = {
          client,
          namespace: NAMESPACE,
          secret: 'own-certificate',
          service: SERVICE,
          configuration: { resource: resources.mutatingWebhookConfigurations, name: 'pod-identity-webhook' },
          fieldManager: 'podrole-webhook',
          clock,
          log: silentLog,
          onPair: (pair) => pairs.push(pair),
        };
        await keepCertificates(options, ending.signal);
        return { clock, pairs };
      }),
    );
    const [one, two] = replicas as [(typeof replicas)[0], (typeof replicas)[0]];
    expect(one.pairs).toHaveLength(1);
    expect(two.pairs).toEqual(one.pairs);
    const [ours, theirs] = await bundles();
    expect([certificates(ours), theirs]).toEqual([1, '']);

    const [first] = one.pairs as [Pair];
    const listener = await listenBytes({
      onRequest: () => ({ status: 200, contentType: 'text/plain', body: new Uint8Array([111, 107]) }),
      tls: first,
      port: 0,
    });
    const dial = (ca: string) =>
      new Promise<ReturnType<typeof connect>>((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: listener.port, ca, servername: HOST }, () => resolve(socket));
        socket.once('error', reject);
      });
    const ask = (socket: ReturnType<typeof connect>): Promise<string> =>
      new Promise((resolve) => {
        socket.once('data', (data) => resolve(data.toString()));
        socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      });
    const old = await dial(ours ?? '');
    expect(await ask(old)).toContain('200 OK');

    const age = (days: number): void => {
      for (const { clock } of replicas) clock.leap(days);
    };
    age(61);
    await expect.poll(() => [one.pairs.length, two.pairs.length]).toEqual([2, 2]);
    expect(two.pairs).toEqual(one.pairs);
    expect((await bundles())[0]).toBe(ours);
    listener.setSecureContext(one.pairs[1] as Pair);
    expect(await ask(old)).toContain('200 OK');
    const fresh = await dial(ours ?? '');
    expect(fresh.getPeerCertificate().fingerprint256).not.toBe(old.getPeerCertificate().fingerprint256);
    expect(await ask(fresh)).toContain('200 OK');
    for (const socket of [old, fresh]) socket.destroy();

    age(183);
    await expect.poll(async () => certificates((await bundles())[0])).toBe(2);
    ending.abort();
    await listener.close(0);
  });
});
