import {
  AddClientIDToOpenIDConnectProviderCommand,
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreateOpenIDConnectProviderCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeleteOpenIDConnectProviderCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  GetOpenIDConnectProviderCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAccountAliasesCommand,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListInstanceProfilesForRoleCommand,
  ListOpenIDConnectProvidersCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  paginateGetAccountAuthorizationDetails,
  paginateListRoles,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  RemoveRoleFromInstanceProfileCommand,
  SetDefaultPolicyVersionCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  ADMIN,
  ISSUER,
  type Listening,
  listen,
  PROVIDER_ARN,
  REGION,
  type TestAccount,
  testAccount,
  testClock,
  trustOf,
} from '../testing/sandbox-account.ts';

const S3_READ = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
const ALLOW_GET = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] });

describe('IAM through its SDK', () => {
  let account: TestAccount;
  let server: Listening;
  let iam: IAMClient;

  beforeEach(async () => {
    account = await testAccount({ clock: testClock(Date.now()) });
    server = await listen(account.aws);
    iam = new IAMClient({ region: REGION, endpoint: server.endpoint, credentials: ADMIN, maxAttempts: 1 });
  });
  afterEach(() => server.close());

  const createRole = (RoleName: string, more: object = {}) =>
    iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustOf(), ...more }));
  const refusal = (code: string, status: number, message: string) => ({
    name: expect.stringContaining(code),
    $metadata: expect.objectContaining({ httpStatusCode: status }),
    message,
  });

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
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'team' }));
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
    expect(Math.abs(Role!.CreateDate!.getTime() - account.clock.now().getTime())).toBeLessThan(1000);
  });

  it('compares role names without case', async () => {
    await createRole('Team');
    await expect(createRole('TEAM')).rejects.toMatchObject(refusal('EntityAlreadyExists', 409, 'Role with name TEAM already exists.'));
  });

  it('keeps what UpdateRole leaves out', async () => {
    await createRole('team', { Description: 'before', MaxSessionDuration: 7200 });
    await iam.send(new UpdateRoleCommand({ RoleName: 'team', Description: 'after' }));
    expect((await iam.send(new GetRoleCommand({ RoleName: 'team' }))).Role).toMatchObject({
      Description: 'after',
      MaxSessionDuration: 7200,
    });
    await expect(iam.send(new UpdateRoleCommand({ RoleName: 'team', MaxSessionDuration: 60 }))).rejects.toMatchObject(
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
    const put = (document: string) => iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'team', PolicyDocument: document }));
    const subjects = (count: number) =>
      Array.from({ length: count }, (_, index) => `system:serviceaccount:namespace-${index}:default-editor`);
    await expect(put(trustOf(subjects(40)))).rejects.toMatchObject(
      refusal('LimitExceeded', 409, 'Cannot exceed quota for ACLSizePerRole: 2048'),
    );
    await put(JSON.stringify(JSON.parse(trustOf(subjects(30))), null, 20));
    account.aws.setQuotas({ trustPolicySize: 'off' });
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
      JSON.parse(decodeURIComponent((await iam.send(new GetRoleCommand({ RoleName: 'target' }))).Role!.AssumeRolePolicyDocument!))
        .Statement[0].Principal.AWS;
    expect(await shown()).toBe(source!.Arn);
    await iam.send(new DeleteRoleCommand({ RoleName: 'source' }));
    await createRole('source');
    expect(await shown()).toBe(source!.RoleId);
  });

  it('deletes a role only once nothing hangs on it', async () => {
    await createRole('team');
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'team', PolicyArn: S3_READ }));
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'team', PolicyArn: S3_READ }));
    await iam.send(new PutRolePolicyCommand({ RoleName: 'team', PolicyName: 'Inline', PolicyDocument: ALLOW_GET }));
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'node' }));
    await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'node', RoleName: 'team' }));
    expect((await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName: 'team' }))).InstanceProfiles).toMatchObject([
      { InstanceProfileName: 'node', Roles: [{ RoleName: 'team' }] },
    ]);
    const remove = () => iam.send(new DeleteRoleCommand({ RoleName: 'team' }));
    await expect(remove()).rejects.toMatchObject(refusal('DeleteConflict', 409, 'Cannot delete entity, must detach all policies first.'));
    await iam.send(new DetachRolePolicyCommand({ RoleName: 'team', PolicyArn: S3_READ }));
    await expect(remove()).rejects.toMatchObject(refusal('DeleteConflict', 409, 'Cannot delete entity, must delete policies first.'));
    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'team', PolicyName: 'inline' }));
    await expect(remove()).rejects.toMatchObject(
      refusal('DeleteConflict', 409, 'Cannot delete entity, must remove roles from instance profile first.'),
    );
    await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: 'node', RoleName: 'team' }));
    await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: 'node' }));
    await remove();
    await expect(remove()).rejects.toMatchObject(refusal('NoSuchEntity', 404, 'The role with name team cannot be found.'));
  });

  it('pages through roles in the order of their names', async () => {
    for (const name of ['e', 'B', 'a', 'D', 'c']) await createRole(name, { Path: name === 'e' ? '/other/' : '/' });
    const pages: string[][] = [];
    for await (const found of paginateListRoles({ client: iam, pageSize: 2 }, {}))
      pages.push(found.Roles!.map(({ RoleName }) => RoleName!));
    expect(pages).toEqual([['a', 'B'], ['c', 'D'], ['e']]);
    expect((await iam.send(new ListRolesCommand({ PathPrefix: '/other/' }))).Roles).toMatchObject([
      { RoleName: 'e', MaxSessionDuration: 3600 },
    ]);
    await expect(iam.send(new ListRolesCommand({ Marker: 'nonsense!' }))).rejects.toMatchObject(
      refusal('ValidationError', 400, 'Invalid Marker.'),
    );
  });

  it('merges tags of roles without regard to case', async () => {
    await createRole('team', { Tags: [{ Key: 'Owner', Value: 'x' }] });
    await iam.send(
      new TagRoleCommand({
        RoleName: 'team',
        Tags: [
          { Key: 'owner', Value: 'y' },
          { Key: 'z', Value: '1' },
        ],
      }),
    );
    expect((await iam.send(new ListRoleTagsCommand({ RoleName: 'team' }))).Tags).toEqual([
      { Key: 'owner', Value: 'y' },
      { Key: 'z', Value: '1' },
    ]);
    await iam.send(new UntagRoleCommand({ RoleName: 'team', TagKeys: ['OWNER', 'absent'] }));
    expect((await iam.send(new ListRoleTagsCommand({ RoleName: 'team' }))).Tags).toEqual([{ Key: 'z', Value: '1' }]);
    await expect(iam.send(new TagRoleCommand({ RoleName: 'team', Tags: [{ Key: 'aws:x', Value: '' }] }))).rejects.toMatchObject({
      name: expect.stringContaining('InvalidInput'),
    });
    const many = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: '' }));
    await expect(iam.send(new TagRoleCommand({ RoleName: 'team', Tags: many }))).rejects.toMatchObject({
      name: expect.stringContaining('LimitExceeded'),
    });
  });

  it('stores inline policies as given, and refuses what is none', async () => {
    await createRole('team');
    const put = (PolicyDocument: string, PolicyName = 'Inline') =>
      iam.send(new PutRolePolicyCommand({ RoleName: 'team', PolicyName, PolicyDocument }));
    await put(ALLOW_GET);
    await put(` ${ALLOW_GET}`, 'INLINE');
    expect((await iam.send(new ListRolePoliciesCommand({ RoleName: 'team' }))).PolicyNames).toEqual(['Inline']);
    const got = await iam.send(new GetRolePolicyCommand({ RoleName: 'team', PolicyName: 'inline' }));
    expect(decodeURIComponent(got.PolicyDocument!)).toBe(` ${ALLOW_GET}`);
    await expect(put('{}')).rejects.toMatchObject({ name: expect.stringContaining('MalformedPolicyDocument') });
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
    await expect(iam.send(new GetRolePolicyCommand({ RoleName: 'team', PolicyName: 'none' }))).rejects.toMatchObject(
      refusal('NoSuchEntity', 404, 'The role policy with name none cannot be found.'),
    );
  });

  it('keeps managed policies in versions', async () => {
    const { Policy } = await iam.send(
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
      await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: ALLOW_GET.replace('Get', 'Put'), SetAsDefault }));
    await expect(iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: ALLOW_GET }))).rejects.toMatchObject({
      name: expect.stringContaining('LimitExceeded'),
    });
    expect(
      (await iam.send(new ListPolicyVersionsCommand({ PolicyArn }))).Versions!.map(({ VersionId, IsDefaultVersion }) => [
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
      decodeURIComponent((await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v2' }))).PolicyVersion!.Document!),
    ).toContain('s3:PutObject');
    await expect(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v2' }))).rejects.toMatchObject(
      refusal('DeleteConflict', 409, 'Cannot delete the default version of a policy.'),
    );
    await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
    await createRole('team');
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'team', PolicyArn }));
    expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy).toMatchObject({
      DefaultVersionId: 'v1',
      AttachmentCount: 1,
      Description: 'reads',
    });
    expect((await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }))).PolicyRoles).toMatchObject([{ RoleName: 'team' }]);
    expect((await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'team' }))).AttachedPolicies).toEqual([
      { PolicyName: 'read', PolicyArn },
    ]);
    await expect(iam.send(new DeletePolicyCommand({ PolicyArn }))).rejects.toMatchObject(
      refusal('DeleteConflict', 409, 'Cannot delete a policy attached to entities.'),
    );
    await iam.send(new DetachRolePolicyCommand({ RoleName: 'team', PolicyArn }));
    for (const VersionId of ['v2', 'v3', 'v4', 'v5']) await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    await iam.send(new DeletePolicyCommand({ PolicyArn }));
    await expect(iam.send(new GetPolicyCommand({ PolicyArn }))).rejects.toMatchObject(
      refusal('NoSuchEntity', 404, `Policy ${PolicyArn} was not found.`),
    );
  });

  it('has AWS’s own policies in every account', async () => {
    expect((await iam.send(new GetPolicyCommand({ PolicyArn: S3_READ }))).Policy).toMatchObject({
      PolicyName: 'AmazonS3ReadOnlyAccess',
      Path: '/',
      DefaultVersionId: 'v1',
    });
    expect((await iam.send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies).toEqual([]);
    await expect(iam.send(new DeletePolicyCommand({ PolicyArn: S3_READ }))).rejects.toMatchObject({
      name: expect.stringContaining('AccessDenied'),
    });
    await createRole('team');
    await expect(
      iam.send(new AttachRolePolicyCommand({ RoleName: 'team', PolicyArn: 'arn:aws:iam::aws:policy/Nothing' })),
    ).rejects.toMatchObject(refusal('NoSuchEntity', 404, 'Policy arn:aws:iam::aws:policy/Nothing does not exist or is not attachable.'));
    await expect(iam.send(new DetachRolePolicyCommand({ RoleName: 'team', PolicyArn: S3_READ }))).rejects.toMatchObject(
      refusal('NoSuchEntity', 404, `Policy ${S3_READ} was not found.`),
    );
  });

  it('attaches ten policies and no more', async () => {
    await createRole('team');
    const { Policies } = await iam.send(new ListPoliciesCommand({ Scope: 'AWS' }));
    const attach = (index: number) => iam.send(new AttachRolePolicyCommand({ RoleName: 'team', PolicyArn: Policies![index]!.Arn! }));
    for (let index = 0; index < 10; index += 1) await attach(index);
    await expect(attach(10)).rejects.toMatchObject(refusal('LimitExceeded', 409, 'Cannot exceed quota for PoliciesPerRole: 10'));
  });

  it('keeps a permissions boundary', async () => {
    await createRole('team', { PermissionsBoundary: S3_READ });
    expect((await iam.send(new GetRoleCommand({ RoleName: 'team' }))).Role!.PermissionsBoundary).toEqual({
      PermissionsBoundaryType: 'Policy',
      PermissionsBoundaryArn: S3_READ,
    });
    await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: 'team' }));
    await expect(iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: 'team' }))).rejects.toMatchObject({
      name: expect.stringContaining('NoSuchEntity'),
    });
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'team', PermissionsBoundary: S3_READ }));
  });

  it('registers a provider as live IAM does', async () => {
    const create = (Url: string, more: object = {}) => iam.send(new CreateOpenIDConnectProviderCommand({ Url, ...more }));
    const { OpenIDConnectProviderArn } = await create(`${ISSUER.replace('.test/', '.test:443/')}`, {
      ClientIDList: ['a', 'b', 'a'],
      ThumbprintList: ['AB'.repeat(20)],
      Tags: [{ Key: 'k', Value: 'v' }],
    });
    expect(OpenIDConnectProviderArn).toBe(PROVIDER_ARN);
    await expect(create(ISSUER)).rejects.toMatchObject(refusal('EntityAlreadyExists', 409, `Provider with url ${ISSUER} already exists.`));
    expect(await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).toMatchObject({
      Url: ISSUER.slice('https://'.length),
      ClientIDList: ['a', 'b'],
      ThumbprintList: ['ab'.repeat(20)],
      Tags: [{ Key: 'k', Value: 'v' }],
    });
    await create(`${ISSUER}/`);
    expect((await iam.send(new ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList).toEqual([
      { Arn: PROVIDER_ARN },
      { Arn: `${PROVIDER_ARN}/` },
    ]);
    for (const bad of [
      'http://a.example',
      'https://a.example:8443',
      'https://a.example/?q',
      'https://a.example/#f',
      'https://u@a.example',
    ]) {
      await expect(create(bad)).rejects.toMatchObject({
        name: expect.stringContaining('InvalidInput'),
        $metadata: { httpStatusCode: 400 },
      });
    }
  });

  it('edits the client ids and thumbprints of a provider', async () => {
    const OpenIDConnectProviderArn = PROVIDER_ARN;
    await iam.send(new CreateOpenIDConnectProviderCommand({ Url: ISSUER }));
    for (const ClientID of ['a', 'b', 'a'])
      await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID }));
    for (const ClientID of ['a', 'absent'])
      await iam.send(new RemoveClientIDFromOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID }));
    await iam.send(new UpdateOpenIDConnectProviderThumbprintCommand({ OpenIDConnectProviderArn, ThumbprintList: ['c'.repeat(40)] }));
    expect(await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).toMatchObject({
      ClientIDList: ['b'],
      ThumbprintList: ['c'.repeat(40)],
    });
    const thumbprints = (count: number) =>
      iam.send(
        new UpdateOpenIDConnectProviderThumbprintCommand({ OpenIDConnectProviderArn, ThumbprintList: Array(count).fill('d'.repeat(40)) }),
      );
    await expect(thumbprints(0)).rejects.toMatchObject(refusal('InvalidInput', 400, 'Thumbprint list must contain at least one entry.'));
    await expect(thumbprints(6)).rejects.toMatchObject(refusal('InvalidInput', 400, 'Thumbprint list must contain fewer than 5 entries.'));
    await iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
    await expect(iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).rejects.toMatchObject(
      refusal('NoSuchEntity', 404, `OpenIDConnect Provider not found for arn ${PROVIDER_ARN}`),
    );
    await expect(iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).rejects.toMatchObject(
      refusal('NoSuchEntity', 404, 'OpenId connect Provider ARN cannot be found.'),
    );
  });

  it('sums up the account', async () => {
    await createRole('team');
    expect((await iam.send(new GetAccountSummaryCommand({}))).SummaryMap).toMatchObject({
      Roles: 1,
      RolesQuota: 1000,
      AssumeRolePolicySizeQuota: 2048,
      Providers: 0,
    });
    expect((await iam.send(new ListAccountAliasesCommand({}))).AccountAliases).toEqual([]);
    expect((await iam.send(new GetUserCommand({}))).User).toMatchObject({ UserName: 'admin', Arn: `arn:aws:iam::${ACCOUNT}:user/admin` });
  });

  it('tells an auditor everything, in pages', async () => {
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: 'own', PolicyDocument: ALLOW_GET }));
    for (const name of ['a', 'b']) await createRole(name, { Tags: [{ Key: 'k', Value: name }] });
    for (const PolicyArn of [Policy!.Arn!, S3_READ]) await iam.send(new AttachRolePolicyCommand({ RoleName: 'a', PolicyArn }));
    await iam.send(new PutRolePolicyCommand({ RoleName: 'a', PolicyName: 'inline', PolicyDocument: ALLOW_GET }));
    const roles: unknown[] = [];
    const policies: unknown[] = [];
    for await (const found of paginateGetAccountAuthorizationDetails({ client: iam, pageSize: 3 }, {})) {
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
    const onlyOwn = await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['LocalManagedPolicy'] }));
    expect([onlyOwn.RoleDetailList, onlyOwn.Policies!.length]).toEqual([[], 1]);
  });

  it('takes characters outside Latin-1 for no document', async () => {
    await expect(createRole('team', { AssumeRolePolicyDocument: trustOf('ж') })).rejects.toMatchObject({
      name: expect.stringContaining('ValidationError'),
      $metadata: { httpStatusCode: 400 },
    });
  });
});
