import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteOpenIDConnectProviderCommand,
  GetAccountSummaryCommand,
  GetOpenIDConnectProviderCommand,
  GetUserCommand,
  IAMClient,
  ListAccountAliasesCommand,
  ListOpenIDConnectProvidersCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
} from '@aws-sdk/client-iam';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientFixture, clientFixture, refusal } from '../testing/client-fixture.ts';
import { ACCOUNT, ISSUER, PROVIDER_ARN, trustOf } from '../testing/sandbox-account.ts';

describe('providers and account in IAM', () => {
  let fixture: ClientFixture<IAMClient>;
  beforeEach(async () => {
    fixture = await clientFixture((config) => new IAMClient(config));
  });
  afterEach(() => fixture.close());

  const createRole = (RoleName: string, more: object = {}) =>
    fixture.client.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustOf(), ...more }));

  it('registers a provider as live IAM does', async () => {
    const create = (Url: string, more: object = {}) => fixture.client.send(new CreateOpenIDConnectProviderCommand({ Url, ...more }));
    const { OpenIDConnectProviderArn } = await create(`${ISSUER.replace('.test/', '.test:443/')}`, {
      ClientIDList: ['a', 'b', 'a'],
      ThumbprintList: ['AB'.repeat(20)],
      Tags: [{ Key: 'k', Value: 'v' }],
    });
    expect(OpenIDConnectProviderArn).toBe(PROVIDER_ARN);
    await expect(create(ISSUER)).rejects.toMatchObject(refusal('EntityAlreadyExists', 409, `Provider with url ${ISSUER} already exists.`));
    expect(await fixture.client.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).toMatchObject({
      Url: ISSUER.slice('https://'.length),
      ClientIDList: ['a', 'b'],
      ThumbprintList: ['ab'.repeat(20)],
      Tags: [{ Key: 'k', Value: 'v' }],
    });
    await create(`${ISSUER}/`);
    expect((await fixture.client.send(new ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList).toEqual([
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
        Code: 'InvalidInput',
        $metadata: { httpStatusCode: 400 },
      });
    }
  });

  it('edits the client ids and thumbprints of a provider', async () => {
    const OpenIDConnectProviderArn = PROVIDER_ARN;
    await fixture.client.send(new CreateOpenIDConnectProviderCommand({ Url: ISSUER }));
    for (const ClientID of ['a', 'b', 'a'])
      await fixture.client.send(new AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID }));
    for (const ClientID of ['a', 'absent'])
      await fixture.client.send(new RemoveClientIDFromOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID }));
    await fixture.client.send(
      new UpdateOpenIDConnectProviderThumbprintCommand({ OpenIDConnectProviderArn, ThumbprintList: ['c'.repeat(40)] }),
    );
    expect(await fixture.client.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).toMatchObject({
      ClientIDList: ['b'],
      ThumbprintList: ['c'.repeat(40)],
    });
    const thumbprints = (count: number) =>
      fixture.client.send(
        new UpdateOpenIDConnectProviderThumbprintCommand({ OpenIDConnectProviderArn, ThumbprintList: Array(count).fill('d'.repeat(40)) }),
      );
    await expect(thumbprints(0)).rejects.toMatchObject(refusal('InvalidInput', 400, 'Thumbprint list must contain at least one entry.'));
    await expect(thumbprints(6)).rejects.toMatchObject(refusal('InvalidInput', 400, 'Thumbprint list must contain fewer than 5 entries.'));
    await fixture.client.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
    await expect(fixture.client.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).rejects.toMatchObject(
      refusal('NoSuchEntity', 404, `OpenIDConnect Provider not found for arn ${PROVIDER_ARN}`),
    );
    await expect(fixture.client.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).rejects.toMatchObject(
      refusal('NoSuchEntity', 404, 'OpenId connect Provider ARN cannot be found.'),
    );
  });

  it('sums up the account', async () => {
    await createRole('team');
    expect((await fixture.client.send(new GetAccountSummaryCommand({}))).SummaryMap).toMatchObject({
      Roles: 1,
      RolesQuota: 1000,
      AssumeRolePolicySizeQuota: 2048,
      Providers: 0,
    });
    expect((await fixture.client.send(new ListAccountAliasesCommand({}))).AccountAliases).toEqual([]);
    expect((await fixture.client.send(new GetUserCommand({}))).User).toMatchObject({
      UserName: 'admin',
      Arn: `arn:aws:iam::${ACCOUNT}:user/admin`,
    });
  });
});
