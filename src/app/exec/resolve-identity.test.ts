import { describe, expect, it } from 'vitest';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { IdentityOverrides } from './exec-identity.ts';
import { parseIdentity } from './identity-argument.ts';
import { issueToken, resolveIdentity } from './resolve-identity.ts';

const ROLE = 'arn:aws:iam::111122223333:role/r';
const never = new AbortController().signal;
const refusal = (code: number): KubeApiError =>
  new KubeApiError('request', { kind: 'Status', apiVersion: 'v1', message: `HTTP ${code}` } as KubeApiError['status'], code);

/** A cluster that knows these objects by name, or refuses. */
function cluster(objects: Readonly<Record<string, unknown>>, tokens?: () => never): KubeClient {
  return {
    find: async (_resource: unknown, { name }: { readonly name?: string }) => {
      const found = objects[name ?? ''];
      if (found instanceof Error) throw found;
      return found;
    },
    createToken: async () => tokens?.() ?? { token: 't', expiresAt: new Date(0) },
  } as unknown as KubeClient;
}

const account = (annotations: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'web', namespace: 'team-a', annotations },
});
const resolve = (objects: Readonly<Record<string, unknown>>, overrides: IdentityOverrides = {}, who = 'sa/team-a:web') =>
  resolveIdentity(cluster(objects), parseIdentity(who), overrides, never);

describe('the identity of a service account', () => {
  it('is what its annotations say', async () => {
    const annotations = {
      'eks.amazonaws.com/role-arn': ROLE,
      'eks.amazonaws.com/audience': 'client-a',
      'eks.amazonaws.com/sts-regional-endpoints': 'true',
    };
    expect(await resolve({ web: account(annotations) })).toEqual({
      serviceAccount: { namespace: 'team-a', name: 'web' },
      roleArn: ROLE,
      token: { audiences: ['client-a'], expirationSeconds: 600 },
      variables: { AWS_STS_REGIONAL_ENDPOINTS: 'regional' },
      exact: false,
      notes: [],
    });
  });

  it('is what the caller wants, also where the account may not be read', async () => {
    const wanted = { roleArn: ROLE, audience: 'client-b', durationSeconds: 3_600 };
    for (const web of [account({ 'eks.amazonaws.com/role-arn': 'other' }), refusal(403)])
      expect(await resolve({ web }, wanted)).toMatchObject({ roleArn: ROLE, token: { audiences: ['client-b'], expirationSeconds: 3_600 } });
    await expect(resolve({ web: refusal(403) })).rejects.toMatchObject({ code: 'service-account-forbidden' });
    await expect(resolve({ web: refusal(500) }, wanted)).rejects.toMatchObject({ code: 'kube-api-refused' });
  });

  it.each([
    ['no account', {}, 'service-account-not-found', 'there is no service account web in namespace team-a'],
    [
      'no annotation',
      { web: account({}) },
      'role-annotation-missing',
      'service account web in team-a has no annotation eks.amazonaws.com/role-arn',
    ],
    [
      'no ARN',
      { web: account({ 'eks.amazonaws.com/role-arn': 'my-role' }) },
      'role-invalid',
      'annotation eks.amazonaws.com/role-arn of service account web in team-a is not the ARN of a role: "my-role"',
    ],
  ])('with %s is refused', async (_name, objects, code, message) => expect(resolve(objects)).rejects.toMatchObject({ code, message }));
});

describe('the identity of a pod', () => {
  const pod = (env: readonly unknown[]) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-0', namespace: 'team-a', uid: 'u' },
    spec: { serviceAccountName: 'web', containers: [{ name: 'app', env }] },
  });
  const of = (object: unknown, overrides: IdentityOverrides = {}) => resolve({ 'web-0': object }, overrides, 'pod/team-a:web-0');

  it('is bound to it', async () => {
    expect(await of(pod([{ name: 'AWS_ROLE_ARN', value: ROLE }]))).toMatchObject({
      serviceAccount: { namespace: 'team-a', name: 'web' },
      exact: true,
      token: { audiences: [], expirationSeconds: 600, boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web-0', uid: 'u' } },
      notes: ["the token file of container app lies in no projected volume; audience and life are podrole's own choice"],
    });
  });

  it.each([
    ['is missing', undefined, {}, 'pod-not-found'],
    ['was not injected', pod([]), {}, 'pod-has-no-role'],
    [
      'uses EKS Pod Identity',
      pod([{ name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'http://169.254.170.23/v1/credentials' }]),
      {},
      'pod-identity-agent',
    ],
    ['has no such container', pod([]), { container: 'other' }, 'container-not-found'],
  ])('that %s is refused', async (_name, object, overrides, code) => expect(of(object, overrides)).rejects.toMatchObject({ code }));
});

describe('a token', () => {
  const asked = async (code: number) => {
    const kube = cluster({ web: account({ 'eks.amazonaws.com/role-arn': ROLE }) }, () => {
      throw refusal(code);
    });
    return issueToken(kube, await resolveIdentity(kube, parseIdentity('sa/team-a:web'), {}, never), never);
  };
  it.each([
    [403, 'token-request-forbidden'],
    [404, 'service-account-not-found'],
    [500, 'kube-api-refused'],
  ])('that is refused with %i is a failure that says what to do', async (status, code) =>
    expect(asked(status)).rejects.toMatchObject({ code }),
  );
});

it.each(['', 'sa/', 'sa/a', 'sa/a:', 'sa/:b', 'sa/a:b:c', 'sa/A:b', 'sa/a:b/c', 'role/a:b', 'constructor/a:b', 'sa/a:b ', 'sa/team_a:b'])(
  '%j names no identity',
  (text) => expect(() => parseIdentity(text)).toThrow(expect.objectContaining({ code: 'identity-invalid' })),
);
