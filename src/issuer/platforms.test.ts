import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ApiServerIssuer } from './api-server-flags.ts';
import { PLATFORMS, platformText } from './platforms.ts';
import { affectedRoles, moveSteps } from './second-issuer.ts';

const WANTED: ApiServerIssuer = {
  issuers: ['https://new.test', 'https://old.test'],
  jwksUri: 'https://new.test/openid/v1/jwks',
  signingKeyFile: '/srv/keys/new',
  publicKeyFiles: ['/srv/keys/new.pub', '/etc/kubernetes/pki/sa.pub'],
  apiAudiences: ['https://kubernetes.default.svc.cluster.local'],
  maxTokenSeconds: 86_400,
};
const FLAGS = [
  'service-account-issuer=https://new.test',
  'service-account-issuer=https://old.test',
  'service-account-jwks-uri=https://new.test/openid/v1/jwks',
  'service-account-key-file=/srv/keys/new.pub',
  'service-account-key-file=/etc/kubernetes/pki/sa.pub',
  'service-account-signing-key-file=/srv/keys/new',
  'api-audiences=https://kubernetes.default.svc.cluster.local',
  'service-account-max-token-expiration=86400s',
];

describe('platformText', () => {
  it('says the same flags in each form, the signing issuer first', () => {
    expect(platformText('kube-apiserver', WANTED).text.trim().split('\n')).toEqual(FLAGS.map((flag) => `--${flag}`));
    const k3s = parse(platformText('k3s', WANTED).text) as Record<string, unknown>;
    expect(k3s).toEqual({ 'kube-apiserver-arg': FLAGS, 'kube-controller-manager-arg': ['service-account-private-key-file=/srv/keys/new'] });
    const kubeadm = parse(platformText('kubeadm', WANTED).text) as {
      apiServer: { extraArgs: { name: string; value: string }[]; extraVolumes: object[] };
    };
    expect(kubeadm.apiServer.extraArgs.map(({ name, value }) => `${name}=${value}`)).toEqual(FLAGS);
    expect(kubeadm.apiServer.extraVolumes).toEqual([
      { name: 'issuer-keys-0', hostPath: '/srv/keys', mountPath: '/srv/keys', readOnly: true },
    ]);
    expect((parse(platformText('kops', WANTED).text) as { kubeAPIServer: object }).kubeAPIServer).toEqual({
      serviceAccountIssuer: 'https://new.test',
      additionalServiceAccountIssuers: ['https://old.test'],
      serviceAccountJWKSURI: 'https://new.test/openid/v1/jwks',
      serviceAccountKeyFile: ['/srv/keys/new.pub', '/etc/kubernetes/pki/sa.pub'],
      serviceAccountSigningKeyFile: '/srv/keys/new',
      apiAudiences: ['https://kubernetes.default.svc.cluster.local'],
    });
  });

  it.each(PLATFORMS)('%s says where the text goes', (platform) => {
    expect(platformText(platform, WANTED).where).not.toBe('');
  });
});

describe('a second issuer', () => {
  const move = { from: 'https://old.test/a', to: 'https://new.test' };
  const provider = (hostPath: string): object => ({ Federated: `arn:aws:iam::111122223333:oidc-provider/${hostPath}` });
  const role = (name: string, ...statements: object[]) => ({
    arn: name,
    trustPolicy: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
  });
  const allow = (hostPath: string): object => ({
    Effect: 'Allow',
    Principal: provider(hostPath),
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${hostPath}:sub`]: 'system:serviceaccount:a:b' } },
  });

  it('is accepted before it signs, and the old one until nothing depends on it', () => {
    expect(moveSteps(move).flatMap(({ issuers }) => (issuers === undefined ? [] : [issuers]))).toEqual([
      [move.from, move.to],
      [move.to, move.from],
      [move.to],
    ]);
  });

  it('breaks the roles that know the old one alone', () => {
    const roles = [
      role('old', allow('old.test/a')),
      role('both', allow('old.test/a'), allow('new.test')),
      role('neither', allow('old.test/b')),
      role('denied', { ...allow('old.test/a'), Effect: 'Deny' }),
      { arn: 'broken', trustPolicy: '{' },
    ];
    expect(affectedRoles(roles, move)).toEqual([{ arn: 'old', subjects: ['system:serviceaccount:a:b'] }]);
  });
});
