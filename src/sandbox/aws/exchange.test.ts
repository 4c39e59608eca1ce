import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  GetRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  ADMIN,
  ISSUER,
  type Listening,
  listen,
  PROVIDER_ARN,
  REGION,
  SUBJECT,
  type TestAccount,
  testAccount,
  testClock,
  trustOf,
} from './testing/sandbox-account.ts';

describe('a pod’s journey, as the AWS SDK for JavaScript sees it', () => {
  let account: TestAccount;
  let server: Listening;

  beforeEach(async () => {
    account = await testAccount({ clock: testClock(Date.now()) });
    server = await listen(account.aws);
  });
  afterEach(() => server.close());

  const config = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } = ADMIN) => ({
    region: REGION,
    endpoint: server.endpoint,
    credentials,
  });

  async function setUp(): Promise<void> {
    const iam = new IAMClient(config());
    await iam.send(new CreateOpenIDConnectProviderCommand({ Url: ISSUER, ClientIDList: ['sts.amazonaws.com'] }));
    await iam.send(new CreateRoleCommand({ RoleName: 'kf-user-demo', AssumeRolePolicyDocument: trustOf() }));
  }

  async function exchange() {
    const sts = new STSClient({ region: REGION, endpoint: server.endpoint });
    return sts.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: `arn:aws:iam::${ACCOUNT}:role/kf-user-demo`,
        RoleSessionName: 'pod-1',
        WebIdentityToken: await account.token(),
      }),
    );
  }

  it('exchanges a signed token for credentials that say who they are', async () => {
    await setUp();
    const answer = await exchange();
    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: SUBJECT,
      Audience: 'sts.amazonaws.com',
      Provider: PROVIDER_ARN,
      PackedPolicySize: 24,
      AssumedRoleUser: {
        Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/kf-user-demo/pod-1`,
        AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:pod-1$/),
      },
    });
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials!;
    expect(AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(Expiration!.getTime()).toBe(Math.floor(account.clock.now().getTime() / 1000) * 1000 + 3_600_000);
    const sts = new STSClient(config({ accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! }));
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    expect(identity).toMatchObject({
      Account: ACCOUNT,
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/kf-user-demo/pod-1`,
      UserId: answer.AssumedRoleUser!.AssumedRoleId,
    });
  });

  it('is refused an object until the role’s policy allows it', async () => {
    await setUp();
    const admin = new S3Client(config());
    await admin.send(new CreateBucketCommand({ Bucket: 'data' }));
    await admin.send(new PutObjectCommand({ Bucket: 'data', Key: 'a/b c+ü.txt', Body: 'hello' }));
    const { AccessKeyId, SecretAccessKey, SessionToken } = (await exchange()).Credentials!;
    const pod = new S3Client(config({ accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! }));
    const get = () => pod.send(new GetObjectCommand({ Bucket: 'data', Key: 'a/b c+ü.txt' }));
    await expect(get()).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `User: arn:aws:sts::${ACCOUNT}:assumed-role/kf-user-demo/pod-1 is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::data/a/b c+ü.txt" because no identity-based policy allows the s3:GetObject action`,
    });
    const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::data/*' }] };
    await new IAMClient(config()).send(
      new PutRolePolicyCommand({ RoleName: 'kf-user-demo', PolicyName: 'read', PolicyDocument: JSON.stringify(policy) }),
    );
    expect(await (await get()).Body!.transformToString()).toBe('hello');
  });

  it('is refused after its subject leaves the trust policy, and the log says why', async () => {
    await setUp();
    await new IAMClient(config()).send(
      new UpdateAssumeRolePolicyCommand({
        RoleName: 'kf-user-demo',
        PolicyDocument: trustOf('system:serviceaccount:user-b:default-editor'),
      }),
    );
    await expect(exchange()).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      $metadata: { httpStatusCode: 403 },
    });
    const [decision] = account.aws.decisions.list({ verdict: 'deny' });
    expect(decision).toMatchObject({
      operation: 'sts:AssumeRoleWithWebIdentity',
      code: 'AccessDenied',
      reason: 'trust-policy',
      subject: SUBJECT,
      roleArn: `arn:aws:iam::${ACCOUNT}:role/kf-user-demo`,
    });
    expect(decision?.explanation).toBeDefined();
  });

  it('reads its role and its cluster back', async () => {
    await setUp();
    account.aws.putCluster({
      name: 'demo',
      issuer: ISSUER,
      endpoint: 'https://127.0.0.1:6443',
      certificateAuthority: 'PEM',
      version: '1.33',
    });
    const { Role } = await new IAMClient(config()).send(new GetRoleCommand({ RoleName: 'KF-user-demo' }));
    expect(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).toBe(trustOf());
    const { cluster } = await new EKSClient(config()).send(new DescribeClusterCommand({ name: 'demo' }));
    expect(cluster).toMatchObject({
      name: 'demo',
      status: 'ACTIVE',
      identity: { oidc: { issuer: ISSUER } },
      certificateAuthority: { data: 'UEVN' },
    });
    await expect(new EKSClient(config()).send(new DescribeClusterCommand({ name: 'nope' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'No cluster found for name: nope.',
    });
  });
});
