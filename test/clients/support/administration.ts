import { describe, expect, it } from 'vitest';
import { type Json, policyOf } from './client.ts';
import type { Stage } from './scenario.ts';

const trust = (account: string, extra: Json = {}): Json => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/admin.clients.podrole.test` },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { 'admin.clients.podrole.test:sub': 'system:serviceaccount:a:b' } },
      ...extra,
    },
  ],
});
const readBucket: Json = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::data/*' }],
};
const text = (value: Json): string => JSON.stringify(value);
const conflict = (message: string) => ({ code: 'DeleteConflict', status: 409, message });

/** The whole life of providers, roles and policies, as an administrator's tools lead it. */
export function administration({ world, admin, refused }: Stage): void {
  describe('administering OIDC providers', () => {
    const url = 'https://admin.clients.podrole.test';
    const arn = (): string => `arn:aws:iam::${world().facts.account}:oidc-provider/admin.clients.podrole.test`;

    it('creates one with tags and reads it back without its scheme', async () => {
      const created = await admin('iam', 'CreateOpenIDConnectProvider', {
        Url: url,
        ClientIDList: ['sts.amazonaws.com', 'sts.amazonaws.com'],
        ThumbprintList: ['A'.repeat(40)],
        Tags: [
          { Key: 'b', Value: '2' },
          { Key: 'a', Value: '1' },
        ],
      });
      expect(created.openIDConnectProviderArn).toBe(arn());
      expect(await admin('iam', 'GetOpenIDConnectProvider', { OpenIDConnectProviderArn: arn() })).toMatchObject({
        url: 'admin.clients.podrole.test',
        clientIDList: ['sts.amazonaws.com'],
        thumbprintList: ['a'.repeat(40)],
        tags: [
          { key: 'a', value: '1' },
          { key: 'b', value: '2' },
        ],
      });
    });

    it('refuses a second one of that URL', () =>
      refused(
        'iam',
        'CreateOpenIDConnectProvider',
        { Url: url, ThumbprintList: ['a'.repeat(40)] },
        {
          code: 'EntityAlreadyExists',
          status: 409,
          message: `Provider with url ${url} already exists.`,
        },
      ));

    it('changes its client ids, thumbprints and tags', async () => {
      await admin('iam', 'AddClientIDToOpenIDConnectProvider', { OpenIDConnectProviderArn: arn(), ClientID: 'second' });
      await admin('iam', 'AddClientIDToOpenIDConnectProvider', { OpenIDConnectProviderArn: arn(), ClientID: 'second' });
      await admin('iam', 'RemoveClientIDFromOpenIDConnectProvider', { OpenIDConnectProviderArn: arn(), ClientID: 'sts.amazonaws.com' });
      await admin('iam', 'UpdateOpenIDConnectProviderThumbprint', { OpenIDConnectProviderArn: arn(), ThumbprintList: ['b'.repeat(40)] });
      await admin('iam', 'TagOpenIDConnectProvider', { OpenIDConnectProviderArn: arn(), Tags: [{ Key: 'A', Value: '3' }] });
      await admin('iam', 'UntagOpenIDConnectProvider', { OpenIDConnectProviderArn: arn(), TagKeys: ['b'] });
      const provider = await admin('iam', 'GetOpenIDConnectProvider', { OpenIDConnectProviderArn: arn() });
      expect(provider).toMatchObject({ clientIDList: ['second'], thumbprintList: ['b'.repeat(40)] });
      // Keys of a provider's tags differ by case.
      const { tags } = await admin('iam', 'ListOpenIDConnectProviderTags', { OpenIDConnectProviderArn: arn() });
      expect(tags).toEqual([
        { key: 'A', value: '3' },
        { key: 'a', value: '1' },
      ]);
    });

    it('lists and deletes it, once', async () => {
      const { openIDConnectProviderList } = await admin('iam', 'ListOpenIDConnectProviders');
      expect(openIDConnectProviderList.map((provider: Json) => provider.arn)).toContain(arn());
      await admin('iam', 'DeleteOpenIDConnectProvider', { OpenIDConnectProviderArn: arn() });
      await refused(
        'iam',
        'GetOpenIDConnectProvider',
        { OpenIDConnectProviderArn: arn() },
        {
          code: 'NoSuchEntity',
          status: 404,
          message: `OpenIDConnect Provider not found for arn ${arn()}`,
        },
      );
    });
  });

  describe('administering roles and policies', () => {
    const RoleName = 'Admin-Role';
    const policyArn = (): string => `arn:aws:iam::${world().facts.account}:policy/clients/read`;

    it('creates a role below a path and reads it back, its trust policy to the letter', async () => {
      const { account } = world().facts;
      const { role } = await admin('iam', 'CreateRole', {
        RoleName,
        Path: '/clients/',
        AssumeRolePolicyDocument: text(trust(account)),
        Description: 'a role & more: <ü>',
        Tags: [{ Key: 'team', Value: 'a+b c' }],
      });
      expect(role.arn).toBe(`arn:aws:iam::${account}:role/clients/${RoleName}`);
      const read = (await admin('iam', 'GetRole', { RoleName: 'ADMIN-role' })).role;
      expect(read).toMatchObject({ roleName: RoleName, path: '/clients/', description: 'a role & more: <ü>', maxSessionDuration: 3600 });
      expect(read.tags).toEqual([{ key: 'team', value: 'a+b c' }]);
      expect(policyOf(read.assumeRolePolicyDocument)).toEqual(policyOf(encodeURIComponent(text(trust(account)))));
    });

    it('refuses a name that differs by case alone, a policy that is none and one that is too long', async () => {
      const { account } = world().facts;
      const document = text(trust(account));
      await refused(
        'iam',
        'CreateRole',
        { RoleName: 'ADMIN-ROLE', AssumeRolePolicyDocument: document },
        { code: 'EntityAlreadyExists', status: 409 },
      );
      const update = (policy: string) => ({ RoleName, PolicyDocument: policy });
      await refused('iam', 'UpdateAssumeRolePolicy', update('{"Version":'), {
        code: 'MalformedPolicyDocument',
        status: 400,
        message: 'This policy contains invalid Json',
      });
      await refused('iam', 'UpdateAssumeRolePolicy', update(text(trust(account, { Resource: '*' }))), {
        code: 'MalformedPolicyDocument',
        status: 400,
        message: 'Has prohibited field Resource',
      });
      const long = trust(account, { Condition: { StringEquals: { 'admin.clients.podrole.test:sub': 'x'.repeat(2048) } } });
      await refused('iam', 'UpdateAssumeRolePolicy', update(text(long)), {
        code: 'LimitExceeded',
        status: 409,
        message: 'Cannot exceed quota for ACLSizePerRole: 2048',
      });
    });

    it('updates its trust policy, settings and tags', async () => {
      const { account } = world().facts;
      const other = trust(account, { Sid: 'Other' });
      await admin('iam', 'UpdateAssumeRolePolicy', { RoleName, PolicyDocument: text(other) });
      await admin('iam', 'UpdateRole', { RoleName, MaxSessionDuration: 7200 });
      await admin('iam', 'TagRole', { RoleName, Tags: [{ Key: 'stage', Value: 'test' }] });
      await admin('iam', 'UntagRole', { RoleName, TagKeys: ['team'] });
      const { role } = await admin('iam', 'GetRole', { RoleName });
      expect(policyOf(role.assumeRolePolicyDocument)).toEqual(policyOf(encodeURIComponent(text(other))));
      expect(role.maxSessionDuration).toBe(7200);
      expect((await admin('iam', 'ListRoleTags', { RoleName })).tags).toEqual([{ key: 'stage', value: 'test' }]);
    });

    it('lists roles page by page', async () => {
      const { account } = world().facts;
      await admin('iam', 'CreateRole', { RoleName: 'Second-Role', Path: '/clients/', AssumeRolePolicyDocument: text(trust(account)) });
      const names: string[] = [];
      for (let Marker: string | undefined, page = 0; page < 5; page += 1) {
        const answer = await admin('iam', 'ListRoles', { PathPrefix: '/clients/', MaxItems: 1, ...(Marker ? { Marker } : {}) });
        names.push(...answer.roles.map((role: Json) => role.roleName));
        if (!answer.isTruncated) break;
        Marker = answer.marker;
      }
      expect(names).toEqual([RoleName, 'Second-Role']);
      await admin('iam', 'DeleteRole', { RoleName: 'Second-Role' });
    });

    it('keeps inline policies and managed ones with their versions', async () => {
      await admin('iam', 'PutRolePolicy', { RoleName, PolicyName: 'inline', PolicyDocument: text(readBucket) });
      const inline = await admin('iam', 'GetRolePolicy', { RoleName, PolicyName: 'inline' });
      expect(policyOf(inline.policyDocument)).toEqual(policyOf(encodeURIComponent(text(readBucket))));
      expect((await admin('iam', 'ListRolePolicies', { RoleName })).policyNames).toEqual(['inline']);

      const { policy } = await admin('iam', 'CreatePolicy', { PolicyName: 'read', Path: '/clients/', PolicyDocument: text(readBucket) });
      expect(policy).toMatchObject({ arn: policyArn(), defaultVersionId: 'v1' });
      await admin('iam', 'CreatePolicyVersion', { PolicyArn: policyArn(), PolicyDocument: text(readBucket), SetAsDefault: true });
      const { versions } = await admin('iam', 'ListPolicyVersions', { PolicyArn: policyArn() });
      expect(versions.map(({ versionId, isDefaultVersion }: Json) => [versionId, isDefaultVersion])).toEqual([
        ['v2', true],
        ['v1', false],
      ]);
      await admin('iam', 'AttachRolePolicy', { RoleName, PolicyArn: policyArn() });
      await admin('iam', 'AttachRolePolicy', { RoleName, PolicyArn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' });
      const { attachedPolicies } = await admin('iam', 'ListAttachedRolePolicies', { RoleName });
      expect(attachedPolicies.map(({ policyName }: Json) => policyName).sort()).toEqual(['AmazonS3ReadOnlyAccess', 'read']);
    });

    it('deletes nothing that is in use, and says what is', async () => {
      await refused('iam', 'DeletePolicy', { PolicyArn: policyArn() }, { code: 'DeleteConflict', status: 409 });
      await refused('iam', 'DeleteRole', { RoleName }, conflict('Cannot delete entity, must detach all policies first.'));
      await admin('iam', 'DetachRolePolicy', { RoleName, PolicyArn: policyArn() });
      await admin('iam', 'DetachRolePolicy', { RoleName, PolicyArn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' });
      await refused('iam', 'DeleteRole', { RoleName }, conflict('Cannot delete entity, must delete policies first.'));
      await admin('iam', 'DeleteRolePolicy', { RoleName, PolicyName: 'inline' });
      await admin('iam', 'CreateInstanceProfile', { InstanceProfileName: 'nodes' });
      await admin('iam', 'AddRoleToInstanceProfile', { InstanceProfileName: 'nodes', RoleName });
      await refused('iam', 'DeleteRole', { RoleName }, conflict('Cannot delete entity, must remove roles from instance profile first.'));
      await admin('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName: 'nodes', RoleName });
      await admin('iam', 'DeleteInstanceProfile', { InstanceProfileName: 'nodes' });
      await refused('iam', 'DeletePolicy', { PolicyArn: policyArn() }, { code: 'DeleteConflict', status: 409 });
      await admin('iam', 'DeletePolicyVersion', { PolicyArn: policyArn(), VersionId: 'v1' });
      await admin('iam', 'DeletePolicy', { PolicyArn: policyArn() });
      await admin('iam', 'DeleteRole', { RoleName });
      const gone = { code: 'NoSuchEntity', status: 404, message: `The role with name ${RoleName} cannot be found.` };
      await refused('iam', 'GetRole', { RoleName }, gone);
      await refused('iam', 'DeleteRole', { RoleName }, gone);
    });

    it('knows its quotas', async () => {
      expect((await admin('iam', 'GetAccountSummary')).summaryMap).toMatchObject({ assumeRolePolicySizeQuota: 2048 });
    });
  });
}
