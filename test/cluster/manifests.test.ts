import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ControllerServer } from '../../src/app/profile/controller-server.ts';
import { certificateSource } from '../../src/app/webhook/certificate-source.ts';
import { startWebhookServer, type WebhookServer } from '../../src/app/webhook/webhook-server.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { httpsFetch } from '../../src/kube/client/https-fetch.ts';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { parseAllowedRole } from '../../src/profile/role-policy.ts';
import { type Kubectl, openKubectl } from '../support/kubectl.ts';
import { type ProfileJourney, profileJourney, settled, wants } from '../support/profile-journey.ts';
import { root } from '../support/run-podrole.ts';
import { cachedKubectl } from '../support/worlds/control-plane.ts';
import { inWorld } from '../support/worlds/world.ts';

const ROLE = 'arn:aws:iam::111122223333:role/kf-user-manifests';
const WAIT = { timeout: 30_000, interval: 100 };
const TEST_MS = 120_000;
const clock = systemClock();
const kubectlFound = await cachedKubectl();

/** A client that may do what the manifests let one service account do, and what it was refused. */
interface Account {
  readonly client: KubeClient;
  readonly refused: readonly string[];
}

/** Of Istio's policies as much as a controller needs to apply one. */
const policies = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'authorizationpolicies.security.istio.io' },
  spec: {
    group: 'security.istio.io',
    scope: 'Namespaced',
    names: {
      kind: 'AuthorizationPolicy',
      listKind: 'AuthorizationPolicyList',
      plural: 'authorizationpolicies',
      singular: 'authorizationpolicy',
    },
    versions: [
      {
        name: 'v1beta1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

inWorld('deploy/ on a control plane that enforces RBAC', (world) => {
  let kubectl: Kubectl;
  let journey: ProfileJourney;
  let controller: ControllerServer | undefined;
  let webhook: WebhookServer | undefined;

  /** With a token of the account, bound to the shipped roles and to nothing else. */
  async function accountOf(namespace: string, name: string): Promise<Account> {
    const { token } = await journey.admin.createToken({ namespace, name }, { audiences: [], expirationSeconds: 3_600 });
    const { ca } = world().credentials.tls;
    const connections = httpsFetch(ca === undefined ? {} : { ca });
    const refused: string[] = [];
    const fetch = Object.assign(
      async (request: Request): Promise<Response> => {
        const response = await connections(request);
        if (response.status === 403) refused.push(`${request.method} ${new URL(request.url).pathname}: ${await response.clone().text()}`);
        return response;
      },
      { close: () => connections.close() },
    );
    return { client: world().kubeClient({ fetch, token: () => Promise.resolve(token) }), refused };
  }

  /** There is no network of pods here: the Service becomes a name for this machine, and the API server keeps calling it by its own name. */
  async function serveAt(
    place: { readonly configuration: string; readonly service: string; readonly namespace: string },
    url: string,
  ): Promise<void> {
    const { service, namespace } = place;
    await kubectl.ok('-n', namespace, 'delete', 'service', service, '--ignore-not-found');
    await kubectl.ok('-n', namespace, 'create', 'service', 'externalname', service, '--external-name', '127.0.0.1');
    const found = JSON.parse(await kubectl.ok('get', place.configuration, '-o', 'json')) as { readonly webhooks: readonly unknown[] };
    const port = Number(new URL(url).port);
    const patch = found.webhooks.map((_, index) => ({ op: 'replace', path: `/webhooks/${index}/clientConfig/service/port`, value: port }));
    await kubectl.ok('patch', place.configuration, '--type=json', '-p', JSON.stringify(patch));
  }

  beforeAll(async () => {
    if ('skipped' in kubectlFound) return;
    kubectl = await openKubectl(kubectlFound.program, world().sandbox.kubeconfig);
    // What the file before on this control plane left may still be on its way out.
    await kubectl('delete', 'namespace', 'kubeflow', 'podrole', '--ignore-not-found', '--timeout=60s');
    await kubectl('create', 'namespace', 'kubeflow');
    for (const name of ['kubeflow-admin', 'kubeflow-edit', 'kubeflow-view'])
      await kubectl('create', 'clusterrole', name, '--verb=get', '--resource=pods');
    await kubectl.ok('apply', '-f', await kubectl.file('policies.json', policies));
    // Setup's CRD is there first: the manifests must not fall out with it.
    journey = await profileJourney(world());
    await kubectl.ok('apply', '--server-side', '-k', join(root, 'deploy'));
    await kubectl.ok('apply', '--server-side', '-k', join(root, 'deploy/overlays/report-pods'));
  }, TEST_MS);
  afterAll(async () => {
    if ('skipped' in kubectlFound) return;
    await kubectl('delete', 'validatingwebhookconfiguration/podrole-profiles', 'mutatingwebhookconfiguration/pod-identity-webhook');
    await kubectl('delete', 'profiles', '--all', '--timeout=30s');
    await controller?.close();
    await webhook?.close({ acceptMs: 0, finishMs: 1_000 });
    await kubectl('delete', '-k', join(root, 'deploy/overlays/report-pods'), '--ignore-not-found', '--wait=false');
    await kubectl('delete', '-k', join(root, 'deploy'), '--ignore-not-found', '--wait=false');
    await kubectl('delete', 'crd', policies.metadata.name, '--wait=false');
    await kubectl('delete', 'clusterrole', 'kubeflow-admin', 'kubeflow-edit', 'kubeflow-view');
    // The next file on this control plane may be a walk, which wants it empty.
    await kubectl('delete', 'namespace', 'kubeflow', 'podrole', '--ignore-not-found', '--timeout=60s');
    await kubectl.close();
  }, TEST_MS);
  const test = it.skipIf('skipped' in kubectlFound);

  test(
    'lets the controller serve profiles through all of their life',
    async () => {
      const account = await accountOf('kubeflow', 'profiles-controller-service-account');
      const allowed = parseAllowedRole('arn:aws:iam::*:role/kf-user-*');
      controller = await journey.startController(
        { allowedRoles: allowed.ok ? [allowed.allowed] : [] },
        {
          client: account.client,
          namespace: 'kubeflow',
          leaderElect: true,
          reportPods: true,
          webhook: {
            address: '127.0.0.1',
            port: 0,
            certificate: {
              kind: 'own',
              namespace: 'kubeflow',
              secret: 'podrole-profile-webhook',
              service: 'podrole-profile-webhook',
              configuration: { resource: resources.validatingWebhookConfigurations, name: 'podrole-profiles' },
              fieldManager: 'podrole-controller',
            },
          },
        },
      );
      const role = await journey.role('kf-user-manifests');
      expect(role).toBe(ROLE);
      await journey.createProfile('manifests', { ...wants(role), resourceQuotaSpec: { hard: { cpu: '2' } } });
      const ready = (): Promise<readonly [string, string] | undefined> => journey.condition('manifests', 'Ready');
      expect(await settled(ready, (answer) => answer?.[1] === 'Reconciled')).toEqual(['True', 'Reconciled']);
      expect(await journey.carried('manifests')).toBe(role);
      const pods = (): Promise<readonly [string, string] | undefined> => journey.condition('manifests', 'PodsCurrent');
      expect(await settled(pods, (answer) => answer !== undefined)).toEqual(['True', 'PodsCurrent']);
      expect(await kubectl.ok('-n', 'manifests', 'get', 'quota,rolebindings,authorizationpolicies', '-o', 'name')).toContain(
        'ns-owner-access-istio',
      );
      await journey.changeProfile('manifests', { plugins: null, resourceQuotaSpec: null });
      await kubectl.ok('-n', 'manifests', 'delete', 'rolebinding', 'namespaceAdmin');
      expect(
        await settled(
          async () => [await journey.carried('manifests'), (await kubectl('-n', 'manifests', 'get', 'rolebinding/namespaceAdmin')).code],
          ([carried, code]) => carried === undefined && code === 0,
        ),
      ).toEqual([undefined, 0]);
      expect(await kubectl.ok('-n', 'manifests', 'get', 'quota', '-o', 'name')).toBe('');
      await kubectl.ok('delete', 'profile', 'manifests', '--timeout=60s');
      expect(
        await kubectl.ok('get', 'events', '--field-selector=involvedObject.name=manifests', '-o', 'jsonpath={.items[*].reason}'),
      ).toContain('Reconciled');
      expect(await kubectl.ok('-n', 'kubeflow', 'get', 'lease', 'podrole-controller', '-o', 'name')).not.toBe('');
      expect(account.refused).toEqual([]);
    },
    TEST_MS,
  );

  test(
    'lets the API server ask the controller about profiles, by its Service and a certificate of its own',
    async () => {
      const place = {
        configuration: 'validatingwebhookconfiguration/podrole-profiles',
        service: 'podrole-profile-webhook',
        namespace: 'kubeflow',
      };
      await serveAt(place, (await controller?.webhookUrl()) ?? '');
      await journey.createProfile('labelled', wants());
      const bad = {
        apiVersion: 'kubeflow.org/v1',
        kind: 'Profile',
        metadata: { name: 'refused' },
        spec: wants('arn:aws:iam::111122223333:role/admin'),
      };
      const file = await kubectl.file('refused.json', bad);
      await vi.waitFor(async () => {
        const { code, stderr } = await kubectl('apply', '--dry-run=server', '-f', file);
        expect([code, stderr]).toEqual([1, expect.stringContaining('(RoleNotAllowed)')]);
      }, WAIT);
      // Nobody there, and no mercy: what is no change of the spec goes on all the same.
      const away = [
        { op: 'replace', path: '/webhooks/0/clientConfig/service/port', value: 1 },
        { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Fail' },
      ];
      await kubectl.ok('patch', place.configuration, '--type=json', '-p', JSON.stringify(away));
      const spec = JSON.stringify({ spec: { owner: { kind: 'Group', name: 'user@example.com' } } });
      await vi.waitFor(async () => {
        const { code, stderr } = await kubectl('patch', 'profile', 'labelled', '--type=merge', '--dry-run=server', '-p', spec);
        expect([code, stderr]).toEqual([1, expect.stringContaining('failed calling webhook')]);
      }, WAIT);
      await kubectl.ok('label', 'profile', 'labelled', 'team=a');
      await kubectl.ok('delete', 'profile', 'labelled', '--timeout=60s');
    },
    TEST_MS,
  );

  test(
    'lets the API server ask the webhook about pods, by its Service and a certificate of its own',
    async () => {
      const account = await accountOf('podrole', 'pod-identity-webhook');
      const ending = new AbortController();
      const certificates = await certificateSource(
        {
          client: account.client,
          origin: {
            kind: 'own',
            namespace: 'podrole',
            secret: 'pod-identity-webhook',
            service: 'pod-identity-webhook',
            configuration: { resource: resources.mutatingWebhookConfigurations, name: 'pod-identity-webhook' },
            fieldManager: 'podrole-webhook',
          },
          clock,
          log: silentLog,
          onPair: () => undefined,
        },
        ending.signal,
      );
      webhook = await startWebhookServer({
        client: account.client,
        webhook: { mapping: true },
        tls: certificates.current(),
        address: '127.0.0.1',
        port: 0,
        metricsPort: undefined,
        namespace: 'podrole',
        identitiesFile: undefined,
        clock,
        log: silentLog,
        random: Math.random,
      });
      await webhook.synced;
      await serveAt(
        { configuration: 'mutatingwebhookconfiguration/pod-identity-webhook', service: 'pod-identity-webhook', namespace: 'podrole' },
        webhook.url,
      );
      await kubectl.ok('create', 'namespace', 'manifests-pods');
      await kubectl.ok('label', 'namespace', 'manifests-pods', 'podrole.dev/pod-identity=required');
      await kubectl.ok('-n', 'manifests-pods', 'create', 'serviceaccount', 'bound');
      await kubectl.ok('-n', 'manifests-pods', 'annotate', 'serviceaccount', 'bound', `eks.amazonaws.com/role-arn=${ROLE}`);
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace: 'manifests-pods', name: 'p' },
        spec: { serviceAccountName: 'bound', containers: [{ name: 'c', image: 'example.com/i' }] },
      };
      await vi.waitFor(async () => {
        const made = await journey.admin.create<KubeObject>(resources.pods, pod as KubeObject, { dryRun: true });
        expect(JSON.stringify(made.spec)).toContain(ROLE);
      }, WAIT);
      await kubectl('delete', 'namespace', 'manifests-pods', '--wait=false');
      certificates.close();
      expect(account.refused).toEqual([]);
    },
    TEST_MS,
  );
});
