import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { WebhookServer } from '../../src/app/webhook/webhook-server.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { connectKube } from '../../src/kube/client/connect.ts';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import { loadKubeconfig } from '../../src/kube/client/kubeconfig.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { startRegisteredWebhook } from '../support/registered-webhook.ts';
import { bareEnvironment, bundle, type Ended, runPodrole } from '../support/run-podrole.ts';
import { openSeededWorld, type SeededWorld } from '../support/worlds/seeded-world.ts';
import { worldSkipped } from '../support/worlds/world.ts';

const ROLE = 'arn:aws:iam::111122223333:role/r';
const KEY = 'eks.amazonaws.com/role-arn';
const account = (name: string, annotations: object = { [KEY]: ROLE }): object => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace: 'team', annotations },
});
const podOf = (name: string, serviceAccountName: string, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'team', ...metadata },
  spec: { serviceAccountName, containers: [{ name: 'c', image: 'example.com/i' }] },
});

interface Answer {
  readonly kind: string;
  readonly askedCluster: boolean;
  readonly webhook: object;
  readonly pods: readonly {
    readonly name: string;
    readonly admitted: boolean;
    readonly outcome: string;
    readonly reason: string;
    readonly trust?: { readonly verdict: string };
    readonly findings: readonly { readonly code: string; readonly severity: string; readonly remedy: string }[];
  }[];
}

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'podrole-explain-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const write = async (name: string, ...objects: readonly object[]): Promise<string> => {
  await writeFile(join(home, name), objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  return name;
};
const answerOf = ({
  code,
  stdout,
  stderr,
}: Ended): { readonly code: number | null; readonly answer: Answer; readonly codes: readonly string[] } => {
  if (stdout === '') throw new Error(stderr);
  const answer = JSON.parse(stdout) as Answer;
  return { code, answer, codes: answer.pods.flatMap(({ findings }) => findings.map((finding) => finding.code)) };
};

