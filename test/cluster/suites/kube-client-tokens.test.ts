import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assumeRoleWithWebIdentity } from '../../../src/aws/account.ts';
import { AwsRefusal } from '../../../src/aws/errors.ts';
import { createIamProviders } from '../../../src/aws/iam-providers.ts';
import { createIamRoles } from '../../../src/aws/iam-roles.ts';
import type { KubeClient } from '../../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../../src/kube/core/object.ts';
import { type Resource, resources } from '../../../src/kube/core/resource.ts';
import { decodeToken } from '../../../src/oidc/decode-token.ts';
import { inWorld } from '../../support/worlds/world.ts';
import { refusal } from './refusal.ts';

const REVIEWS: Resource = { group: 'authentication.k8s.io', version: 'v1', plural: 'tokenreviews', kind: 'TokenReview', namespaced: false };
const AUDIENCE = 'sts.amazonaws.com';

inWorld('kube-client: tokens', (world) => {
  const namespace = `tokens-${randomBytes(3).toString('hex')}`;
  const account = { namespace, name: 'builder' };
  let kube: KubeClient;
  let uid = '';
  beforeAll(async () => {
    kube = world().kubeClient();
    await kube.create(resources.namespaces, { metadata: { name: namespace } });
    const made = await kube.create<KubeObject>(resources.serviceAccounts, { metadata: account });
    uid = String(made.metadata.uid);
  });
  afterAll(async () => {
    await kube.delete(resources.namespaces, { name: namespace });
    kube.close();
  });

  it('a token says who, for whom and how long, in the order of claims that Kubernetes has', async () => {
    const { token, expiresAt } = await kube.createToken(account, { audiences: [AUDIENCE], expirationSeconds: 600 });
    const [header = ''] = token.split('.');
    const { kid, ...rest } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, string>;
    expect(kid).toMatch(/^[\w-]{43}$/);
    expect(rest).toEqual({ alg: 'RS256' });
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, never>;
    expect(Object.keys(claims)).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'kubernetes.io', 'nbf', 'sub']);
    expect(claims).toMatchObject({
      aud: [AUDIENCE],
      iss: world().sandbox.issuer,
      sub: `system:serviceaccount:${namespace}:builder`,
      'kubernetes.io': { namespace, serviceaccount: { name: 'builder', uid } },
    });
    expect(Number(claims.exp) - Number(claims.iat)).toBe(600);
    expect(expiresAt.getTime()).toBe(Number(claims.exp) * 1000);
  });

  it('times below ten minutes are refused', async () => {
    const error = await refusal(kube.createToken(account, { audiences: [AUDIENCE], expirationSeconds: 599 }));
    expect([error.httpStatus, error.status.reason]).toEqual([422, 'Invalid']);
    expect(error.status.message).toContain('may not specify a duration less than 10 minutes');
  });

  it('a token of a pod names it, and a wrong pod is refused', async () => {
    const pod = await kube.create(resources.pods, {
      metadata: { namespace, name: 'worker' },
      spec: { serviceAccountName: 'builder', containers: [{ name: 'main', image: 'example.test/none:1' }] },
    } as KubeObject);
    const boundTo = (of: string, podUid?: string): Parameters<KubeClient['createToken']>[1] => ({
      audiences: [AUDIENCE],
      boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: of, ...(podUid === undefined ? {} : { uid: podUid }) },
    });
    const { token } = await kube.createToken(account, boundTo('worker', String(pod.metadata.uid)));
    const decoded = decodeToken(token);
    expect(decoded.ok && decoded.token.claims['kubernetes.io']).toEqual({
      namespace,
      pod: { name: 'worker', uid: pod.metadata.uid },
      serviceaccount: { name: 'builder', uid },
    });
    expect((await refusal(kube.createToken(account, boundTo('nobody')))).httpStatus).toBe(404);
    expect((await refusal(kube.createToken(account, boundTo('worker', '00000000-0000-0000-0000-000000000000')))).httpStatus).toBe(409);
  });

  it('the API believes a token of its own audience and none of another', async () => {
    const own = await kube.createToken(account, { audiences: [] });
    const other = await kube.createToken(account, { audiences: [AUDIENCE] });
    const as = (token: string): KubeClient => world().kubeClient({ token: async () => token, fetch: plainFetch });
    const plainFetch = world().anonymousFetch();
    const me = (await as(own.token).raw('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
    })) as { readonly status: { readonly userInfo: { readonly username: string; readonly groups: readonly string[] } } };
    expect(me.status.userInfo.username).toBe(`system:serviceaccount:${namespace}:builder`);
    expect([...me.status.userInfo.groups].sort()).toEqual([
      'system:authenticated',
      'system:serviceaccounts',
      `system:serviceaccounts:${namespace}`,
    ]);
    const error = await refusal(as(other.token).list(resources.configMaps, { namespace }));
    expect([error.httpStatus, error.status.message]).toEqual([401, 'Unauthorized']);
    plainFetch.close();
  });

  it('a review tells whose a token is', async () => {
    const { token } = await kube.createToken(account, { audiences: [AUDIENCE] });
    const review = (spec: object): Promise<KubeObject> => kube.create(REVIEWS, { metadata: {}, spec } as KubeObject);
    expect((await review({ token, audiences: [AUDIENCE] })).status).toMatchObject({
      authenticated: true,
      user: { username: `system:serviceaccount:${namespace}:builder`, uid },
      audiences: [AUDIENCE],
    });
    expect(Object.keys((await review({ token })).status as object)).not.toContain('authenticated');
  });

  it('STS accepts a token of this cluster where the trust policy names its subject, and no other', async () => {
    const { sandbox } = world();
    const hostPath = sandbox.issuer.replace(/^https:\/\//, '');
    const providerArn = `arn:aws:iam::${sandbox.account}:oidc-provider/${hostPath}`;
    const roles = createIamRoles(sandbox.adminTarget);
    const trustPolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated: providerArn },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: { StringEquals: { [`${hostPath}:aud`]: AUDIENCE, [`${hostPath}:sub`]: `system:serviceaccount:${namespace}:builder` } },
        },
      ],
    });
    await createIamProviders(sandbox.adminTarget).create({ issuer: sandbox.issuer, clientIds: [AUDIENCE], tags: {} });
    await roles.create({ name: namespace, trustPolicy, tags: {} });
    const { credentials: _, ...target } = sandbox.adminTarget;
    const exchange = async (name: string): Promise<string> => {
      const { token } = await kube.createToken({ namespace, name }, { audiences: [AUDIENCE] });
      const roleArn = `arn:aws:iam::${sandbox.account}:role/${namespace}`;
      return assumeRoleWithWebIdentity(target, { roleArn, sessionName: 'suite', token }).then(
        ({ accessKeyId }) => accessKeyId.slice(0, 4),
        (error: unknown) => (error instanceof AwsRefusal ? error.awsCode : String(error)),
      );
    };
    expect(await exchange('builder')).toBe('ASIA');
    await kube.create(resources.serviceAccounts, { metadata: { namespace, name: 'other' } });
    expect(await exchange('other')).toBe('AccessDenied');
  });
});
