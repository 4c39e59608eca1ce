import { describe, expect, it } from 'vitest';
import { changesOf, itemOf, planFor } from '../../test/support/setup-plans.ts';
import { ISSUER, intercepted, OTHER_ISSUER, OWN_TAGS, providerArn, roleArn, SetupWorld } from '../../test/support/setup-world.ts';
import { trustDocument } from '../iam/trust-document.ts';
import { carryOut } from './apply.ts';

const host = ISSUER.slice('https://'.length);
const clock = { now: () => new Date(0), monotonic: () => 0, after: () => ({ cancel: () => undefined }) };
const KFCTL_TAGS = { 'kubeflow/cluster-name': 'kf-admin-demo' };
const subject = (name: string): string => `system:serviceaccount:kubeflow:${name}`;
const trusting = (issuer: string, ...subjects: readonly string[]): string =>
  trustDocument({ providerArn: providerArn(issuer), audience: 'sts.amazonaws.com', subjects });

/** A world with an admin role that somebody else made. */
function withAdmin(role: Parameters<SetupWorld['putRole']>[1]): SetupWorld {
  const world = new SetupWorld();
  world.putRole('kf-admin-demo', role);
  return world;
}

describe('a role that setup made', () => {
  it('keeps the policies that its owners put there, whatever they are called', async () => {
    const world = new SetupWorld();
    const first = await planFor(world);
    await carryOut(world.ports(), { items: first.items, tags: first.tags, clock, told: () => undefined });
    world.state.roles['kf-admin-demo']!.inline['podrole-of-ours'] = '{}';
    world.state.roles['kf-admin-demo']!.inline['podrole-cloudwatch'] = '{}';
    expect(changesOf((await planFor(world)).items)).toEqual(['delete policy/kf-admin-demo/podrole-cloudwatch']);
  });

  it('loses a policy only when the one in its place is there', async () => {
    const world = withAdmin({
      trustPolicy: trusting(ISSUER, subject('kf-admin')),
      tags: KFCTL_TAGS,
      inline: { iam_alb_ingress_policy: '{}' },
    });
    const { items, tags } = await planFor(world, { options: { adopt: true } });
    const ports = intercepted(world.ports(), async ({ name }, run) => {
      if (name === 'aws.putInlinePolicy') throw new Error('LimitExceeded');
      return run();
    });
    await expect(carryOut(ports, { items, tags, clock, told: () => undefined })).rejects.toMatchObject({ code: 'setup-incomplete' });
    expect(Object.keys(world.state.roles['kf-admin-demo']!.inline)).toEqual(['iam_alb_ingress_policy']);
  });
});

