import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ControllerServer } from '../../src/app/profile/controller-server.ts';
import { createAuthority } from '../../src/host/authority.ts';
import { listen } from '../../src/host/listen.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { parseAllowedRole } from '../../src/profile/role-policy.ts';
import { type Kubectl, openKubectl } from '../support/kubectl.ts';
import { type ProfileJourney, profileJourney, settled, wants } from '../support/profile-journey.ts';
import { startPodrole } from '../support/run-podrole.ts';
import { cachedKubectl } from '../support/worlds/control-plane.ts';
import { inWorld } from '../support/worlds/world.ts';

const CONFIGURATION = 'journey-profiles';
const PLACEHOLDER = '\u0024{ROLE}';
const found = await cachedKubectl();
const allowed = (text: string) => {
  const parsed = parseAllowedRole(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.allowed;
};

async function freePort(): Promise<number> {
  const listener = await listen({ port: 0, handler: () => Promise.resolve(new Response()) });
  await listener.close(0);
  return listener.port;
}

/** As an API server does: by the Service's name, trusting its authority alone. `undefined` while nobody listens. */
async function postReview(port: number, ca: string, object: Profile): Promise<string | undefined> {
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      operation: 'CREATE',
      resource: { group: 'kubeflow.org', version: 'v1', resource: 'profiles' },
      object,
      oldObject: null,
    },
  };
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const options = {
      host: '127.0.0.1',
      port,
      ca,
      servername: 'journey-webhook.default.svc',
      method: 'POST',
      path: '/validate-profile',
      headers,
    };
    const call = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    });
    call.on('error', () => resolve(undefined));
    call.end(JSON.stringify(review));
  });
}

