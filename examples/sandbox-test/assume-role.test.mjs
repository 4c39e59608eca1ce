// How to test your own code against podrole's sandbox: Node's test runner, the AWS SDK, no cluster and no AWS account.
//   node --test examples/sandbox-test/
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CreateOpenIDConnectProviderCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startSandbox } from 'podrole/sandbox';

/** The code under test: stands for whatever of yours asks AWS for an identity. */
async function identityOf(client, token, role) {
  const { Credentials: issued } = await client.send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn: role, RoleSessionName: 'example', WebIdentityToken: token }),
  );
  const credentials = { accessKeyId: issued.AccessKeyId, secretAccessKey: issued.SecretAccessKey, sessionToken: issued.SessionToken };
  const { region, endpoint } = client.config;
  const { Arn } = await new STSClient({ region, endpoint, credentials }).send(new GetCallerIdentityCommand({}));
  return Arn;
}

describe('a service account of mine', () => {
  let world;
  let role;
  let sts;

  before(async () => {
    world = await startSandbox();
    const { endpoint, region, account, issuer } = world;
    const iam = new IAMClient({ endpoint, region, credentials: world.adminKey });
    sts = new STSClient({ endpoint, region, maxAttempts: 1 });
    const host = issuer.slice('https://'.length);
    const { OpenIDConnectProviderArn: provider } = await iam.send(
      new CreateOpenIDConnectProviderCommand({ Url: issuer, ClientIDList: ['sts.amazonaws.com'] }),
    );
    const trust = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated: provider },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: { [`${host}:aud`]: 'sts.amazonaws.com', [`${host}:sub`]: 'system:serviceaccount:shop:checkout' },
          },
        },
      ],
    };
    await iam.send(new CreateRoleCommand({ RoleName: 'checkout', AssumeRolePolicyDocument: JSON.stringify(trust) }));
    role = `arn:aws:iam::${account}:role/checkout`;
  });
  after(() => world.close());

  it('gets its role', async () => {
    const token = await world.serviceAccountToken({ namespace: 'shop', name: 'checkout' });
    assert.equal(await identityOf(sts, token, role), `arn:aws:sts::${world.account}:assumed-role/checkout/example`);
  });

  it('is refused as another, and the sandbox says why', async () => {
    const token = await world.serviceAccountToken({ namespace: 'shop', name: 'search' });
    await assert.rejects(identityOf(sts, token, role), { name: 'AccessDenied' });
    const [decision] = world.decisions.list({ verdict: 'deny', subject: 'system:serviceaccount:shop:search' });
    assert.equal(decision.reason, 'trust-policy');
  });

  it('is refused with a token for somebody else', async () => {
    const token = await world.serviceAccountToken({ namespace: 'shop', name: 'checkout' }, { audience: 'vault' });
    await assert.rejects(identityOf(sts, token, role), { name: 'InvalidIdentityTokenException' });
  });

  it('meets the errors that AWS has on a bad day', async () => {
    const token = await world.serviceAccountToken({ namespace: 'shop', name: 'checkout' });
    world.aws.setFault({ operation: 'sts:AssumeRoleWithWebIdentity', kind: 'Throttling' });
    await assert.rejects(identityOf(sts, token, role), { name: 'Throttling' });
    assert.ok(await identityOf(sts, token, role));
  });
});
