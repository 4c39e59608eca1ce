import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  IAMClient,
  ListInstanceProfilesForRoleCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
  paginateListRoles,
  RemoveRoleFromInstanceProfileCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientFixture, clientFixture, refusal } from '../testing/client-fixture.ts';
import { ACCOUNT, trustOf } from '../testing/sandbox-account.ts';

const S3_READ = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
const ALLOW_GET = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] });

describe('roles in IAM', () => {
  let fixture: ClientFixture<IAMClient>;
  beforeEach(async () => {
    fixture = await clientFixture((config) => new IAMClient(config));
  });
  afterEach(() => fixture.close());

  const createRole = (RoleName: string, more: object = {}) =>
    fixture.client.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustOf(), ...more }));

  it('creates a role without showing description or duration, and shows them afterwards', async () => {
    const { Role: created } = await createRole('Team', {
      Path: '/kf/',
      Description: 'what <it> does',
      MaxSessionDuration: 7200,
      Tags: [
        { Key: 'b', Value: '2' },
        { Key: 'a', Value: '' },
      ],
    });
    expect(created).toMatchObject({
      Path: '/kf/',
      RoleName: 'Team',
      Arn: `arn:aws:iam::${ACCOUNT}:role/kf/Team`,
      RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
    });
    expect([created!.Description, created!.MaxSessionDuration]).toEqual([undefined, undefined]);
    const { Role } = await fixture.client.send(new GetRoleCommand({ RoleName: 'team' }));
    expect(Role).toMatchObject({
      RoleName: 'Team',
      Description: 'what <it> does',
      MaxSessionDuration: 7200,
      Tags: [
        { Key: 'a', Value: '' },
        { Key: 'b', Value: '2' },
      ],
      RoleLastUsed: {},
    });
    expect(Role!.AssumeRolePolicyDocument).toMatch(/^%7B%22Version%22%3A%222012-10-17%22/);
    expect(Math.abs(Role!.CreateDate!.getTime() - fixture.account.clock.now().getTime())).toBeLessThan(1000);
  });

  it('compares role names without case', async () => {
    await createRole('Team');
    await expect(createRole('TEAM')).rejects.toMatchObject(refusal('EntityAlreadyExists', 409, 'Role with name TEAM already exists.'));
  });

  it('keeps what UpdateRole leaves out', async () => {
    await createRole('team', { Description: 'before', MaxSessionDuration: 7200 });
    await fixture.client.send(new UpdateRoleCommand({ RoleName: 'team', Description: 'after' }));
    expect((await fixture.client.send(new GetRoleCommand({ RoleName: 'team' }))).Role).toMatchObject({
      Description: 'after',
      MaxSessionDuration: 7200,
    });
    await expect(fixture.client.send(new UpdateRoleCommand({ RoleName: 'team', MaxSessionDuration: 60 }))).rejects.toMatchObject(
      refusal(
        'ValidationError',
        400,
        "1 validation error detected: Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600",
      ),
    );
  });

  it.each([
    ['text that is not JSON', '{', 'This policy contains invalid Json'],
    [
      'everybody as principal',
      trustOf().replace(/"Principal":\{[^}]*\}/, '"Principal":"*"'),
      'AssumeRolepolicy contained an invalid principal: "STAR":"*".',
    ],
    ['a resource', trustOf().replace('"Action"', '"Resource":"*","Action"'), 'Has prohibited field Resource'],
    [
      'an action of another service',
      trustOf().replace('sts:AssumeRoleWithWebIdentity', 's3:GetObject'),
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
  ])('refuses a trust policy with %s', async (_what, AssumeRolePolicyDocument, message) => {
    await expect(createRole('team', { AssumeRolePolicyDocument })).rejects.toMatchObject(refusal('MalformedPolicyDocument', 400, message));
  });

  it('refuses a trust policy beyond the quota, white space not counted', async () => {
    await createRole('team');
    const put = (document: string) =>
      fixture.client.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'team', PolicyDocument: document }));
    const subjects = (count: number) =>
      Array.from({ length: count }, (_, index) => `system:serviceaccount:namespace-${index}:default-editor`);
    await expect(put(trustOf(subjects(40)))).rejects.toMatchObject(
      refusal('LimitExceeded', 409, 'Cannot exceed quota for ACLSizePerRole: 2048'),
    );
    await put(JSON.stringify(JSON.parse(trustOf(subjects(30))), null, 20));
    fixture.account.aws.setQuotas({ trustPolicySize: 'off' });
    await put(trustOf(subjects(400)));
  });

  it('knows principals by their incarnation', async () => {
    const trustRole = (name: string) =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/${name}` }, Action: 'sts:AssumeRole' }],
      });
    await expect(createRole('target', { AssumeRolePolicyDocument: trustRole('source') })).rejects.toMatchObject(
      refusal('MalformedPolicyDocument', 400, `Invalid principal in policy: "AWS":"arn:aws:iam::${ACCOUNT}:role/source"`),
    );
    const { Role: source } = await createRole('source');
    await createRole('target', { AssumeRolePolicyDocument: trustRole('source') });
    const shown = async () =>
      JSON.parse(
        decodeURIComponent((await fixture.client.send(new GetRoleCommand({ RoleName: 'target' }))).Role!.AssumeRolePolicyDocument!),
      ).Statement[0].Principal.AWS;
    expect(await shown()).toBe(source!.Arn);
    await fixture.client.send(new DeleteRoleCommand({ RoleName: 'source' }));
    await createRole('source');
    expect(await shown()).toBe(source!.RoleId);
  });

  it('deletes a role only once nothing hangs on it', async () => {
    await createRole('team');
    await fixture.client.send(new AttachRolePolicyCommand({ RoleName: 'team', PolicyArn: S3_READ }));
    await fixture.client.send(new AttachRolePolicyCommand({ RoleName: 'team', PolicyArn: S3_READ }));
    await fixture.client.send(new PutRolePolicyCommand({ RoleName: 'team', PolicyName: 'Inline', PolicyDocument: ALLOW_GET }));
    await fixture.client.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'node' }));
    await fixture.client.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'node', RoleName: 'team' }));
    expect((await fixture.client.send(new ListInstanceProfilesForRoleCommand({ RoleName: 'team' }))).InstanceProfiles).toMatchObject([
      { InstanceProfileName: 'node', Roles: [{ RoleName: 'team' }] },
    ]);
    const remove = () => fixture.client.send(new DeleteRoleCommand({ RoleName: 'team' }));
    await expect(remove()).rejects.toMatchObject(refusal('DeleteConflict', 409, 'Cannot delete entity, must detach all policies first.'));
    await fixture.client.send(new DetachRolePolicyCommand({ RoleName: 'team', PolicyArn: S3_READ }));
    await expect(remove()).rejects.toMatchObject(refusal('DeleteConflict', 409, 'Cannot delete entity, must delete policies first.'));
    await fixture.client.send(new DeleteRolePolicyCommand({ RoleName: 'team', PolicyName: 'inline' }));
    await expect(remove()).rejects.toMatchObject(
      refusal('DeleteConflict', 409, 'Cannot delete entity, must remove roles from instance profile first.'),
    );
    await fixture.client.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: 'node', RoleName: 'team' }));
    await fixture.client.send(new DeleteInstanceProfileCommand({ InstanceProfileName: 'node' }));
    await remove();
    await expect(remove()).rejects.toMatchObject(refusal('NoSuchEntity', 404, 'The role with name team cannot be found.'));
  });

  it('pages through roles in the order of their names', async () => {
    for (const name of ['e', 'B', 'a', 'D', 'c']) await createRole(name, { Path: name === 'e' ? '/other/' : '/' });
    const pages: string[][] = [];
    for await (const found of paginateListRoles({ client: fixture.client, pageSize: 2 }, {}))
      pages.push(found.Roles!.map(({ RoleName }) => RoleName!));
    expect(pages).toEqual([['a', 'B'], ['c', 'D'], ['e']]);
    expect((await fixture.client.send(new ListRolesCommand({ PathPrefix: '/other/' }))).Roles).toMatchObject([
      { RoleName: 'e', MaxSessionDuration: 3600 },
    ]);
    await expect(fixture.client.send(new ListRolesCommand({ Marker: 'nonsense!' }))).rejects.toMatchObject(
      refusal('ValidationError', 400, 'Invalid Marker.'),
    );
  });

  it('merges tags of roles without regard to case', async () => {
    await createRole('team', { Tags: [{ Key: 'Owner', Value: 'x' }] });
    await fixture.client.send(
      new TagRoleCommand({
        RoleName: 'team',
        Tags: [
          { Key: 'owner', Value: 'y' },
          { Key: 'z', Value: '1' },
        ],
      }),
    );
    expect((await fixture.client.send(new ListRoleTagsCommand({ RoleName: 'team' }))).Tags).toEqual([
      { Key: 'owner', Value: 'y' },
      { Key: 'z', Value: '1' },
    ]);
    await fixture.client.send(new UntagRoleCommand({ RoleName: 'team', TagKeys: ['OWNER', 'absent'] }));
    expect((await fixture.client.send(new ListRoleTagsCommand({ RoleName: 'team' }))).Tags).toEqual([{ Key: 'z', Value: '1' }]);
    await expect(fixture.client.send(new TagRoleCommand({ RoleName: 'team', Tags: [{ Key: 'aws:x', Value: '' }] }))).rejects.toMatchObject({
      Code: 'InvalidInput',
    });
    const many = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: '' }));
    await expect(fixture.client.send(new TagRoleCommand({ RoleName: 'team', Tags: many }))).rejects.toMatchObject({
      Code: 'LimitExceeded',
    });
  });

  it('takes characters outside Latin-1 for no document', async () => {
    await expect(createRole('team', { AssumeRolePolicyDocument: trustOf('ж') })).rejects.toMatchObject({
      Code: 'ValidationError',
      $metadata: { httpStatusCode: 400 },
    });
  });
});
