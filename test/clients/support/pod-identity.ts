import { describe, expect, it } from 'vitest';
import type { Json } from './client.ts';
import type { Stage } from './scenario.ts';

/** Clusters and pod identity associations. */
export function podIdentity({ world, admin, refused }: Stage): void {
  describe('administering EKS', () => {
    const ids: string[] = [];

    it('describes the cluster and its issuer, and knows no other', async () => {
      const { cluster, issuer } = world().facts;
      expect((await admin('eks', 'ListClusters')).clusters).toEqual([cluster]);
      expect((await admin('eks', 'DescribeCluster', { name: cluster })).cluster).toMatchObject({
        name: cluster,
        identity: { oidc: { issuer } },
      });
      await refused(
        'eks',
        'DescribeCluster',
        { name: 'nope' },
        { code: 'ResourceNotFoundException', status: 404, message: 'No cluster found for name: nope.' },
      );
    });

    it('creates associations and lists them page by page', async () => {
      const { cluster: clusterName, account, role } = world().facts;
      for (const serviceAccount of ['first', 'second']) {
        const { association } = await admin('eks', 'CreatePodIdentityAssociation', {
          clusterName,
          namespace: 'pods',
          serviceAccount,
          roleArn: role,
          tags: { team: 'a' },
        });
        expect(association).toMatchObject({ clusterName, namespace: 'pods', serviceAccount, roleArn: role });
        expect(association.associationArn).toBe(
          `arn:aws:eks:us-west-2:${account}:podidentityassociation/${clusterName}/${association.associationId}`,
        );
        ids.push(association.associationId);
      }
      const seen: string[] = [];
      for (let nextToken: string | undefined, page = 0; page < 5; page += 1) {
        const answer: Json = await admin('eks', 'ListPodIdentityAssociations', {
          clusterName,
          namespace: 'pods',
          maxResults: 1,
          ...(nextToken ? { nextToken } : {}),
        });
        seen.push(...answer.associations.map(({ associationId }: Json) => associationId));
        nextToken = answer.nextToken;
        if (!nextToken) break;
      }
      expect([...seen].sort()).toEqual([...ids].sort());
    });

    it('refuses a second association of one service account', async () => {
      const { cluster: clusterName, role } = world().facts;
      await refused(
        'eks',
        'CreatePodIdentityAssociation',
        { clusterName, namespace: 'pods', serviceAccount: 'first', roleArn: role },
        { code: 'ResourceInUseException', status: 409 },
      );
    });

    it('updates, tags and deletes them', async () => {
      const { cluster: clusterName, account } = world().facts;
      const [associationId = ''] = ids;
      const roleArn = `arn:aws:iam::${account}:role/kf-admin-demo`;
      await admin('eks', 'UpdatePodIdentityAssociation', { clusterName, associationId, roleArn });
      const { association } = await admin('eks', 'DescribePodIdentityAssociation', { clusterName, associationId });
      expect(association).toMatchObject({ roleArn, tags: { team: 'a' } });
      const resourceArn = association.associationArn;
      await admin('eks', 'TagResource', { resourceArn, tags: { stage: 'test' } });
      expect((await admin('eks', 'ListTagsForResource', { resourceArn })).tags).toEqual({ team: 'a', stage: 'test' });
      for (const id of ids) await admin('eks', 'DeletePodIdentityAssociation', { clusterName, associationId: id });
      await refused(
        'eks',
        'DescribePodIdentityAssociation',
        { clusterName, associationId },
        { code: 'ResourceNotFoundException', status: 404 },
      );
    });
  });
}
