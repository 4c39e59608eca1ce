import { STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { isLoopback, stsEndpoint } from './sts-endpoint.ts';

const ROLE = 'arn:aws:iam::111122223333:role/r';
const choose = (options: Partial<Parameters<typeof stsEndpoint>[0]>) => {
  const chosen = stsEndpoint({ endpoint: undefined, region: undefined, roleArn: ROLE, env: {}, ...options });
  return chosen.ok ? chosen.endpoint.url : `${chosen.path}: ${chosen.message}`;
};

// The SDK's own rule set: an oracle that podrole's table was not made from.
const { endpointProvider } = new STSClient({ region: 'us-east-1' }).config;

const REGIONS = [
  'us-east-1',
  'eu-central-1',
  'ap-southeast-7',
  'il-central-1',
  'mx-central-1',
  'cn-north-1',
  'cn-northwest-1',
  'us-gov-west-1',
  'us-gov-east-1',
  'us-iso-east-1',
  'us-isob-east-1',
  'eu-isoe-west-1',
  'us-isof-south-1',
  'eusc-de-east-1',
  'xx-future-9',
];

describe('the address of STS', () => {
  for (const fips of [false, true]) {
    for (const dualStack of [false, true]) {
      it.each(REGIONS)(`is the SDK’s in %s (FIPS ${fips}, dual stack ${dualStack})`, (region) => {
        const theirs = endpointProvider({ Region: region, UseFIPS: fips, UseDualStack: dualStack, UseGlobalEndpoint: false });
        const env = { ...(fips ? { AWS_USE_FIPS_ENDPOINT: 'true' } : {}), ...(dualStack ? { AWS_USE_DUALSTACK_ENDPOINT: 'true' } : {}) };
        expect(choose({ region, env })).toBe(theirs.url.href);
      });
    }
  }

  it.each([
    [ROLE, 'https://sts.amazonaws.com/'],
    ['arn:aws-cn:iam::111122223333:role/r', 'https://sts.cn-northwest-1.amazonaws.com.cn/'],
    ['arn:aws-us-gov:iam::111122223333:role/r', 'https://sts.us-gov-west-1.amazonaws.com/'],
  ])('follows the partition of %s where no region is known', (roleArn, url) => expect(choose({ roleArn })).toBe(url));

  it('is the one given, then AWS_ENDPOINT_URL_STS, then AWS_ENDPOINT_URL', () => {
    const env = { AWS_ENDPOINT_URL_STS: 'https://sts.example.com', AWS_ENDPOINT_URL: 'https://aws.example.com' };
    expect(choose({ endpoint: 'https://own.example.com', env })).toBe('https://own.example.com');
    expect(choose({ env })).toBe('https://sts.example.com');
    expect(choose({ env: { AWS_ENDPOINT_URL: env.AWS_ENDPOINT_URL } })).toBe('https://aws.example.com');
    expect(choose({ env: { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }, region: 'eu-west-1' })).toBe(
      'https://sts.eu-west-1.amazonaws.com/',
    );
  });

  it.each([
    ['http://sts.example.com', 'endpoint: http:// is for loopback alone, as the token would cross the network in clear text; use https://'],
    [
      'http://127.0.0.1.example.com',
      'endpoint: http:// is for loopback alone, as the token would cross the network in clear text; use https://',
    ],
    ['ftp://127.0.0.1', 'endpoint: it must begin with https://'],
    ['nonsense', 'endpoint: it is not a URL'],
    ['https://user:pw@sts.example.com', 'endpoint: it must not hold credentials, a query or a fragment'],
    ['https://sts.example.com/?a=b', 'endpoint: it must not hold credentials, a query or a fragment'],
  ])('is never %s', (endpoint, problem) => expect(choose({ endpoint })).toBe(problem));

  it.each(['http://127.0.0.1:4566', 'http://localhost:4566', 'http://[::1]:4566', 'http://127.8.9.1'])('may be %s', (endpoint) =>
    expect(choose({ endpoint })).toBe(endpoint),
  );

  it('is not made of a region that is none', () => {
    expect(choose({ region: 'evil.example.com/' })).toBe('region: it is not the name of a region');
    expect(choose({ region: 'Us-East-1' })).toBe('region: it is not the name of a region');
  });
});

it.each([
  ['localhost', true],
  ['a.localhost', true],
  ['127.0.0.1', true],
  ['[::1]', true],
  ['localhost.example.com', false],
  ['169.254.170.2', false],
  ['128.0.0.1', false],
])('%s is loopback: %s', (host, verdict) => expect(isLoopback(host)).toBe(verdict));
