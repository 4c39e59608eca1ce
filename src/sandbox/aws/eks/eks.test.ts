import {
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  DescribeClusterCommand,
  DescribePodIdentityAssociationCommand,
  EKSClient,
  ListClustersCommand,
  ListPodIdentityAssociationsCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdatePodIdentityAssociationCommand,
} from '@aws-sdk/client-eks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  ADMIN,
  accountWithRole,
  credentialsOf,
  exchange,
  ISSUER,
  type Listening,
  listen,
  query,
  REGION,
  ROLE,
  ROLE_ARN,
  signedRequest,
  type TestAccount,
  testClock,
} from '../testing/sandbox-account.ts';

const CLUSTER_ARN = `arn:aws:eks:${REGION}:${ACCOUNT}:cluster/demo`;

describe('EKS through its SDK', () => {
  let account: TestAccount;
  let server: Listening;
  let eks: EKSClient;

  beforeEach(async () => {
    account = await accountWithRole({ clock: testClock(Date.now()) });
    server = await listen(account.aws);
    eks = new EKSClient({ region: REGION, endpoint: server.endpoint, credentials: ADMIN });
    for (const name of ['other', 'demo'])
      account.aws.putCluster({ name, issuer: ISSUER, endpoint: 'https://127.0.0.1:6443', certificateAuthority: 'PEM', version: '1.33' });
  });
  afterEach(() => server.close());

  it('finds in one region nothing of another, by the scope of the signature', async () => {
    const elsewhere = new EKSClient({ region: 'eu-central-1', endpoint: server.endpoint, credentials: ADMIN });
    await expect(elsewhere.send(new DescribeClusterCommand({ name: 'demo' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'No cluster found for name: demo.',
    });
    expect((await elsewhere.send(new ListClustersCommand({}))).clusters).toEqual([]);
  });

  it('describes and lists clusters', async () => {
    expect((await eks.send(new DescribeClusterCommand({ name: 'demo' }))).cluster).toMatchObject({
      name: 'demo',
      arn: CLUSTER_ARN,
      version: '1.33',
      status: 'ACTIVE',
      identity: { oidc: { issuer: ISSUER } },
    });
    expect((await eks.send(new ListClustersCommand({}))).clusters).toEqual(['demo', 'other']);
    const first = await eks.send(new ListClustersCommand({ maxResults: 1 }));
    expect((await eks.send(new ListClustersCommand({ maxResults: 1, nextToken: first.nextToken! }))).clusters).toEqual(['other']);
    await expect(eks.send(new DescribeClusterCommand({ name: 'none' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404 },
      message: 'No cluster found for name: none.',
    });
  });

  it('keeps pod identity associations', async () => {
    const clusterName = 'demo';
    const create = () =>
      eks.send(
        new CreatePodIdentityAssociationCommand({
          clusterName,
          namespace: 'user-a',
          serviceAccount: 'default-editor',
          roleArn: ROLE_ARN,
          tags: { a: 'b' },
        }),
      );
    const associationId = (await create()).association!.associationId!;
    expect(associationId).toMatch(/^a-[0-9a-f]{17}$/);
    await expect(create()).rejects.toMatchObject({ name: 'ResourceInUseException' });
    expect((await eks.send(new ListPodIdentityAssociationsCommand({ clusterName, namespace: 'user-a' }))).associations).toMatchObject([
      { associationId, serviceAccount: 'default-editor' },
    ]);
    expect((await eks.send(new ListPodIdentityAssociationsCommand({ clusterName, namespace: 'user-b' }))).associations).toEqual([]);
    const roleArn = `arn:aws:iam::${ACCOUNT}:role/other`;
    await eks.send(new UpdatePodIdentityAssociationCommand({ clusterName, associationId, roleArn }));
    expect((await eks.send(new DescribePodIdentityAssociationCommand({ clusterName, associationId }))).association).toMatchObject({
      roleArn,
      tags: { a: 'b' },
    });
    await expect(eks.send(new DescribePodIdentityAssociationCommand({ clusterName: 'other', associationId }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await eks.send(new DeletePodIdentityAssociationCommand({ clusterName, associationId }));
    await expect(eks.send(new DeletePodIdentityAssociationCommand({ clusterName, associationId }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('tags what has an ARN', async () => {
    await eks.send(new TagResourceCommand({ resourceArn: CLUSTER_ARN, tags: { a: '1', b: '2' } }));
    await eks.send(new UntagResourceCommand({ resourceArn: CLUSTER_ARN, tagKeys: ['a'] }));
    expect((await eks.send(new ListTagsForResourceCommand({ resourceArn: CLUSTER_ARN }))).tags).toEqual({ b: '2' });
    await expect(eks.send(new ListTagsForResourceCommand({ resourceArn: `${CLUSTER_ARN}x` }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('lets a role do what its policies say', async () => {
    const pod = new EKSClient({ region: REGION, endpoint: server.endpoint, credentials: credentialsOf(await exchange(account)) });
    const describe = (name: string) => pod.send(new DescribeClusterCommand({ name }));
    await expect(describe('demo')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 403 },
      message: `User: arn:aws:sts::${ACCOUNT}:assumed-role/${ROLE}/pod-1 is not authorized to perform: eks:DescribeCluster on resource: ${CLUSTER_ARN} because no identity-based policy allows the eks:DescribeCluster action`,
    });
    const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'eks:Describe*', Resource: CLUSTER_ARN }] };
    await query(account, 'PutRolePolicy', { RoleName: ROLE, PolicyName: 'p', PolicyDocument: JSON.stringify(document) });
    expect((await describe('demo')).cluster!.name).toBe('demo');
    await expect(describe('other')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it.each([
    ['POST', '/clusters/demo/pod-identity-associations', '{', 400, 'SerializationException'],
    ['POST', '/clusters/demo/pod-identity-associations', '[]', 400, 'SerializationException'],
    ['POST', '/clusters/demo/pod-identity-associations', '{}', 400, 'InvalidParameterException'],
    [
      'POST',
      '/clusters/demo/pod-identity-associations',
      '{"namespace":"a","serviceAccount":"b","roleArn":"c"}',
      400,
      'InvalidParameterException',
    ],
    ['GET', '/clusters/demo/addons', '', 404, 'UnknownOperationException'],
  ])('answers %s %s %j with %d %s', async (method, path, body, status, code) => {
    const response = await signedRequest(account, { service: 'eks', method, path, body, headers: { 'content-type': 'application/json' } });
    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([status, code]);
  });
});