inWorld('the validating webhook for profiles', (world) => {
  let journey: ProfileJourney;
  let controller: ControllerServer;
  let folder: string;
  let kubectl: Kubectl | undefined;

  const profile = (name: string, awsIamRole: string, over: object = {}): Profile =>
    ({ apiVersion: 'kubeflow.org/v1', kind: 'Profile', metadata: { name, ...over }, spec: wants(awsIamRole) }) as Profile;
  const create = (object: Profile): Promise<unknown> =>
    journey.admin.create(resources.profiles, object, { fieldManager: 'journey' }).catch((error: unknown) => error);
  const bad = (account = world().sandbox.account): string => `arn:aws:iam::${account}:role/admin`;

  async function register(url: string, caPem: string, failurePolicy = 'Fail'): Promise<void> {
    const configuration = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: CONFIGURATION },
      webhooks: [
        {
          name: 'profiles.podrole.dev',
          clientConfig: { url: `${url}/validate-profile`, caBundle: Buffer.from(caPem).toString('base64') },
          rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: ['kubeflow.org'], apiVersions: ['*'], resources: ['profiles'] }],
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy,
          timeoutSeconds: 5,
        },
      ],
    };
    await journey.admin.apply(resources.validatingWebhookConfigurations, configuration, { fieldManager: 'journey', force: true });
  }

  beforeAll(async () => {
    journey = await profileJourney(world());
    await journey.role('admin');
    // Written before there is a webhook: by a user of an older installation.
    await create(profile('old-bad', bad()));
    folder = await mkdtemp(join(tmpdir(), 'podrole-profile-webhook-'));
    const authority = await createAuthority({ clock: systemClock(), commonName: 'journey' });
    const { certPem, keyPem } = await authority.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });
    const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
    await Promise.all([writeFile(certFile, certPem), writeFile(keyFile, keyPem)]);
    controller = await journey.startController(
      { allowedRoles: [allowed('arn:aws:iam::*:role/kf-user-*'), allowed('tag:team=a')] },
      { webhook: { address: '127.0.0.1', port: 0, certificate: { kind: 'files', certFile, keyFile } } },
    );
    await register((await controller.webhookUrl()) ?? '', authority.caPem);
    if ('program' in found) kubectl = await openKubectl(found.program, world().sandbox.kubeconfig);
    // An API server learns of a configuration in its own time.
    await vi.waitFor(async () => expect(String(await create(profile('canary', '')))).toContain('denied the request'), { timeout: 20_000 });
  });
  afterAll(async () => {
    await journey.admin.delete(resources.validatingWebhookConfigurations, { name: CONFIGURATION });
    const { items } = await journey.admin.list(resources.profiles, {});
    await Promise.all(items.map(({ metadata }) => journey.deleteProfile(metadata.name ?? '')));
    await settled(
      async () => (await journey.admin.list(resources.profiles, {})).items,
      (left) => left.length === 0,
    );
    await controller.close();
    await kubectl?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('refuses a bad profile with every problem in one readable message, in either version of the API', async () => {
    const object = profile('bad', bad());
    const entry = object.spec?.plugins?.[0];
    const both = { ...object, spec: { ...object.spec, plugins: [entry, { ...entry, spec: { awsIamRole: PLACEHOLDER } }] } } as Profile;
    const error = await create(both);
    expect(error).toMatchObject({ httpStatus: 422, status: { reason: 'Invalid' } });
    expect(String(error)).toContain('admission webhook "profiles.podrole.dev" denied the request: ');
    expect(String(error)).toContain(`spec.plugins[0].spec.awsIamRole: ${bad()} carries none of the tags`);
    expect(String(error)).toContain(`spec.plugins[1].spec.awsIamRole: awsIamRole "${PLACEHOLDER}" still holds a placeholder`);
    const older = { ...resources.profiles, version: 'v1beta1' };
    const again = await journey.admin
      .create(older, { ...object, apiVersion: 'kubeflow.org/v1beta1' }, { fieldManager: 'journey' })
      .catch((refusal: unknown) => refusal);
    expect(again).toMatchObject({ httpStatus: 422 });
    expect(await journey.profile('bad')).toBeUndefined();
  });

  it('admits a good one, which the controller then serves', async () => {
    const role = await journey.role('kf-user-good');
    await journey.createProfile('good', wants(role));
    expect(
      await settled(
        () => journey.condition('good', 'Ready'),
        (answer) => answer?.[1] === 'Reconciled',
      ),
    ).toEqual(['True', 'Reconciled']);
    const moved = await journey
      .changeProfile('good', { owner: { kind: 'User', name: 'other@example.com' } })
      .catch((error: unknown) => error);
    expect(moved).toMatchObject({ httpStatus: 422 });
    expect(String(moved)).toContain('(OwnerChangeRefused)');
  });

  it('asks IAM for the tag of a role', async () => {
    const trustPolicy = (await journey.roles.get('kf-user-good'))?.trustPolicy ?? '';
    const [tagged, plain] = await Promise.all([
      journey.roles.create({ name: 'tagged', trustPolicy, tags: { team: 'a' } }),
      journey.roles.create({ name: 'plain', trustPolicy, tags: { team: 'b' } }),
    ]);
    expect(await create(profile('tagged', tagged.arn))).toMatchObject({ metadata: { name: 'tagged' } });
    expect(String(await create(profile('plain', plain.arn)))).toContain('carries none of the tags that --allowed-role asks for');
  });

  it('lets an old bad profile be labelled, and deleted', async () => {
    await journey.admin.mergePatch(
      resources.profiles,
      { name: 'old-bad' },
      { metadata: { labels: { team: 'a' } } },
      { fieldManager: 'journey' },
    );
    expect((await journey.profile('old-bad'))?.metadata.labels).toEqual({ team: 'a' });
    const worse = await journey.changeProfile('old-bad', wants('')).catch((error: unknown) => error);
    expect(worse).toMatchObject({ httpStatus: 422 });
    await journey.deleteProfile('old-bad');
    expect(
      await settled(
        () => journey.profile('old-bad'),
        (answer) => answer === undefined,
      ),
    ).toBeUndefined();
  });

  it('is served by a replica that does not lead, with a certificate that it publishes itself', async () => {
    const published = 'journey-own-certificate';
    const service = { namespace: 'default', name: 'journey-webhook', path: '/validate-profile' };
    const webhook = {
      name: 'own.podrole.dev',
      clientConfig: { service },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
    };
    const configuration = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: published },
    };
    await journey.admin.apply(
      resources.validatingWebhookConfigurations,
      { ...configuration, webhooks: [webhook] },
      { fieldManager: 'journey', force: true },
    );
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    const spec = { holderIdentity: 'somebody', leaseDurationSeconds: 3_600, renewTime, acquireTime: renewTime, leaseTransitions: 0 };
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'default', name: 'podrole-controller' },
      spec,
    };
    await journey.admin.create(resources.leases, lease, { fieldManager: 'journey' });
    const port = await freePort();
    const args = ['--leader-elect', '--namespace=default', `--webhook-port=${port}`];
    const own = ['--service-name=journey-webhook', '--tls-secret=journey-webhook', `--webhook-configuration=${published}`];
    const none = ['--metrics-bind-address=0', '--health-probe-bind-address=0', '--namespace-labels-path='];
    const endpoints = [`--kubeconfig=${world().sandbox.kubeconfig}`, `--iam-endpoint=${world().sandbox.awsEndpoint}`];
    const env = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_ENDPOINT_URL_STS: world().sandbox.awsEndpoint };
    const { child, ended } = startPodrole(['controller', ...args, ...own, ...none, ...endpoints], { home: folder, env });
    const secret = await settled(
      () => journey.admin.find<KubeObject>(resources.secrets, { namespace: 'default', name: 'journey-webhook' }),
      (made) => made !== undefined,
    );
    const ca = Buffer.from(String((secret?.data as Record<string, string> | undefined)?.['ca.crt']), 'base64').toString();
    const answer = (await settled(
      () => postReview(port, ca, profile('bad', bad())),
      (text) => text !== undefined,
    )) as string;
    expect(JSON.parse(answer)).toMatchObject({
      response: { uid: 'u', allowed: true, warnings: [expect.stringContaining('(AnyRoleAllowed)')] },
    });
    const bundle = async (): Promise<string> => {
      const { webhooks } = await journey.admin.get<KubeObject>(resources.validatingWebhookConfigurations, { name: published });
      const [first] = webhooks as readonly { readonly clientConfig: { readonly caBundle?: string } }[];
      return Buffer.from(first?.clientConfig.caBundle ?? '', 'base64').toString();
    };
    expect(await settled(bundle, (text) => text === ca)).toBe(ca);
    child.kill('SIGKILL');
    await ended;
    await journey.admin.delete(resources.leases, { namespace: 'default', name: 'podrole-controller' });
    await journey.admin.delete(resources.secrets, { namespace: 'default', name: 'journey-webhook' });
    await journey.admin.delete(resources.validatingWebhookConfigurations, { name: published });
  });

  it.skipIf('skipped' in found)('speaks to people through kubectl', async () => {
    if (kubectl === undefined) return;
    const file = await kubectl.file('bad.json', profile('bad', bad()));
    const { code, stderr } = await kubectl('apply', '-f', file);
    expect([code, stderr]).toEqual([1, expect.stringContaining('spec.plugins[0].spec.awsIamRole: ')]);
    const foreign = profile('foreign', bad('444455556666'));
    const spec = {
      ...foreign.spec,
      plugins: [{ kind: 'AwsIamForServiceAccount', spec: { awsIamRole: 'arn:aws:iam::444455556666:role/kf-user-x', annotateOnly: true } }],
    };
    const warned = await kubectl('apply', '-f', await kubectl.file('foreign.json', { ...foreign, spec }));
    expect([warned.code, warned.stderr]).toEqual([0, expect.stringContaining('is of another account')]);
  });

  it('does not keep profiles waiting while its certificate does not come', async () => {
    const client = world().kubeClient();
    const without: KubeClient = {
      ...client,
      find: (resource, target, signal) =>
        resource.plural === 'secrets' ? Promise.reject(new Error('secrets is forbidden')) : client.find(resource, target, signal),
    };
    const health = { address: '127.0.0.1', port: await freePort() };
    const certificate = {
      kind: 'own',
      namespace: 'default',
      secret: 'never',
      service: 'never',
      configuration: undefined,
      fieldManager: 'podrole-controller',
    } as const;
    await controller.close();
    controller = await journey.startController({}, { client: without, health, webhook: { address: '127.0.0.1', port: 0, certificate } });
    await register('https://127.0.0.1:1', '', 'Ignore');
    await vi.waitFor(async () => expect(await create(profile('waiting', bad()))).toMatchObject({ metadata: { name: 'waiting' } }), {
      timeout: 20_000,
    });
    expect(
      await settled(
        () => journey.condition('waiting', 'NamespaceReady'),
        (answer) => answer !== undefined,
      ),
    ).toEqual(['True', 'NamespaceApplied']);
    const readiness = await fetch(`http://127.0.0.1:${health.port}/readyz`);
    expect([readiness.status, await readiness.text()]).toEqual([503, 'the webhook has no certificate yet\n']);
  });
});
