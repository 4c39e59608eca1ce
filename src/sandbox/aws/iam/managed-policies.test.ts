import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRolePermissionsBoundaryCommand,
  DetachRolePolicyCommand,
  GetAccountAuthorizationDetailsCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  paginateGetAccountAuthorizationDetails,
  SetDefaultPolicyVersionCommand,
} from '@aws-sdk/client-iam';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientFixture, clientFixture, refusal } from '../testing/client-fixture.ts';
import { ACCOUNT, trustOf } from '../testing/sandbox-account.ts';

const S3_READ = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
const ALLOW_GET = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] });

describe('policies in IAM', () => {
  let fixture: ClientFixture<IAMClient>;
  beforeEach(async () => {
    fixture = await clientFixture((config) => new IAMClient(config));
  });
  afterEach(() => fixture.close());

  const createRole = (RoleName: string, more: object = {}) =>
    fixture.client.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustOf(), ...more }));

  it('stores inline policies as given, and refuses what is none', async () => {
    await createRole('team');
    const put = (PolicyDocument: string, PolicyName = 'Inline') =>
      fixture.client.send(new PutRolePolicyCommand({ RoleName: 'team', PolicyName, PolicyDocument }));
    await put(ALLOW_GET);
    await put(` ${ALLOW_GET}`, 'INLINE');
    expect((await fixture.client.send(new ListRolePoliciesCommand({ RoleName: 'team' }))).PolicyNames).toEqual(['Inline']);
    const got = await fixture.client.send(new GetRolePolicyCommand({ RoleName: 'team', PolicyName: 'inline' }));
    expect(decodeURIComponent(got.PolicyDocument!)).toBe(` ${ALLOW_GET}`);
    await expect(put('{}')).rejects.toMatchObject({ Code: 'MalformedPolicyDocument' });
    await expect(put(trustOf())).rejects.toMatchObject(
      refusal('MalformedPolicyDocument', 400, 'Policy document should not specify a principal.'),
    );
    const long = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${'a'.repeat(10_240)}` }],
    });
    await expect(put(long, 'Long')).rejects.toMatchObject(
      refusal('LimitExceeded', 409, 'Maximum policy size of 10240 bytes exceeded for role team'),
    );
    await expect(fixture.client.send(new GetRolePolicyCommand({ RoleName: 'team', PolicyName: 'none' }))).rejects.toMatchObject(
      refusal('NoSuchEntity', 404, 'The role policy with name none cannot be found.'),
    );
  });

  it('keeps managed policies in versions', async () => {
    const { Policy } = await fixture.client.send(
      new CreatePolicyCommand({ PolicyName: 'read', Path: '/kf/', PolicyDocument: ALLOW_GET, Description: 'reads' }),
    );
    const PolicyArn = Policy!.Arn!;
    expect(Policy).toMatchObject({
      Arn: `arn:aws:iam::${ACCOUNT}:policy/kf/read`,
      DefaultVersionId: 'v1',
      AttachmentCount: 0,
      IsAttachable: true,
    });
    for (const SetAsDefault of [true, false, false, false])
      await fixture.client.send(
        new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: ALLOW_GET.replace('Get', 'Put'), SetAsDefault }),
      );
    await expect(fixture.client.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: ALLOW_GET }))).rejects.toMatchObject({
      Code: 'LimitExceeded',
    });
    expect(
      (await fixture.client.send(new ListPolicyVersionsCommand({ PolicyArn }))).Versions!.map(({ VersionId, IsDefaultVersion }) => [
        VersionId,
        IsDefaultVersion,
      ]),
    ).toEqual([
      ['v5', false],
      ['v4', false],
      ['v3', false],
      ['v2', true],
      ['v1', false],
    ]);
    expect(
      decodeURIComponent((await fixture.client.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v2' }))).PolicyVersion!.Document!),
    ).toContain('s3:PutObject');
    await expect(fixture.client.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v2' }))).rejects.toMatchObject(
      refusal('DeleteConflict', 409, 'Cannot delete the default version of a policy.'),
    );
    await fixture.client.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
    await createRole('team');
    await fixture.client.send(new AttachRolePolicyCommand({ RoleName: 'team', PolicyArn }));
    expect((await fixture.client.send(new GetPolicyCommand({ PolicyArn }))).Policy).toMatchObject({
      DefaultVersionId: 'v1',
      AttachmentCount: 1,
      Description: 'reads',
    });
    expect((await fixture.client.send(new ListEntitiesForPolicyCommand({ PolicyArn }))).PolicyRoles).toMatchObject([{ RoleName: 'team' }]);
    expect((await fixture.client.send(new ListAttachedRolePoliciesCommand({ RoleName: 'team' }))).AttachedPolicies).toEqual([
      { PolicyName: 'read', PolicyArn },
    ]);
    await expect(fixture.client.send(new DeletePolicyCommand({ PolicyArn }))).rejects.toMatchObject(
      refusal('DeleteConflict', 409, 'Cannot delete a policy attached to entities.'),
    );
    await fixture.client.send(new DetachRolePolicyCommand({ RoleName: 'team', PolicyArn }));
    for (const VersionId of ['v2', 'v3', 'v4', 'v5']) await fixture.client.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    await fixture.client.send(new DeletePolicyCommand({ PolicyArn }));
    await expect(fixture.client.send(new GetPolicyCommand({ PolicyArn }))).rejects.toMatchObject(
      refusal('NoSuchEntity', 404, `Policy ${PolicyArn} was not found.`),
    );
  });

  it('has AWS’s own policies in every account', async () => {
    expect((await fixture.client.send(new GetPolicyCommand({ PolicyArn: S3_READ }))).Policy).toMatchObject({
      PolicyName: 'AmazonS3ReadOnlyAccess',
      Path: '/',
      DefaultVersionId: 'v1',
    });
    expect((await fixture.client.send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies).toEqual([]);
    await expect(fixture.client.send(new DeletePolicyCommand({ PolicyArn: S3_READ }))).rejects.toMatchObject({
      Code: 'AccessDenied',
    });
    await createRole('team');
    await expect(
      fixture.client.send(new AttachRolePolicyCommand({ RoleName: 'team', PolicyArn: 'arn:aws:iam::aws:policy/Nothing' })),
    ).rejects.toMatchObject(refusal('NoSuchEntity', 404, 'Policy arn:aws:iam::aws:policy/Nothing does not exist or is not attachable.'));
    await expect(fixture.client.send(new DetachRolePolicyCommand({ RoleName: 'team', PolicyArn: S3_READ }))).rejects.toMatchObject(
      refusal('NoSuchEntity', 404, `Policy ${S3_READ} was not found.`),
    );
  });

  it('attaches ten policies and no more', async () => {
    await createRole('team');
    const { Policies } = await fixture.client.send(new ListPoliciesCommand({ Scope: 'AWS' }));
    const attach = (index: number) =>
      fixture.client.send(new AttachRolePolicyCommand({ RoleName: 'team', PolicyArn: Policies![index]!.Arn! }));
    for (let index = 0; index < 10; index += 1) await attach(index);
    await expect(attach(10)).rejects.toMatchObject(refusal('LimitExceeded', 409, 'Cannot exceed quota for PoliciesPerRole: 10'));
  });

  it('keeps a permissions boundary', async () => {
    await createRole('team', { PermissionsBoundary: S3_READ });
    expect((await fixture.client.send(new GetRoleCommand({ RoleName: 'team' }))).Role!.PermissionsBoundary).toEqual({
      PermissionsBoundaryType: 'Policy',
      PermissionsBoundaryArn: S3_READ,
    });
    await fixture.client.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: 'team' }));
    await expect(fixture.client.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: 'team' }))).rejects.toMatchObject({
      Code: 'NoSuchEntity',
    });
    await fixture.client.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'team', PermissionsBoundary: S3_READ }));
  });

  it('tells an auditor everything, in pages', async () => {
    const { Policy } = await fixture.client.send(new CreatePolicyCommand({ PolicyName: 'own', PolicyDocument: ALLOW_GET }));
    for (const name of ['a', 'b']) await createRole(name, { Tags: [{ Key: 'k', Value: name }] });
    for (const PolicyArn of [Policy!.Arn!, S3_READ]) await fixture.client.send(new AttachRolePolicyCommand({ RoleName: 'a', PolicyArn }));
    await fixture.client.send(new PutRolePolicyCommand({ RoleName: 'a', PolicyName: 'inline', PolicyDocument: ALLOW_GET }));
    const roles: unknown[] = [];
    const policies: unknown[] = [];
    for await (const found of paginateGetAccountAuthorizationDetails({ client: fixture.client, pageSize: 3 }, {})) {
      roles.push(...found.RoleDetailList!);
      policies.push(...found.Policies!);
    }
    expect(roles).toMatchObject([
      {
        RoleName: 'a',
        RolePolicyList: [{ PolicyName: 'inline', PolicyDocument: encodeURIComponent(ALLOW_GET).replaceAll('*', '%2A') }],
        AttachedManagedPolicies: [{ PolicyName: 'own' }, { PolicyName: 'AmazonS3ReadOnlyAccess' }],
      },
      { RoleName: 'b', RolePolicyList: [], Tags: [{ Key: 'k', Value: 'b' }] },
    ]);
    expect(policies).toMatchObject([
      { PolicyName: 'AmazonS3ReadOnlyAccess' },
      { PolicyName: 'own', PolicyVersionList: [{ VersionId: 'v1', IsDefaultVersion: true }] },
    ]);
    const onlyOwn = await fixture.client.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['LocalManagedPolicy'] }));
    expect([onlyOwn.RoleDetailList, onlyOwn.Policies!.length]).toEqual([[], 1]);
  });
});