describe('what others made', () => {
  it.each([
    ['kfctl', KFCTL_TAGS, 'exists, made by kfctl'],
    ['eksctl', { 'alpha.eksctl.io/cluster-name': 'demo' }, 'exists, made by eksctl for cluster demo'],
    ['CloudFormation', { 'aws:cloudformation:stack-name': 'iam' }, 'exists, made by CloudFormation (stack iam)'],
    ['hand', {}, 'exists, made by somebody who left no mark'],
  ])('by %s is a conflict that names its maker', async (_, tags, reason) => {
    const plan = await planFor(withAdmin({ trustPolicy: trusting(ISSUER, subject('kf-admin')), tags }));
    expect(itemOf(plan, 'role/kf-admin-demo')).toEqual({
      verb: 'conflict',
      object: 'role/kf-admin-demo',
      reason,
      fix: '--adopt takes it over, --role-names names this cluster’s roles otherwise',
    });
    expect(plan.items.some(({ object }) => object.startsWith('policy/'))).toBe(false);
  });

  it('by kfctl is taken over with consent: tagged, completed, and freed of the policy that let four pods rewrite every trust policy', async () => {
    const world = withAdmin({
      trustPolicy: trusting(ISSUER, subject('kf-admin')),
      tags: KFCTL_TAGS,
      inline: { iam_alb_ingress_policy: '{}', iam_profile_controller_policy: '{}', mine: '{}' },
    });
    const plan = await planFor(world, { options: { adopt: true } });
    expect(changesOf(plan.items).filter((change) => change.includes('kf-admin-demo'))).toEqual([
      'change role/kf-admin-demo',
      'change trust/kf-admin-demo',
      'create policy/kf-admin-demo/podrole-alb-ingress',
      'create policy/kf-admin-demo/podrole-profile-controller',
      'delete policy/kf-admin-demo/iam_alb_ingress_policy',
      'delete policy/kf-admin-demo/iam_profile_controller_policy',
    ]);
    expect(itemOf(plan, 'role/kf-admin-demo').action).toEqual({
      kind: 'tag-role',
      role: 'kf-admin-demo',
      tags: { ...OWN_TAGS, 'podrole.dev/owner': 'setup/adopted' },
    });
    await carryOut(world.ports(), { items: plan.items, tags: plan.tags, clock, told: () => undefined });
    expect(changesOf((await planFor(world)).items)).toEqual([]);
  });

  it('of the users’ role is tagged when it is taken over, and nothing else of it is written', async () => {
    const world = new SetupWorld();
    world.putRole('kf-user-demo', {
      trustPolicy: trusting(OTHER_ISSUER, subject('kf-user')),
      tags: KFCTL_TAGS,
      inline: { iam_alb_ingress_policy: '{}', mine: '{}' },
    });
    const { items } = await planFor(world, { options: { adopt: true, replaceIssuer: true } });
    expect(changesOf(items).filter((change) => change.includes('/kf-user-demo'))).toEqual(['change role/kf-user-demo']);
    expect(itemOf({ items }, 'role/kf-user-demo').action?.kind).toBe('tag-role');
  });

  it('is freed of kfctl’s policies by a later run, where the one that took it over ended early', async () => {
    const world = withAdmin({
      trustPolicy: trusting(ISSUER, subject('kf-admin')),
      tags: { ...OWN_TAGS, 'podrole.dev/owner': 'setup/adopted' },
      inline: { iam_profile_controller_policy: '{}' },
    });
    expect(changesOf((await planFor(world)).items)).toContain('delete policy/kf-admin-demo/iam_profile_controller_policy');
  });

  it('is refused while a statement lets everybody in by another audience that is registered', async () => {
    const key = ISSUER.slice('https://'.length);
    const trustPolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Theirs',
          Effect: 'Allow',
          Principal: { Federated: providerArn() },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: { StringEquals: { [`${key}:aud`]: 'other' } },
        },
      ],
    });
    const world = withAdmin({ trustPolicy, tags: OWN_TAGS });
    world.state.providers[providerArn()] = { clientIds: ['sts.amazonaws.com', 'other'], thumbprints: [], tags: OWN_TAGS };
    expect(itemOf(await planFor(world), 'trust/kf-admin-demo').verb).toBe('conflict');
    world.state.providers[providerArn()]!.clientIds = ['sts.amazonaws.com'];
    expect(itemOf(await planFor(world), 'trust/kf-admin-demo').verb).toBe('change');
  });

  it('for another cluster is never taken over', async () => {
    const tags = { ...OWN_TAGS, 'podrole.dev/cluster': 'https://other.example' };
    const plan = await planFor(withAdmin({ trustPolicy: trusting(ISSUER), tags }), { options: { adopt: true } });
    expect(itemOf(plan, 'role/kf-admin-demo')).toMatchObject({
      verb: 'conflict',
      reason: 'exists, made by podrole setup for cluster https://other.example',
      fix: 'name the roles of this cluster otherwise: --role-names',
    });
  });

  it('under kfctl’s other naming pattern is pointed out', async () => {
    const world = new SetupWorld();
    world.putRole('kf-admin-us-west-2-demo', { tags: KFCTL_TAGS });
    expect((await planFor(world)).notes).toEqual([
      "kf-admin-us-west-2-demo is a role of kfctl's other naming pattern: --role-names kfctl-1.1 --adopt takes them over instead",
    ]);
  });

  it('of the provider is used, completed with consent only, and never becomes setup’s', async () => {
    const world = new SetupWorld();
    world.state.providers[providerArn()] = {
      clientIds: ['sts.amazonaws.com'],
      thumbprints: [],
      tags: { 'alpha.eksctl.io/cluster-name': 'demo' },
    };
    expect(itemOf(await planFor(world), `provider/${host}`)).toMatchObject({
      verb: 'keep',
      reason: 'registered for sts.amazonaws.com; made by eksctl for cluster demo, so destroy will leave it',
    });
    world.state.providers[providerArn()]!.clientIds = ['other'];
    expect(itemOf(await planFor(world), `provider/${host}`).verb).toBe('conflict');
    expect(itemOf(await planFor(world, { options: { adopt: true } }), `provider/${host}`).action).toEqual({
      kind: 'add-client-id',
      providerArn: providerArn(),
      clientId: 'sts.amazonaws.com',
    });
  });

  it('of a service account’s annotation is a conflict; an account without one is annotated', async () => {
    const world = new SetupWorld();
    world.state.accounts['kubeflow/kf-admin'] = { roleArn: roleArn('else'), annotators: ['eksctl'], made: false, others: ['eksctl'] };
    world.state.accounts['kubeflow/alb-ingress-controller'] = { annotators: [], made: false, others: ['kubectl'] };
    const plan = await planFor(world);
    expect(itemOf(plan, 'serviceaccount/kubeflow/kf-admin')).toMatchObject({
      verb: 'conflict',
      reason: `is annotated with ${roleArn('else')} by eksctl`,
    });
    expect(itemOf(plan, 'serviceaccount/kubeflow/alb-ingress-controller')).toMatchObject({ verb: 'change', action: { made: false } });
    expect(itemOf(await planFor(world, { options: { adopt: true } }), 'serviceaccount/kubeflow/kf-admin').verb).toBe('change');
  });
});