describe('podrole explain -f, without a cluster', () => {
  const run = (...args: readonly string[]): Promise<Ended> => runPodrole(['explain', ...args], { home });

  it('tells in words what a pod would get, and ends with 0', async () => {
    const file = await write('good.yaml', account('web'), podOf('p', 'web'));
    const { code, stdout, stderr } = await run('-f', file);
    expect(stdout).toBe(
      [
        '√ pod/p in team, as web: would be given credentials (Injected: the pod was given AWS credentials)',
        `  role ${ROLE}, by the annotation of the service account; token for sts.amazonaws.com`,
        '  container c: filled, AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE, token at /var/run/secrets/eks.amazonaws.com/serviceaccount',
        '',
      ].join('\n'),
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('no cluster was asked')]);
  });

  it('takes the service account from another file, and the flags of the webhook', async () => {
    const file = await write('pod.json', podOf('p', 'web'));
    const sa = await write('sa.json', account('web', { 'my.org/role-arn': ROLE }));
    const flags = ['--annotation-prefix', 'my.org', '--aws-default-region', 'us-west-2', '--token-expiration=900', '-o', 'yaml'];
    const { code, stdout } = await run('-f', file, '--service-account', sa, ...flags);
    const { kind, pods } = parse(stdout) as { kind: string; pods: { operations: { value: unknown }[]; containers: { env: string[] }[] }[] };
    expect([code, kind]).toEqual([0, 'PodExplanationList']);
    expect(pods[0]?.containers[0]?.env).toContain('AWS_REGION');
    expect(JSON.stringify(pods[0]?.operations)).toContain('"expirationSeconds":900');
    const { codes } = answerOf(await run('-f', file, '--service-account', sa, '-o', 'json'));
    expect(codes).toEqual([]);
  });

  it('knows the mapping ConfigMap, the container credentials file and a configuration that the files hold', async () => {
    const map = { 'team/web': { RoleARN: ROLE, Audience: 'sts.amazonaws.com' }, broken: {} };
    const configMap = {
      kind: 'ConfigMap',
      metadata: { name: 'pod-identity-webhook', namespace: 'eks' },
      data: { config: JSON.stringify(map) },
    };
    const configuration = { kind: 'MutatingWebhookConfiguration', metadata: { name: 'pod-identity-webhook' }, webhooks: [] };
    const file = await write('mapped.yaml', account('web', {}), podOf('p', 'web'), configMap, configuration);
    const mapped = answerOf(await run('-f', file, '--watch-config-map', '-o', 'json'));
    expect(mapped.answer.pods[0]).toMatchObject({ reason: 'Injected', origin: 'config-map' });
    expect([mapped.code, mapped.codes]).toEqual([1, ['WebhookNotRegistered', 'ConfigMapEntryInvalid']]);
    expect(answerOf(await run('-f', file, '-o', 'json')).answer.pods[0]).toMatchObject({ reason: 'NoRole' });
    const identities = await write('identities.json', { identities: [{ namespace: 'team', serviceAccount: 'web' }] });
    const agent = answerOf(await run('-f', file, '--watch-container-credentials-config', identities, '-o', 'json'));
    expect(agent.answer.pods[0]).toMatchObject({ reason: 'Injected', method: 'container-credentials' });
  });

  it('reads standard input', async () => {
    const child = spawn(process.execPath, [bundle, 'explain', '-f', '-', '-o', 'json'], { env: bareEnvironment(home), cwd: home });
    child.stdin.end(JSON.stringify({ kind: 'List', items: [account('web'), podOf('p', 'web'), podOf('q', 'web')] }));
    let stdout = '';
    child.stdout.on('data', (data) => {
      stdout += String(data);
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, (JSON.parse(stdout) as Answer).pods.map(({ name }) => name)]).toEqual([0, ['p', 'q']]);
  });

  it('judges the trust policy of a file too', async () => {
    const issuer = 'oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE';
    const policy = (subject: string): object => ({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${issuer}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${issuer}:sub`]: subject, [`${issuer}:aud`]: 'sts.amazonaws.com' } },
      },
    });
    const file = await write('trusted.yaml', account('web'), podOf('p', 'web'));
    const yes = await write('yes.json', policy('system:serviceaccount:team:web'));
    const no = await write('no.json', policy('system:serviceaccount:other:web'));
    expect(answerOf(await run('-f', file, '--policy', yes, '-o', 'json'))).toMatchObject({ code: 0, codes: [] });
    expect(answerOf(await run('-f', file, '--policy', no, '-o', 'json'))).toMatchObject({ code: 1, codes: ['RoleRefusesSubject'] });
  });

  it.each<readonly [string, readonly string[], string]>([
    ['nothing', [], 'give pod/NAME, -f FILE, or --policy'],
    ['two things', ['pod/p', '-f', 'x'], 'give either a pod of the cluster or -f'],
    ['what is no pod', ['service/p'], 'write pod/NAME'],
    ['a file that is not there', ['-f', 'absent.yaml'], 'absent.yaml cannot be read'],
    ['a flag of the webhook that is wrong', ['-f', 'x', '--token-mount-path', 'a:b'], '--token-mount-path: must be an absolute path'],
    ['standard input twice', ['-f', '-', '--service-account', '-'], 'standard input can be one of the files alone'],
    ['a token for a pod', ['-f', 'x', '--token', 'y'], '--token and --claims go with --policy alone'],
  ])('takes %s for a mistake', async (_, args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
  });

  it('takes files for a mistake that hold no pod, an account that the API server would refuse, and an account of nobody', async () => {
    const service = await run('-f', await write('service.json', { kind: 'Service', metadata: { name: 's' } }));
    expect([service.code, service.stderr]).toEqual([
      2,
      expect.stringContaining('there is no pod, workload or AdmissionReview in the files, only Service'),
    ]);
    const odd = await run('-f', await write('odd.json', account('web', { [KEY]: 1 }), podOf('p', 'web')));
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining('must be a text: quote it')]);
    const unknown = await run('-f', await write('alone.json', podOf('p', 'web')));
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      expect.stringContaining('do not hold the service account team:web, and there is no cluster to ask'),
    ]);
    expect(unknown.stderr).toContain('give it with --service-account FILE');
  });
});

describe.skipIf(worldSkipped() !== undefined)('podrole explain pod/NAME, in a cluster', () => {
  let world: SeededWorld;
  let env: Record<string, string>;
  let client: KubeClient;
  let server: WebhookServer;
  beforeAll(async () => {
    world = await openSeededWorld(home);
    env = { ...world.facts.env, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    const credentials = await loadKubeconfig({ path: env.KUBECONFIG ?? '', env: {}, clock: systemClock() });
    client = connectKube(credentials, { userAgent: 'test' });
    await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
    for (const [name, annotations] of [
      ['web', { [KEY]: ROLE }],
      ['late', {}],
    ] as const)
      await client.create(resources.serviceAccounts, account(name, annotations) as KubeObject);
    await client.create(resources.pods, podOf('early', 'late') as KubeObject);
    server = await startRegisteredWebhook({ admin: client, own: connectKube(credentials, { userAgent: 'test' }) });
    await client.create(resources.pods, podOf('web', 'web') as KubeObject);
  });
  afterAll(async () => {
    await server.close({ acceptMs: 0, finishMs: 0 });
    await client.delete(resources.namespaces, { name: 'team' });
    client.close();
    await world.close();
  });

  const explain = async (...args: readonly string[]): Promise<ReturnType<typeof answerOf>> =>
    answerOf(await runPodrole(['explain', ...args, '-o', 'json'], { home, env }));
  const annotate = (name: string, annotations: object): Promise<KubeObject> =>
    client.mergePatch(resources.serviceAccounts, { namespace: 'team', name }, { metadata: { annotations } }, { fieldManager: 'test' });
  const registered = (patch: object): Promise<KubeObject> =>
    client.mergePatch(resources.mutatingWebhookConfigurations, { name: 'pod-identity-webhook' }, patch);

  it('finds nothing against a pod that the webhook made', async () => {
    const { code, answer, codes } = await explain('pod/web', '-n', 'team');
    expect(answer.pods[0]).toMatchObject({ admitted: true, outcome: 'injected', reason: 'AlreadyInjected' });
    expect([code, codes]).toEqual([0, ['FailuresIgnored']]);
  });

  it('tells of a pod that is older than the annotation, and what to do', async () => {
    expect((await explain('pod', 'early', '-n', 'team')).codes).toEqual([]);
    const made = Date.parse((await client.get(resources.pods, { namespace: 'team', name: 'early' })).metadata.creationTimestamp ?? '');
    // The API server tells whole seconds.
    await expect.poll(() => Date.now(), { timeout: 3_000 }).toBeGreaterThan(made + 1_000);
    // Of a server-side apply the sandbox's API server keeps the time, too.
    await client.apply(resources.serviceAccounts, account('late') as KubeObject, { fieldManager: 'test', force: true });
    const { code, answer } = await explain('pod/early', '-n', 'team');
    const [finding] = answer.pods[0]?.findings ?? [];
    expect([code, finding]).toMatchObject([1, { code: 'CreatedBeforeAnnotation', severity: 'error', remedy: 'make the pod again' }]);
  });

  it('tells what a new pod would get otherwise', async () => {
    await annotate('web', { [KEY]: `${ROLE}-2`, 'eks.amazonaws.com/audience': 'other' });
    expect((await explain('pod/web', '-n', 'team')).codes).toEqual(['RoleChanged', 'AudienceChanged', 'FailuresIgnored']);
    await annotate('web', { [KEY]: null, 'eks.amazonaws.com/audience': null });
    expect(await explain('pod/web', '-n', 'team')).toMatchObject({ code: 0, codes: ['RoleRemoved'] });
    expect((await explain('pod/web', '-n', 'team', '--fail-on', 'warning')).code).toBe(1);
    await annotate('web', { [KEY]: ROLE });
  });

  it('tells when the API server does not call the webhook for it', async () => {
    const { webhooks } = await client.get<KubeObject & { webhooks: object[] }>(resources.mutatingWebhookConfigurations, {
      name: 'pod-identity-webhook',
    });
    await registered({ webhooks: webhooks.map((webhook) => ({ ...webhook, namespaceSelector: { matchLabels: { injected: 'yes' } } })) });
    expect(await explain('pod/web', '-n', 'team')).toMatchObject({ code: 1, codes: ['NamespaceNotSelected'] });
    await client.mergePatch(resources.namespaces, { name: 'team' }, { metadata: { labels: { injected: 'yes' } } });
    expect((await explain('pod/web', '-n', 'team')).codes).toEqual(['FailuresIgnored']);
    await registered({ webhooks: [] });
    expect((await explain('pod/web', '-n', 'team')).codes).toEqual(['WebhookNotRegistered']);
    await registered({ webhooks });
  });

  it('judges by the flags of the webhook that the cluster runs', async () => {
    const labels = { app: 'hook' };
    const configuration = 'pod-identity-webhook-of-team';
    const webhook = {
      name: 'pod-identity-webhook.amazonaws.com',
      clientConfig: { service: { namespace: 'team', name: 'hook', path: '/mutate' } },
      rules: [{ operations: ['CREATE'], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['nothing'] }],
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
    };
    await client.create(resources.mutatingWebhookConfigurations, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: configuration },
      webhooks: [webhook],
    });
    const container = {
      name: 'hook',
      image: 'example.com/i',
      command: ['/webhook', '--in-cluster=false'],
      args: ['--token-expiration', '900', '--v=5'],
    };
    await client.raw('POST', '/apis/apps/v1/namespaces/team/deployments', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'hook', namespace: 'team' },
      spec: { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
    });
    await client.raw('POST', '/api/v1/namespaces/team/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'hook', namespace: 'team' },
      spec: { selector: labels, ports: [{ port: 443 }] },
    });
    const file = await write('flags.json', podOf('p', 'web'));
    const own = await explain('-f', file);
    expect(own.answer.webhook).toEqual({
      from: 'deployment team/hook',
      flags: { 'in-cluster': false, 'token-expiration': '900', v: '5' },
      notes: [],
    });
    expect(JSON.stringify(own.answer.pods[0])).toContain('"expirationSeconds":900');
    const given = await explain('-f', file, '--token-expiration', '1200');
    expect(JSON.stringify(given.answer.pods[0])).toContain('"expirationSeconds":1200');
    await client.delete(resources.mutatingWebhookConfigurations, { name: configuration });
    expect((await explain('-f', file)).answer.webhook).toEqual({ flags: {}, notes: [] });
  });

  it('asks the role too', async () => {
    const file = await write('role.json', { ...podOf('p', 'default-editor'), metadata: { name: 'p', namespace: 'user-a' } });
    const yes = await explain('-f', file, '--check-role');
    expect([yes.code, yes.answer.askedCluster, yes.answer.pods[0]?.trust?.verdict]).toEqual([0, true, 'allow']);
    const none = await explain('pod/web', '-n', 'team', '--check-role');
    expect([none.code, none.codes]).toEqual([1, ['RoleNotFound', 'FailuresIgnored']]);
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...nobody } = env;
    const unknown = answerOf(await runPodrole(['explain', '-f', file, '--check-role', '-o', 'json'], { home, env: nobody }));
    expect([unknown.code, unknown.answer.pods[0]?.trust?.verdict, unknown.codes]).toEqual([
      0,
      'unknown',
      ['RoleUnchecked', 'FailuresIgnored'],
    ]);
  });

  it('fails with 3 for a pod that is not there', async () => {
    const { code, stdout } = await runPodrole(['explain', 'pod/none', '-n', 'team', '-o', 'json'], { home, env });
    expect([code, JSON.parse(stdout)]).toMatchObject([3, { kind: 'Error', code: 'pod-not-found' }]);
  });
});
