import { describe, expect, it } from 'vitest';
import { type ChildEnvironment, childEnvironment, regionOfIssuer } from './child-environment.ts';
import type { ExecIdentity } from './exec-identity.ts';

const identity: ExecIdentity = {
  serviceAccount: { namespace: 'team-a', name: 'web' },
  roleArn: 'arn:aws:iam::111122223333:role/r',
  token: { audiences: ['sts.amazonaws.com'] },
  variables: {},
  exact: false,
  notes: [],
};
const child = (options: Partial<ChildEnvironment> = {}) =>
  childEnvironment({
    identity,
    own: {},
    tokenFile: '/run/x/token',
    emptyFile: '/run/x/empty',
    sessionName: 'web.team-a-1',
    region: undefined,
    issuerRegion: undefined,
    endpoint: undefined,
    ...options,
  });
const ALWAYS = {
  AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/r',
  AWS_WEB_IDENTITY_TOKEN_FILE: '/run/x/token',
  AWS_ROLE_SESSION_NAME: 'web.team-a-1',
  AWS_SHARED_CREDENTIALS_FILE: '/run/x/empty',
  AWS_CONFIG_FILE: '/run/x/empty',
  AWS_EC2_METADATA_DISABLED: 'true',
};

describe('the environment of a command', () => {
  it('is the user’s own without any way to other credentials', () => {
    const own = {
      PATH: '/bin',
      KUBECONFIG: '/k',
      AWS_PAGER: '',
      AWS_MAX_ATTEMPTS: '2',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_SESSION_TOKEN: 'c',
      AWS_SECURITY_TOKEN: 'd',
      AWS_PROFILE: 'e',
      AWS_DEFAULT_PROFILE: 'f',
      AWS_SHARED_CREDENTIALS_FILE: 'g',
      AWS_CONFIG_FILE: 'h',
      AWS_ROLE_ARN: 'i',
      AWS_WEB_IDENTITY_TOKEN_FILE: 'j',
      AWS_ROLE_SESSION_NAME: 'k',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'l',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: 'm',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'n',
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: 'o',
      AWS_VAULT: 'p',
      GONE: undefined,
    };
    expect(child({ own })).toEqual({ PATH: '/bin', KUBECONFIG: '/k', AWS_PAGER: '', AWS_MAX_ATTEMPTS: '2', ...ALWAYS });
  });

  it.each([
    ['the one asked for', { region: 'eu-west-1', own: { AWS_REGION: 'us-east-2' }, issuerRegion: 'us-west-2' }, 'eu-west-1'],
    ['the user’s', { own: { AWS_REGION: 'us-east-2', AWS_DEFAULT_REGION: 'us-east-1' }, issuerRegion: 'us-west-2' }, 'us-east-2'],
    ['the user’s default', { own: { AWS_DEFAULT_REGION: 'us-east-1' }, issuerRegion: 'us-west-2' }, 'us-east-1'],
    ['the cluster’s', { issuerRegion: 'us-west-2' }, 'us-west-2'],
    ['none', {}, undefined],
  ])('has as region %s, under both names', (_name, options, region) => {
    const env = child(options);
    expect([env.AWS_REGION, env.AWS_DEFAULT_REGION]).toEqual([region, region]);
  });

  it('names STS’s endpoint as well wherever the general one is named', () => {
    expect(child({ endpoint: 'http://127.0.0.1:1' })).toMatchObject({
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1',
    });
    expect(child({ own: { AWS_ENDPOINT_URL: 'http://127.0.0.1:2' } })).toMatchObject({ AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:2' });
    expect(
      child({ own: { AWS_ENDPOINT_URL: 'http://127.0.0.1:2', AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:3' } }).AWS_ENDPOINT_URL_STS,
    ).toBe('http://127.0.0.1:3');
  });

  it('is exactly the pod’s where a pod is meant', () => {
    const own = { AWS_REGION: 'us-east-2', AWS_STS_REGIONAL_ENDPOINTS: 'regional', PATH: '/bin' };
    const variables = {
      AWS_ROLE_ARN: 'pods-own',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/token',
      AWS_REGION: 'eu-west-1',
      AWS_ROLE_SESSION_NAME: 'web-0',
      AWS_MAX_ATTEMPTS: '5',
    };
    expect(child({ own, identity: { ...identity, exact: true, variables } })).toEqual({
      ...ALWAYS,
      PATH: '/bin',
      AWS_REGION: 'eu-west-1',
      AWS_ROLE_SESSION_NAME: 'web-0',
      AWS_MAX_ATTEMPTS: '5',
    });
    expect(child({ own, identity: { ...identity, exact: true } }).AWS_REGION).toBeUndefined();
  });
});

it.each([
  ['https://oidc.eks.us-west-2.amazonaws.com/id/A', 'us-west-2'],
  ['https://oidc.eks.cn-north-1.amazonaws.com.cn/id/A', 'cn-north-1'],
  ['https://oidc.eks.us-gov-west-1.amazonaws.com/id/A', 'us-gov-west-1'],
  ['https://oidc.example.com/id/A', undefined],
])('the issuer %s lies in %s', (issuer, region) => expect(regionOfIssuer(issuer)).toBe(region));
