import { describe, expect, it } from 'vitest';
import { changesOf, itemOf, planFor, REQUEST } from '../../test/support/setup-plans.ts';
import { CLUSTER_ARN, ISSUER, OWN_TAGS, providerArn, roleArn, SetupWorld, sha256Hex } from '../../test/support/setup-world.ts';
import { closedTrustDocument, trustDocument } from '../iam/trust-document.ts';
import { statementSid } from '../identity/statement-id.ts';
import { summaryOf } from './action.ts';
import { carryOut } from './apply.ts';

const host = ISSUER.slice('https://'.length);
const clock = { now: () => new Date(0), monotonic: () => 0, after: () => ({ cancel: () => undefined }) };
const subject = (name: string): string => `system:serviceaccount:kubeflow:${name}`;
const trusting = (issuer: string, ...subjects: readonly string[]): string =>
  trustDocument({ providerArn: providerArn(issuer), audience: 'sts.amazonaws.com', subjects });

async function installed(given: Parameters<typeof planFor>[1] = {}): Promise<SetupWorld> {
  const world = new SetupWorld();
  const plan = await planFor(world, given);
  await carryOut(world.ports(), { items: plan.items, tags: plan.tags, clock, told: () => undefined });
  return world;
}

describe('a plan for nothing yet', () => {
  it('creates the provider, two roles, two policies and four annotated accounts', async () => {
    const plan = await planFor(new SetupWorld());
    expect(changesOf(plan.items)).toEqual([
      `create provider/${host}`,
      'create role/kf-admin-demo',
      'create policy/kf-admin-demo/podrole-alb-ingress',
      'create policy/kf-admin-demo/podrole-profile-controller',
      'create role/kf-user-demo',
      'create namespace/kubeflow',
      'create serviceaccount/kubeflow/kf-admin',
      'create serviceaccount/kubeflow/alb-ingress-controller',
      'create serviceaccount/kubeflow/profiles-controller-service-account',
      'create serviceaccount/kubeflow/kf-user',
    ]);
    expect(summaryOf(plan.items)).toEqual({ create: 10, change: 0, delete: 0, keep: 0, conflict: 0 });
    expect(plan.tags).toEqual(OWN_TAGS);
  });

  it('creates the users’ role closed and the admin role for its accounts', async () => {
    const plan = await planFor(new SetupWorld());
    expect(itemOf(plan, 'role/kf-user-demo').action).toMatchObject({ trustPolicy: closedTrustDocument(providerArn()) });
    const { after } = itemOf(plan, 'role/kf-admin-demo');
    expect(JSON.parse(after!)).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: statementSid(providerArn(), sha256Hex),
          Effect: 'Allow',
          Principal: { Federated: providerArn() },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: {
              [`${host}:aud`]: 'sts.amazonaws.com',
              [`${host}:sub`]: [subject('kf-admin'), subject('alb-ingress-controller'), subject('profiles-controller-service-account')],
            },
          },
        },
      ],
    });
  });

  it('lets the Profile controller edit the users’ role alone, and never its own', async () => {
    const { after } = itemOf(await planFor(new SetupWorld()), 'policy/kf-admin-demo/podrole-profile-controller');
    expect(JSON.parse(after!)).toMatchObject({
      Statement: [
        { Effect: 'Allow', Action: ['iam:GetRole', 'iam:UpdateAssumeRolePolicy'], Resource: roleArn('kf-user-demo') },
        { Action: 'iam:GetAccountSummary' },
        { Effect: 'Deny', Action: ['iam:UpdateAssumeRolePolicy'], Resource: roleArn('kf-admin-demo') },
      ],
    });
  });

  it('with logs trusts fluentd where it runs, and where kfctl trusted it', async () => {
    const plan = await planFor(new SetupWorld(), { request: { enableNodeGroupLog: true } });
    expect(changesOf(plan.items)).toEqual(
      expect.arrayContaining([
        'create policy/kf-admin-demo/podrole-cloudwatch',
        'create serviceaccount/kubeflow/fluentd',
        'create serviceaccount/kube-system/fluentd',
      ]),
    );
  });

  it('in the least-privilege layout gives each component a role of its own', async () => {
    const plan = await planFor(new SetupWorld(), {
      request: { enableNodeGroupLog: true },
      options: { layout: 'least-privilege', loadBalancerController: 'v2', fsx: true, pipelinesBucket: 'artifacts' },
    });
    expect(changesOf(plan.items)).toEqual([
      `create provider/${host}`,
      'create role/kf-load-balancer-demo',
      'create policy/kf-load-balancer-demo/podrole-alb-ingress',
      'create role/kf-profile-controller-demo',
      'create policy/kf-profile-controller-demo/podrole-profile-controller',
      'create role/kf-logs-demo',
      'create policy/kf-logs-demo/podrole-cloudwatch',
      'create role/kf-fsx-csi-demo',
      'create policy/kf-fsx-csi-demo/podrole-fsx-csi',
      'create role/kf-pipelines-demo',
      'create policy/kf-pipelines-demo/podrole-pipelines',
      'create role/kf-user-demo',
      'create namespace/kubeflow',
      'create serviceaccount/kube-system/aws-load-balancer-controller',
      'create serviceaccount/kubeflow/profiles-controller-service-account',
      'create serviceaccount/kube-system/fluentd',
      'create serviceaccount/kube-system/fsx-csi-controller-sa',
      'create serviceaccount/kubeflow/ml-pipeline',
      'create serviceaccount/kubeflow/pipeline-runner',
    ]);
    expect(itemOf(plan, 'role/kf-logs-demo').after).toContain('system:serviceaccount:kube-system:fluentd');
    expect(itemOf(plan, 'role/kf-logs-demo').after).not.toContain('kubeflow:fluentd');
    expect(itemOf(plan, 'policy/kf-pipelines-demo/podrole-pipelines').after).toContain('arn:aws:s3:::artifacts/*');
  });

  it('shortens names that IAM would refuse', async () => {
    const cluster = 'c'.repeat(100);
    const world = new SetupWorld();
    world.cluster = { arn: CLUSTER_ARN.replace('demo', cluster), status: 'ACTIVE', issuer: ISSUER };
    const plan = await planFor(world, { request: { cluster } });
    const names = plan.items.filter(({ object }) => object.startsWith('role/')).map(({ object }) => object.slice('role/'.length));
    expect(names.map((name) => name.length)).toEqual([64, 64]);
    expect(new Set(names).size).toBe(2);
  });
});

