import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Embedded } from '../../src/app/embedded.ts';
import { type Asked, destroyWith, planWith, readKfDef, setupOptions, setupPorts, statusWith } from '../../src/app/run-setup.ts';
import { permissionsFor } from '../../src/app/setup/setup-permissions.ts';
import { assumeRoleWithWebIdentity } from '../../src/aws/account.ts';
import type { StaticCredentials } from '../../src/aws/client-options.ts';
import { createIamPolicies } from '../../src/aws/iam-policies.ts';
import { createIamProviders } from '../../src/aws/iam-providers.ts';
import { createIamRoles } from '../../src/aws/iam-roles.ts';
import { trustDocument } from '../../src/iam/trust-document.ts';
import { resources } from '../../src/kube/core/resource.ts';
import type { AwsSnapshot } from '../../src/sandbox/aws/store/snapshot.ts';
import type { SetupPorts } from '../../src/setup/ports.ts';
import { root } from '../support/run-podrole.ts';
import { openEmbeddedOfRun } from '../support/worlds/embedded-world.ts';
import { worldSkipped } from '../support/worlds/world.ts';

const OPERATOR = { namespace: 'default', name: 'operator' };
const CONSENT = { deleteProfiles: false, detachPolicies: true, retain: [] };

const TRUSTS_EC2 = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
/** AWS asks for it beside the permission to create, when tags are given; the sandbox does not. */
const NOT_ENFORCED = 'iam:TagOpenIDConnectProvider';

interface Policy {
  readonly Version: string;
  readonly Statement: readonly { readonly Sid: string; readonly Action: readonly string[]; readonly Resource: unknown }[];
}

