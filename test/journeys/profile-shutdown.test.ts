import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { type ProfileJourney, profileJourney, settled, wants } from '../support/profile-journey.ts';
import { startPodrole } from '../support/run-podrole.ts';
import { inWorld } from '../support/worlds/world.ts';

interface IamDoor {
  readonly url: string;
  /** Resolves when a write of a trust policy stands in the door. */
  readonly held: Promise<void>;
  letIn(): void;
  close(): void;
}

/** A door to IAM in which writes of trust policies stand until they are let in. */
async function openIamDoor(endpoint: string): Promise<IamDoor> {
  let letIn = (): void => undefined;
  const open = new Promise<void>((resolve) => {
    letIn = resolve;
  });
  let arrived = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (body.includes('Action=UpdateAssumeRolePolicy')) {
      arrived();
      await open;
    }
    // The Host that was signed goes on as it came.
    const onward = request(endpoint, { method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held,
    letIn,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

inWorld('a controller that is told to stop', (world) => {
  let journey: ProfileJourney;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podrole-shutdown-'));
    journey = await profileJourney(world());
  });
  afterAll(async () => {
    // Its finalizer holds the Profile until another controller comes.
    const successor = await journey.startController();
    await journey.clear();
    await successor.close();
    await journey.admin.delete(resources.leases, { namespace: 'default', name: 'podrole-controller' });
    await rm(folder, { recursive: true, force: true });
  });

  it('waits for the write under way, knows what became of it, and gives its lease back', async () => {
    const door = await openIamDoor(world().sandbox.awsEndpoint);
    const flags = [
      '--leader-elect',
      '--namespace=default',
      '--metrics-bind-address=0',
      '--health-probe-bind-address=0',
      '--namespace-labels-path=',
    ];
    const endpoints = [`--kubeconfig=${world().sandbox.kubeconfig}`, `--iam-endpoint=${door.url}`, '--trust-policy-quota=2048'];
    const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_ENDPOINT_URL_STS: world().sandbox.awsEndpoint };
    const { child, ended } = startPodrole(['controller', ...flags, ...endpoints], { home: folder, env });
    const order: string[] = [];
    void ended.then(() => order.push('ended'));
    await journey.createProfile('stopped', wants(await journey.role('stopped')));
    await door.held;
    const lease = (): Promise<KubeObject> => journey.admin.get(resources.leases, { namespace: 'default', name: 'podrole-controller' });
    const holder = (found: KubeObject): unknown => (found.spec as { readonly holderIdentity?: unknown }).holderIdentity;
    expect(holder(await lease())).toMatch(/\S/);
    child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 300));
    order.push('let in');
    door.letIn();
    expect((await ended).code).toBe(0);
    expect(order).toEqual(['let in', 'ended']);
    expect(holder(await lease())).toBe('');
    expect(
      await settled(
        () => journey.trusted('stopped'),
        (found) => found.length === 1,
      ),
    ).toEqual(['stopped:default-editor']);
    door.close();
  });
});