describe('a role of a cluster that was built anew', () => {
  const old = trusting(OTHER_ISSUER, subject('kf-admin'));

  it('is an error that names both issuers and the way out', async () => {
    const plan = await planFor(withAdmin({ trustPolicy: old, tags: OWN_TAGS }));
    expect(itemOf(plan, 'role/kf-admin-demo')).toEqual({
      verb: 'conflict',
      object: 'role/kf-admin-demo',
      reason: `trusts ${OTHER_ISSUER.slice(8)} and not this cluster's issuer ${host}: pods here would be refused, and pods there hold it`,
      fix: '--replace-issuer withdraws what it grants to the other issuer; --role-names gives this cluster roles of its own',
    });
  });

  it('still trusts the other issuer in a statement that setup cannot edit, and that is told', async () => {
    const theirs = JSON.parse(old) as { Statement: { Condition: object; Sid?: string }[] };
    const [statement] = theirs.Statement;
    const key = OTHER_ISSUER.slice('https://'.length);
    statement!.Condition = { StringLike: { [`${key}:sub`]: 'system:serviceaccount:kubeflow:*' } };
    statement!.Sid = 'Theirs';
    const plan = await planFor(withAdmin({ trustPolicy: JSON.stringify(theirs), tags: OWN_TAGS }), { options: { replaceIssuer: true } });
    expect(itemOf(plan, 'trust/kf-admin-demo')).toMatchObject({ verb: 'change', after: expect.stringContaining('"Theirs"') });
    expect(plan.notes).toEqual([
      `kf-admin-demo still trusts ${key}, in a statement that is not setup’s to edit: remove it yourself (podrole trust show kf-admin-demo)`,
    ]);
  });

  it('trusts this cluster alone once that is consented to', async () => {
    const plan = await planFor(withAdmin({ trustPolicy: old, tags: OWN_TAGS }), { options: { replaceIssuer: true } });
    const item = itemOf(plan, 'trust/kf-admin-demo');
    expect(item).toMatchObject({ verb: 'change', reason: 'trusts another issuer' });
    const { Statement } = JSON.parse(item.after!) as { Statement: { Effect: string; Principal: { Federated: string } }[] };
    expect(Statement.map(({ Effect, Principal }) => [Effect, Principal.Federated])).toEqual([
      ['Deny', providerArn(OTHER_ISSUER)],
      ['Allow', providerArn()],
    ]);
  });

  it('is left alone when it is the users’, and what it still trusts is said', async () => {
    const world = new SetupWorld();
    world.putRole('kf-user-demo', { trustPolicy: trusting(OTHER_ISSUER, 'system:serviceaccount:a:default-editor'), tags: OWN_TAGS });
    expect(itemOf(await planFor(world), 'role/kf-user-demo').verb).toBe('conflict');
    const plan = await planFor(world, { options: { replaceIssuer: true } });
    expect(itemOf(plan, 'role/kf-user-demo').verb).toBe('keep');
    expect(plan.notes).toEqual([expect.stringContaining(`kf-user-demo still trusts ${OTHER_ISSUER.slice(8)}`)]);
  });

  it('that trusts this cluster too is shared, and fine', async () => {
    const both = JSON.stringify({
      Version: '2012-10-17',
      Statement: [OTHER_ISSUER, ISSUER].map(
        (issuer) => (JSON.parse(trusting(issuer, subject('kf-admin'))) as { Statement: object[] }).Statement[0],
      ),
    });
    expect(itemOf(await planFor(withAdmin({ trustPolicy: both, tags: OWN_TAGS })), 'trust/kf-admin-demo').verb).toBe('change');
  });
});
