import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { WebhookServer } from '../../src/app/webhook/webhook-server.ts';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { startRegisteredWebhook } from '../support/registered-webhook.ts';
import { openWorldOfRun, type World, worldSkipped } from '../support/worlds/world.ts';

const NAMESPACE = 'webhook-events';
const MOUNT = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const WAIT = { timeout: 10_000, interval: 50 };
const ROLE = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/r' };

interface Event extends KubeObject {
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly namespace: string };
  readonly type: string;
  readonly reason: string;
  readonly message?: string;
  readonly source?: { readonly component?: string };
}
interface Case {
  /** Annotations of the service account. */
  readonly account: Readonly<Record<string, string>>;
  /** Of the pod. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly container?: object;
  readonly volumes?: readonly object[];
  /** Reasons of the Events about the account. */
  readonly told: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  good: { account: ROLE, told: [] },
  'no-role': { account: {}, told: [] },
  'bad-arn': { account: { 'eks.amazonaws.com/role-arn': 'not-an-arn' }, told: ['InvalidRoleArn'] },
  'empty-role': { account: { 'eks.amazonaws.com/role-arn': '' }, told: ['EmptyRole'] },
  'empty-audience': { account: { ...ROLE, 'eks.amazonaws.com/audience': '' }, told: ['EmptyAudience'] },
  'number-too-large': { account: { ...ROLE, 'eks.amazonaws.com/token-expiration': '99999999' }, told: ['TokenExpirationTooLong'] },
  'no-number': { account: { ...ROLE, 'eks.amazonaws.com/token-expiration': '1h' }, told: ['InvalidTokenExpiration'] },
  'number-too-small': { account: ROLE, annotations: { 'eks.amazonaws.com/token-expiration': '9' }, told: ['TokenExpirationTooShort'] },
  'no-bool': { account: { ...ROLE, 'eks.amazonaws.com/sts-regional-endpoints': 'yes' }, told: ['InvalidStsRegionalEndpoints'] },
  'no-region': { account: { ...ROLE, 'podrole.dev/region': 'Oregon!' }, told: ['InvalidRegion'] },
  'unknown-container': { account: ROLE, annotations: { 'eks.amazonaws.com/skip-containers': 'gone' }, told: ['UnknownContainer'] },
  'half-set': { account: ROLE, container: { env: [{ name: 'AWS_ROLE_ARN', value: 'x' }] }, told: ['HalfSetCredentials'] },
  'volume-clash': { account: ROLE, volumes: [{ name: 'aws-iam-token', emptyDir: {} }], told: ['VolumeClash'] },
  'path-clash': {
    account: ROLE,
    container: { volumeMounts: [{ name: 'v', mountPath: MOUNT }] },
    volumes: [{ name: 'v', emptyDir: {} }],
    told: ['MountPathClash'],
  },
};

describe.skipIf(worldSkipped() !== undefined)('Events about service accounts', () => {
  let world: World;
  let client: KubeClient;
  let server: WebhookServer;

  const podOf = (name: string, { annotations = {}, container = {}, volumes = [] }: Case): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: NAMESPACE, generateName: `${name}-`, annotations },
    spec: { serviceAccountName: name, containers: [{ name: 'c', image: 'example.com/i', ...container }], volumes },
  });
  const events = async (): Promise<readonly Event[]> =>
    (await client.list<Event>(resources.events, { namespace: NAMESPACE })).items.filter(
      ({ involvedObject }) => involvedObject.kind === 'ServiceAccount',
    );
  const told = async (): Promise<Readonly<Record<string, readonly string[]>>> => {
    const all = await events();
    const reasons = (name: string): readonly string[] =>
      all
        .filter(({ involvedObject }) => involvedObject.name === name)
        .map(({ reason }) => reason)
        .sort();
    return Object.fromEntries(Object.keys(CASES).map((name) => [name, reasons(name)]));
  };
  const expected = Object.fromEntries(Object.entries(CASES).map(([name, each]) => [name, [...each.told].sort()]));

  beforeAll(async () => {
    world = await openWorldOfRun();
    client = world.kubeClient();
    await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    for (const [name, { account }] of Object.entries(CASES))
      await client.create(resources.serviceAccounts, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { namespace: NAMESPACE, name, annotations: account },
      });
    server = await startRegisteredWebhook({ admin: client, own: world.kubeClient() });
    // An API server learns of a configuration in its own time.
    await vi.waitFor(async () => {
      const { spec } = await client.create(resources.pods, podOf('good', CASES.good as Case), { dryRun: true });
      expect(JSON.stringify(spec)).toContain('AWS_ROLE_ARN');
    }, WAIT);
  });
  afterAll(async () => {
    await client.delete(resources.mutatingWebhookConfigurations, { name: 'pod-identity-webhook' });
    await client.delete(resources.namespaces, { name: NAMESPACE });
    await server.close({ acceptMs: 0, finishMs: 0 });
    client.close();
    await world.close();
  });

  it('are none for a dry run', async () => {
    for (const [name, each] of Object.entries(CASES)) await client.create(resources.pods, podOf(name, each), { dryRun: true });
    expect(await events()).toEqual([]);
  });

  it('tell whoever owns it what is wrong, once, by the code of logs and metrics', async () => {
    for (const [name, each] of [...Object.entries(CASES), ...Object.entries(CASES)]) await client.create(resources.pods, podOf(name, each));
    await expect.poll(told, WAIT).toEqual(expected);
    for (const event of await events())
      expect(event).toMatchObject({
        type: 'Warning',
        involvedObject: { kind: 'ServiceAccount', namespace: NAMESPACE },
        source: { component: 'podrole-webhook' },
        message: expect.stringMatching(/\S{2,} \S{2,}/),
      });
  });
});