/** The caller is a role that holds the printed policy and nothing else, under an IAM that enforces it. */
describe.skipIf(worldSkipped() !== undefined)('the policy that setup prints for itself', () => {
  let embedded: Embedded;
  let credentials: StaticCredentials;
  let start: AwsSnapshot;
  let asked: Asked;

  beforeAll(async () => {
    embedded = await openEmbeddedOfRun();
    const { sandbox } = embedded;
    const read = readKfDef(await readFile(join(root, 'examples/kfctl_aws.yaml'), 'utf8'), {});
    if (!read.ok) throw new Error('the example is not valid');
    asked = { request: read.request, region: sandbox.region, options: setupOptions({ adopt: true, roleNames: 'kfctl-1.1' }).options };
    // The operator keeps the session that it got by a provider which is gone again, as everything that setup finds shall be its own.
    const kube = sandbox.kubeClient('operator');
    await kube.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: OPERATOR });
    const { token } = await kube.createToken(OPERATOR, { audiences: ['operators'] });
    const providers = createIamProviders(sandbox.adminTarget);
    const providerArn = await providers.create({ issuer: sandbox.issuer, clientIds: ['operators'], tags: {} });
    const trustPolicy = trustDocument({ providerArn, audience: 'operators', subjects: ['system:serviceaccount:default:operator'] });
    const { arn: roleArn } = await createIamRoles(sandbox.adminTarget).create({ name: 'operator', trustPolicy, tags: {} });
    const { region, endpoint } = sandbox.adminTarget;
    credentials = await assumeRoleWithWebIdentity({ region, endpoint }, { roleArn, sessionName: 'operator', token });
    await providers.delete(providerArn);
    await createIamRoles(sandbox.adminTarget).updateTrustPolicy('operator', TRUSTS_EC2);
    start = sandbox.aws.snapshot();
  });
  afterAll(async () => {
    await embedded?.sandbox.kubeClient('operator').delete(resources.serviceAccounts, OPERATOR);
    await embedded?.close();
  });
  beforeEach(() => embedded.sandbox.aws.restore(start));

  const ports = (): SetupPorts =>
    setupPorts({ ...embedded.sandbox.adminTarget, credentials, maxAttempts: 1 }, embedded.sandbox.kubeClient('podrole-setup'));
  const printed = (...verbs: readonly ('plan' | 'apply' | 'status' | 'destroy')[]): Policy => {
    const { account, issuer } = embedded.sandbox;
    return JSON.parse(permissionsFor(asked, { account, issuer, verbs }) ?? '') as Policy;
  };
  const grant = async (policy: Policy): Promise<void> => {
    await createIamPolicies(embedded.sandbox.adminTarget).putInline('operator', 'setup', JSON.stringify(policy));
  };
  const without = (policy: Policy, action: string): Policy => ({
    ...policy,
    Statement: policy.Statement.map((statement) => ({ ...statement, Action: statement.Action.filter((each) => each !== action) })).filter(
      ({ Action }) => Action.length > 0,
    ),
  });
  const apply = async (): Promise<void> => (await planWith(asked, ports())).apply(() => undefined);
  const denied = (since: number): readonly string[] =>
    embedded.sandbox.aws.decisions
      .list({ reason: 'identity-policy' })
      .slice(since)
      .map(({ operation }) => operation);

  /** Everything that apply may have to do: a role to adopt with kfctl's policies on it, a provider without the audience, drift. */
  const prepare = async (): Promise<void> => {
    const { sandbox } = embedded;
    const roles = createIamRoles(sandbox.adminTarget);
    const policies = createIamPolicies(sandbox.adminTarget);
    const providers = createIamProviders(sandbox.adminTarget);
    const arn = await providers.create({ issuer: sandbox.issuer, clientIds: ['other'], tags: {} });
    await roles.create({
      name: 'kf-admin-us-west-2-demo',
      trustPolicy: trustDocument({
        providerArn: arn,
        audience: 'sts.amazonaws.com',
        subjects: ['system:serviceaccount:kubeflow:kf-admin'],
      }),
      tags: { 'kubeflow/cluster-name': 'kf-admin-us-west-2-demo' },
    });
    await policies.putInline(
      'kf-admin-us-west-2-demo',
      'iam_alb_ingress_policy',
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"acm:*","Resource":"*"}]}',
    );
  };

  it('is enough to apply to nothing, and to report', async () => {
    await grant(printed('apply', 'status'));
    const before = denied(0).length;
    await apply();
    expect((await statusWith(asked, ports())).items.every(({ state }) => state === 'ok')).toBe(true);
    expect(denied(before)).toEqual([]);
  });

  it('is enough to take over', async () => {
    await prepare();
    await grant(printed('apply'));
    const before = denied(0).length;
    await apply();
    expect(denied(before)).toEqual([]);
    expect((await planWith(asked, ports())).summary).toMatchObject({ create: 0, change: 0, delete: 0, conflict: 0 });
  });

  it('is enough to take down, attached policies included', async () => {
    await grant(printed('apply'));
    await apply();
    await createIamPolicies(embedded.sandbox.adminTarget).attach(
      'kf-user-us-west-2-demo',
      'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess',
    );
    await grant(printed('destroy'));
    const before = denied(0).length;
    await (await destroyWith(asked, ports(), CONSENT)).apply(() => undefined);
    expect(denied(before)).toEqual([]);
    expect((await createIamRoles(embedded.sandbox.adminTarget).list()).map(({ name }) => name)).toEqual(['operator']);
  });

  it('holds no action of apply that apply does not call', async () => {
    const policy = printed('apply');
    const needed = new Set(policy.Statement.flatMap(({ Action }) => Action).filter((action) => action !== NOT_ENFORCED));
    expect(needed.size).toBeGreaterThan(10);
    for (const action of needed) {
      let failures = 0;
      for (const world of [async () => undefined, prepare]) {
        embedded.sandbox.aws.restore(start);
        await world();
        await grant(without(policy, action));
        const failure = await apply().then(
          () => undefined,
          (error: Error & { code: string; hint?: string }) => error,
        );
        if (failure === undefined) continue;
        failures += 1;
        expect(failure.hint).toContain(`the caller may not ${action}: \`podrole setup permissions -f FILE\``);
        expect(['permission-missing', 'setup-incomplete']).toContain(failure.code);
      }
      expect([action, failures > 0]).toEqual([action, true]);
    }
  });

  it('cannot rewrite the trust of the users’ role, nor of any role that is not setup’s', async () => {
    await grant(printed('apply'));
    await apply();
    const roles = createIamRoles({ ...embedded.sandbox.adminTarget, credentials, maxAttempts: 1 });
    for (const role of ['kf-user-us-west-2-demo', 'operator'])
      await expect(roles.updateTrustPolicy(role, '{}')).rejects.toMatchObject({ awsCode: 'AccessDenied' });
  });
});
