import { describe, expect, it } from 'vitest';
import { ACCOUNT, CLUSTER_ARN, ISSUER, intercepted, OTHER_ISSUER, REGION, SetupWorld } from '../../test/support/setup-world.ts';
import { agreeSite, gatherSite, partitionOf, type SiteFacts } from './site.ts';

const asked = { cluster: 'demo', region: REGION, selfManaged: false };
const facts: SiteFacts = {
  identity: { account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/admin` },
  cluster: { arn: CLUSTER_ARN, status: 'ACTIVE', issuer: ISSUER },
  issuer: ISSUER,
};

/** The code, message and hint of what is thrown. */
function refusal(run: () => unknown): object {
  try {
    run();
  } catch (error) {
    const { code, message, hint } = error as { code: string; message: string; hint: string };
    return { code, message, hint };
  }
  throw new Error('nothing was refused');
}

describe('the site', () => {
  it('is what account, cluster and issuer agree on', () => {
    expect(agreeSite(asked, facts)).toEqual({ account: ACCOUNT, partition: 'aws', region: REGION, issuer: ISSUER, clusterId: CLUSTER_ARN });
  });

  it('of a self-managed cluster is named by its issuer, and EKS is not asked', async () => {
    const world = new SetupWorld();
    world.issuer = 'https://irsa.example.com/demo';
    const calls: string[] = [];
    const ports = intercepted(world.ports(), ({ name }, run) => {
      calls.push(name);
      return run();
    });
    expect(await gatherSite(ports, { ...asked, selfManaged: true })).toMatchObject({
      issuer: 'https://irsa.example.com/demo',
      clusterId: 'https://irsa.example.com/demo',
    });
    expect(calls).toEqual(['aws.identity', 'kube.issuer']);
  });

  it.each([
    [
      'the file’s region is not the cluster’s',
      { ...asked, region: 'eu-central-1' },
      facts,
      {
        code: 'region-mismatch',
        message: 'cluster demo is in region us-west-2, asked for was region eu-central-1',
        hint: 'give --region us-west-2, or set region: us-west-2 in the file',
      },
    ],
    [
      'the region has no such cluster, and the kube context tells where it is',
      { ...asked, region: 'eu-central-1' },
      { ...facts, cluster: undefined },
      {
        code: 'region-mismatch',
        message: 'cluster demo is not in region eu-central-1: the kube context is a cluster of region us-west-2',
        hint: 'give --region us-west-2, or set region: us-west-2 in the file',
      },
    ],
    [
      'the name is not the cluster’s',
      { ...asked, cluster: 'folder' },
      { ...facts, cluster: undefined },
      {
        code: 'cluster-not-found',
        message: `cluster folder is not in account ${ACCOUNT}, region us-west-2`,
        hint: "give the cluster's own name by --cluster (`aws eks list-clusters --region us-west-2`), or --self-managed if it is not an EKS cluster",
      },
    ],
    [
      'the kube context is another cluster',
      asked,
      { ...facts, issuer: OTHER_ISSUER },
      {
        code: 'issuer-mismatch',
        message: `the kube context is not cluster demo: it issues tokens as ${OTHER_ISSUER}, the cluster as ${ISSUER}`,
        hint: 'give --context of cluster demo, or `aws eks update-kubeconfig --name demo --region us-west-2`',
      },
    ],
    [
      'the credentials are of another account',
      asked,
      { ...facts, identity: { account: '444455556666', arn: 'arn:aws:iam::444455556666:user/a' } },
      {
        code: 'account-mismatch',
        message: `cluster demo is in account ${ACCOUNT}, the credentials are of account 444455556666`,
        hint: `use credentials of account ${ACCOUNT}`,
      },
    ],
    [
      'the region is in China and the credentials are not',
      { ...asked, region: 'cn-north-1' },
      facts,
      {
        code: 'partition-mismatch',
        message: `region cn-north-1 is in partition aws-cn, the credentials (arn:aws:iam::${ACCOUNT}:user/admin) are of partition aws`,
        hint: 'use credentials of aws-cn, or another --region',
      },
    ],
    [
      'the cluster is being made',
      asked,
      { ...facts, cluster: { arn: CLUSTER_ARN, status: 'CREATING', issuer: undefined } },
      {
        code: 'cluster-not-ready',
        message: 'cluster demo is CREATING and has no OIDC issuer',
        hint: 'wait: `aws eks wait cluster-active --name demo --region us-west-2`',
      },
    ],
    [
      'the issuer is known inside the cluster only',
      { ...asked, selfManaged: true },
      { ...facts, cluster: undefined, issuer: 'https://kubernetes.default.svc.cluster.local' },
      {
        code: 'issuer-unusable',
        message:
          "AWS cannot use the cluster's issuer https://kubernetes.default.svc.cluster.local: its host is known inside the cluster only, and AWS fetches the keys from outside",
        hint: 'give the API server a public --service-account-issuer, and publish its discovery document and keys there',
      },
    ],
    [
      'the issuer has a port',
      { ...asked, selfManaged: true },
      { ...facts, issuer: 'https://irsa.example.com:8443' },
      {
        code: 'issuer-unusable',
        message:
          "AWS cannot use the cluster's issuer https://irsa.example.com:8443: issuer must not have a port other than 443, as IAM takes no other",
        hint: 'give the API server a public --service-account-issuer, and publish its discovery document and keys there',
      },
    ],
  ])('is refused when %s', (_, question, read, expected) => {
    expect(refusal(() => agreeSite(question, read))).toEqual(expected);
  });

  it('needs a region before anything is asked', async () => {
    const calls: string[] = [];
    const ports = intercepted(new SetupWorld().ports(), ({ name }, run) => {
      calls.push(name);
      return run();
    });
    await expect(gatherSite(ports, { ...asked, region: undefined })).rejects.toMatchObject({ code: 'region-missing' });
    expect(calls).toEqual([]);
  });

  it('in China has ARNs of China', () => {
    const arn = `arn:aws-cn:eks:cn-north-1:${ACCOUNT}:cluster/demo`;
    const issuer = 'https://oidc.eks.cn-north-1.amazonaws.com.cn/id/AAAA';
    const identity = { account: ACCOUNT, arn: `arn:aws-cn:iam::${ACCOUNT}:user/admin` };
    expect(agreeSite({ ...asked, region: 'cn-north-1' }, { identity, cluster: { arn, status: 'ACTIVE', issuer }, issuer })).toEqual({
      account: ACCOUNT,
      partition: 'aws-cn',
      region: 'cn-north-1',
      issuer,
      clusterId: arn,
    });
  });

  it.each([
    ['eu-west-1', 'aws'],
    ['us-gov-east-1', 'aws-us-gov'],
    ['us-iso-east-1', 'aws-iso'],
    ['us-isob-east-1', 'aws-iso-b'],
    ['eusc-de-east-1', 'aws-eusc'],
  ])('region %s is in partition %s', (region, partition) => {
    expect(partitionOf(region)).toBe(partition);
  });
});