describe('a plan for what setup made', () => {
  it('keeps everything', async () => {
    const plan = await planFor(await installed());
    expect(changesOf(plan.items)).toEqual([]);
    expect(plan.notes).toEqual([]);
  });

  it('never touches the users’ trust policy or policies', async () => {
    const world = await installed();
    const user = world.state.roles['kf-user-demo']!;
    user.trustPolicy = trusting(ISSUER, 'system:serviceaccount:team-a:default-editor');
    user.attached = ['arn:aws:iam::aws:policy/AmazonS3FullAccess'];
    user.inline = { mine: '{}' };
    expect(changesOf((await planFor(world)).items)).toEqual([]);
  });

  it('mends what drifted, with the document before and after', async () => {
    const world = await installed();
    world.state.roles['kf-admin-demo']!.inline['podrole-alb-ingress'] = '{"Version":"2012-10-17","Statement":[]}';
    world.state.roles['kf-admin-demo']!.trustPolicy = trusting(ISSUER, subject('kf-admin'));
    delete world.state.accounts['kubeflow/kf-admin'];
    const plan = await planFor(world);
    expect(changesOf(plan.items)).toEqual([
      'change trust/kf-admin-demo',
      'change policy/kf-admin-demo/podrole-alb-ingress',
      'create serviceaccount/kubeflow/kf-admin',
    ]);
    expect(itemOf(plan, 'trust/kf-admin-demo').before).toBe(trusting(ISSUER, subject('kf-admin')));
  });

  it('reads a policy by what it says, not by the order of its members', async () => {
    const world = await installed();
    const { inline } = world.state.roles['kf-admin-demo']!;
    const { Version, Statement } = JSON.parse(inline['podrole-profile-controller']!) as { Version: string; Statement: object[] };
    inline['podrole-profile-controller'] = JSON.stringify({
      Statement: Statement.map((statement) => Object.fromEntries(Object.entries(statement).reverse())),
      Version,
    });
    expect(changesOf((await planFor(world)).items)).toEqual([]);
  });

  it('takes back what is no longer asked for', async () => {
    const world = await installed({ request: { enableNodeGroupLog: true }, options: { pipelinesBucket: 'artifacts' } });
    const plan = await planFor(world);
    expect(changesOf(plan.items)).toEqual([
      'change trust/kf-admin-demo',
      'delete policy/kf-admin-demo/podrole-cloudwatch',
      'delete policy/kf-admin-demo/podrole-pipelines',
    ]);
    expect(itemOf(plan, 'trust/kf-admin-demo').after).not.toMatch(/fluentd|pipeline/);
  });

  it('leaves a policy of the user’s alone, even under a name of kfctl’s', async () => {
    const world = await installed();
    world.state.roles['kf-admin-demo']!.inline.iam_alb_ingress_policy = '{}';
    expect(changesOf((await planFor(world)).items)).toEqual([]);
  });

  it('keeps a subject that somebody added by hand, and says so', async () => {
    const world = await installed();
    const role = world.state.roles['kf-admin-demo']!;
    role.trustPolicy = role.trustPolicy.replace(`"${subject('kf-admin')}"`, `"${subject('kf-admin')}","${subject('backup')}"`);
    const plan = await planFor(world);
    expect(changesOf(plan.items)).toEqual([]);
    expect(plan.notes).toEqual([`kf-admin-demo lets in ${subject('backup')} too, which setup did not ask for and keeps`]);
  });

  it('refuses subjects beside a statement that lets the whole cluster in', async () => {
    const world = await installed();
    world.state.roles['kf-admin-demo']!.trustPolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Everybody',
          Effect: 'Allow',
          Principal: { Federated: providerArn() },
          Action: 'sts:AssumeRoleWithWebIdentity',
        },
      ],
    });
    expect(itemOf(await planFor(world), 'trust/kf-admin-demo')).toMatchObject({
      verb: 'conflict',
      reason: expect.stringContaining(`${subject('kf-admin')}: role-open`),
    });
  });
});

describe('a quota', () => {
  it('that the trust policy would exceed is a conflict before anything is written', async () => {
    const plan = await planFor(new SetupWorld(), { request: REQUEST, options: { trustPolicyQuota: 500 } });
    expect(itemOf(plan, 'role/kf-admin-demo')).toMatchObject({ verb: 'conflict', reason: expect.stringContaining('trust-policy-full') });
  });
});
