import { describe, expect, it } from 'vitest';
import { ACCOUNT, CLUSTER_ARN, ISSUER, OTHER_ISSUER, OWN_TAGS, providerArn, REGION, SetupWorld } from '../../test/support/setup-world.ts';
import { closedTrustDocument } from '../iam/trust-document.ts';
import { type GoneQuestion, gatherGoneSite, goneKube } from './gone-cluster.ts';

const asked: GoneQuestion = {
  cluster: 'demo',
  region: REGION,
  selfManaged: false,
  issuer: undefined,
  roleNames: () => ['kf-admin-demo', 'kf-user-demo'],
};

/** What a deleted cluster leaves behind. */
function remains(): SetupWorld {
  const world = new SetupWorld();
  world.cluster = undefined;
  for (const name of asked.roleNames(REGION)) world.putRole(name, { trustPolicy: closedTrustDocument(providerArn()), tags: OWN_TAGS });
  return world;
}

const gather = (world: SetupWorld, question: Partial<GoneQuestion> = {}): ReturnType<typeof gatherGoneSite> =>
  gatherGoneSite(world.ports().aws, { ...asked, ...question });

describe('where a deleted cluster was', () => {
  it('is told by the roles that setup made for it', async () => {
    expect(await gather(remains())).toEqual({ account: ACCOUNT, partition: 'aws', region: REGION, issuer: ISSUER, clusterId: CLUSTER_ARN });
  });

  it('needs no role where the issuer is given', async () => {
    const world = remains();
    world.state.roles = {};
    expect(await gather(world, { issuer: ISSUER })).toMatchObject({ issuer: ISSUER, clusterId: CLUSTER_ARN });
  });

  it('may be deleting still, and is refused in every other state', async () => {
    const world = remains();
    world.cluster = { arn: CLUSTER_ARN, status: 'DELETING', issuer: ISSUER };
    expect(await gather(world)).toMatchObject({ issuer: ISSUER });
    world.cluster = { ...world.cluster, status: 'ACTIVE' };
    await expect(gather(world)).rejects.toMatchObject({ code: 'cluster-exists', message: expect.stringContaining('it is ACTIVE') });
  });

  it.each([
    ['of another cluster', { ...OWN_TAGS, 'podrole.dev/cluster': CLUSTER_ARN.replace('us-west-2', 'eu-west-1') }],
    ['of somebody', {}],
  ])('is not told by roles %s', async (_, tags) => {
    const world = remains();
    for (const name of asked.roleNames(REGION)) world.putRole(name, { trustPolicy: closedTrustDocument(providerArn()), tags });
    await expect(gather(world)).rejects.toMatchObject({
      code: 'issuer-unknown',
      message: expect.stringContaining('no role that setup made'),
    });
  });

  it('is not guessed where the roles name several', async () => {
    const world = remains();
    world.putRole('kf-user-demo', { trustPolicy: closedTrustDocument(providerArn(OTHER_ISSUER)), tags: OWN_TAGS });
    await expect(gather(world)).rejects.toMatchObject({
      code: 'issuer-unknown',
      message: `the roles that setup made for cluster demo name more than one issuer: ${ISSUER}, ${OTHER_ISSUER}`,
    });
  });

  it('of a self-managed cluster is its issuer, which has to be given', async () => {
    const world = remains();
    world.cluster = { arn: CLUSTER_ARN, status: 'ACTIVE', issuer: ISSUER };
    await expect(gather(world, { selfManaged: true })).rejects.toMatchObject({ code: 'issuer-unknown', hint: 'give --issuer URL' });
    const issuer = 'https://irsa.example.com/demo';
    expect(await gather(world, { selfManaged: true, issuer })).toMatchObject({ issuer, clusterId: issuer });
  });

  it.each([
    ['no region', { region: undefined }, 'region-missing'],
    ['a region of another partition', { region: 'cn-north-1' }, 'partition-mismatch'],
    ['an issuer that AWS cannot have', { issuer: 'http://irsa.example.com' }, 'issuer-unusable'],
  ])('is refused with %s', async (_, question, code) => {
    await expect(gather(remains(), question)).rejects.toMatchObject({ code });
  });
});

describe('a cluster that is gone', () => {
  it('holds nothing', async () => {
    const kube = goneKube(ISSUER);
    expect(await kube.issuer()).toBe(ISSUER);
    expect(await kube.profiles()).toEqual([]);
    expect(await kube.namespace('kubeflow')).toBeUndefined();
    expect(await kube.serviceAccount({ namespace: 'kubeflow', name: 'kf-admin' })).toBeUndefined();
  });
});
