import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeToken, type ScriptedSts, startScriptedSts } from '../../test/support/scripted-sts.ts';
import { type CredentialEvent, fromServiceAccount, type ServiceAccountOptions } from './index.ts';

const ROLE = 'arn:aws:iam::111122223333:role/team/web';
const token = (claims: Readonly<Record<string, unknown>> = {}): string =>
  fakeToken({
    iss: 'https://oidc.example.com/id/A',
    sub: 'system:serviceaccount:team-a:web',
    aud: ['sts.amazonaws.com'],
    exp: Math.floor(Date.now() / 1_000) + 3_600,
    'kubernetes.io': { pod: { name: 'web-0' } },
    ...claims,
  });

let folder: string;
let tokenFile: string;
let sts: ScriptedSts;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podrole-provider-'));
  tokenFile = join(folder, 'token');
  sts = await startScriptedSts();
});
afterAll(async () => {
  await sts.close();
  await rm(folder, { recursive: true, force: true });
});
let number = 0;
beforeEach(async () => {
  await writeFile(tokenFile, `${token()}\n`);
  sts.script({ kind: 'credentials' });
  sts.reset();
  number += 1;
});
afterEach(() => vi.unstubAllEnvs());

/** Options that no other test shares an identity with. */
const own = (more: ServiceAccountOptions = {}): ServiceAccountOptions => ({
  roleArn: ROLE,
  tokenFile,
  region: 'us-west-2',
  endpoint: sts.url,
  sessionName: `test-${number}`,
  ...more,
});

const good =
  '<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>';

describe('fromServiceAccount', () => {
  it('exchanges the trimmed token for credentials, unsigned and form-encoded', async () => {
    const { sessionName: _, ...options } = own();
    expect(await fromServiceAccount(options)()).toEqual({
      accessKeyId: expect.stringMatching(/^ASIA0+\d+$/),
      secretAccessKey: expect.stringMatching(/^secret\/\d+\+key$/),
      sessionToken: expect.stringMatching(/^session\/\d+==$/),
      expiration: expect.any(Date),
      accountId: '111122223333',
    });
    const [request] = sts.requests;
    expect(Object.fromEntries(request?.form ?? [])).toEqual({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: ROLE,
      RoleSessionName: 'web-0',
      WebIdentityToken: token(),
    });
    expect(request?.headers).toMatchObject({ 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', connection: 'close' });
    expect(request?.headers.authorization).toBeUndefined();
  });

  it('takes everything from the environment', async () => {
    vi.stubEnv('AWS_ROLE_ARN', ROLE);
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', tokenFile);
    vi.stubEnv('AWS_ROLE_SESSION_NAME', 'from-env');
    vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url);
    vi.stubEnv('AWS_REGION', 'us-west-2');
    await fromServiceAccount()();
    expect(sts.requests[0]?.form.get('RoleSessionName')).toBe('from-env');
  });

  it('exchanges once for ten clients and fifty calls', async () => {
    sts.script({ kind: 'credentials', slowMs: 30 });
    const providers = Array.from({ length: 10 }, () => fromServiceAccount(own()));
    const all = await Promise.all(providers.flatMap((provider) => Array.from({ length: 5 }, () => provider())));
    expect(sts.requests).toHaveLength(1);
    expect(new Set(all.map(({ accessKeyId }) => accessKeyId)).size).toBe(1);
  });

  it.each<[string, ServiceAccountOptions]>([
    ['role', { roleArn: 'arn:aws:iam::111122223333:role/other' }],
    ['session', { sessionName: 'other-session' }],
    ['region', { region: 'eu-west-1' }],
    ['life', { durationSeconds: 900 }],
    ['audience', { audience: 'sts.amazonaws.com' }],
  ])('does not share credentials across another %s', async (_name, other) => {
    await fromServiceAccount(own())();
    await fromServiceAccount(own(other))();
    expect(sts.requests).toHaveLength(2);
  });

  it('waits through throttling and the failures of STS', async () => {
    sts.script(
      { kind: 'refusal', code: 'Throttling', status: 400 },
      { kind: 'raw', status: 502, body: '<html>bad gateway</html>' },
      { kind: 'credentials' },
    );
    await fromServiceAccount(own())();
    expect(sts.requests).toHaveLength(3);
  });

  it('does not ask again what was refused for good, and says what was asked of whom', async () => {
    sts.script({ kind: 'refusal', code: 'AccessDenied', message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity' });
    const error = await fromServiceAccount(own())().catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      name: 'CredentialsUnavailable',
      code: 'exchange-refused',
      retry: 'never',
      tryNextLink: false,
      detail: { awsCode: 'AccessDenied', status: 403 },
      message: `sts:AssumeRoleWithWebIdentity for ${ROLE} at ${new URL(sts.url).host}: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity`,
      hint: expect.stringContaining('does not admit system:serviceaccount:team-a:web with the audience sts.amazonaws.com'),
    });
    expect(sts.requests).toHaveLength(1);
  });

  it('asks again when AWS could not fetch the issuer’s keys in time', async () => {
    sts.script(
      {
        kind: 'refusal',
        code: 'InvalidIdentityToken',
        status: 400,
        message: "Couldn't retrieve verification key from your identity provider",
      },
      { kind: 'credentials' },
    );
    await fromServiceAccount(own())();
    expect(sts.requests).toHaveLength(2);
  });

  it('shows no token, whatever a strange endpoint sends back', async () => {
    sts.script({ kind: 'refusal', code: 'InvalidIdentityToken', status: 400, message: `cannot read ${token()}\u001b[31m` });
    const error = await fromServiceAccount(own())().catch((thrown: Error) => thrown);
    expect((error as Error).message).toContain('cannot read [secret] [31m');
    expect(JSON.stringify(error)).not.toContain(token().split('.')[1]);
  });

  it('believes an answer as AWS writes it', async () => {
    sts.script({ kind: 'raw', status: 200, body: `${good}\n` });
    expect(await fromServiceAccount(own())()).toMatchObject({ accessKeyId: 'A' });
  });

  it.each([
    ['a redirect', { kind: 'raw', status: 307, body: '', headers: { location: 'http://127.0.0.1:1/' } }, 'exchange-failed'],
    ['a bomb', { kind: 'raw', status: 200, body: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' }, 'answer-unreadable'],
    ['JSON', { kind: 'raw', status: 200, body: '{"Credentials":{}}' }, 'answer-unreadable'],
    ['too much', { kind: 'raw', status: 200, body: `${good}${' '.repeat(1_100_000)}` }, 'answer-unreadable'],
  ] as const)('does not believe %s', async (_name, turn, code) => {
    sts.script(turn);
    await expect(fromServiceAccount(own())()).rejects.toMatchObject({ code });
  });

  it('counts the end by AWS’s clock and tells of the skew', async () => {
    sts.script({ kind: 'credentials', seconds: 900, skewMs: 600_000 });
    const events: CredentialEvent[] = [];
    const { expiration } = await fromServiceAccount(own({ onEvent: (event) => void events.push(event) }))();
    expect(Math.abs(expiration.getTime() - Date.now() - 900_000)).toBeLessThan(5_000);
    expect(events.find(({ type }) => type === 'clock-skew')).toMatchObject({ skewMs: expect.closeTo(600_000, -4) });
  });

  it('sends a token that it cannot read, with a warning', async () => {
    await writeFile(tokenFile, 'opaque');
    const events: CredentialEvent[] = [];
    await fromServiceAccount(own({ onEvent: (event) => void events.push(event) }))();
    expect(sts.requests[0]?.form.get('WebIdentityToken')).toBe('opaque');
    expect(events[0]).toMatchObject({ type: 'token-undecodable', file: tokenFile });
  });

  it('does not send a token that has expired', async () => {
    await writeFile(tokenFile, token({ exp: Math.floor(Date.now() / 1_000) - 600 }));
    await expect(fromServiceAccount(own())()).rejects.toMatchObject({ code: 'token-expired', tryNextLink: false });
    expect(sts.requests).toHaveLength(0);
  });

  it('lets the SDK’s chain go on only when nothing is configured, and not when strict', async () => {
    for (const name of ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_FULL_URI']) vi.stubEnv(name, '');
    const absent = {
      code: 'credentials-not-configured',
      message: expect.stringContaining('AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are not set'),
    };
    await expect(fromServiceAccount()()).rejects.toMatchObject({ ...absent, tryNextLink: true });
    await expect(fromServiceAccount({ strict: true })()).rejects.toMatchObject({ ...absent, tryNextLink: false });
    await expect(
      fromServiceAccount({ roleArn: 'no', tokenFile, roleChain: [{ roleArn: 'x', durationSeconds: 7_200 }] })(),
    ).rejects.toMatchObject({
      code: 'credentials-config-invalid',
      tryNextLink: false,
      message:
        'credentials are configured wrongly: /roleChain/0/roleArn: it is not the ARN of a role; /roleChain/0/durationSeconds: it must be a whole number of seconds from 900 to 3600; /roleArn: it is not the ARN of a role',
    });
  });

  it('assumes a chain of roles, signed with the step before, which is exchanged once', async () => {
    const roleChain = [{ roleArn: 'arn:aws:iam::222233334444:role/hop', externalId: 'x', durationSeconds: 900 }];
    const [direct, chained, again] = await Promise.all([
      fromServiceAccount(own())(),
      fromServiceAccount(own({ roleChain }))(),
      fromServiceAccount(own({ roleChain }))(),
    ]);
    expect(sts.requests.map(({ form }) => form.get('Action'))).toEqual(['AssumeRoleWithWebIdentity', 'AssumeRole']);
    const [, second] = sts.requests;
    expect(Object.fromEntries(second?.form ?? [])).toMatchObject({
      RoleArn: 'arn:aws:iam::222233334444:role/hop',
      ExternalId: 'x',
      DurationSeconds: '900',
      RoleSessionName: `test-${number}`,
    });
    expect(second?.headers.authorization).toContain(`Credential=${direct.accessKeyId}/`);
    expect(second?.headers['x-amz-security-token']).toBe(direct.sessionToken);
    expect(chained.accountId).toBe('222233334444');
    expect(again).toEqual(chained);
  });

  it('says in a chain which exchange was refused', async () => {
    sts.script({ kind: 'refusal', code: 'AccessDenied' });
    await expect(fromServiceAccount(own({ roleChain: [{ roleArn: 'arn:aws:iam::222233334444:role/hop' }] }))()).rejects.toMatchObject({
      code: 'exchange-refused',
      message: expect.stringContaining(`for ${ROLE} `),
    });
    expect(sts.requests).toHaveLength(1);
  });

  it('gives a look inside without a secret', async () => {
    const provider = fromServiceAccount(own());
    expect(provider.state()).toBeUndefined();
    const credentials = await provider();
    expect(provider.state()).toMatchObject({
      source: 'web-identity',
      roleArn: ROLE,
      failures: 0,
      exchanges: 1,
      held: { expiration: credentials.expiration },
    });
    expect(JSON.stringify(provider.state())).not.toContain(credentials.sessionToken);
  });

  it('is asked by the SDK’s clients each time, so that renewal begins when it is due and not when the SDK thinks so', async () => {
    let at = Date.now();
    const provider = fromServiceAccount(own({ now: () => new Date(at), random: () => 0 }));
    const { credentials } = new STSClient({ region: 'us-west-2', credentials: provider }).config;
    const first = await credentials();
    at += 2_990_000;
    expect((await credentials()).accessKeyId).toBe(first.accessKeyId);
    expect(provider.state()?.exchanges).toBe(1);
    at += 20_000;
    expect((await credentials()).accessKeyId).toBe(first.accessKeyId);
    await vi.waitUntil(() => provider.state()?.exchanges === 2);
    expect((await credentials()).accessKeyId).not.toBe(first.accessKeyId);
  });

  it('works with the global fetch too', async () => {
    expect((await fromServiceAccount(own({ fetch }))()).accountId).toBe('111122223333');
  });
});

describe('the EKS Pod Identity agent', () => {
  let agent: ReturnType<typeof createServer>;
  let answer: { status: number; body: string };
  const seen: (string | undefined)[] = [];
  beforeAll(async () => {
    agent = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => agent.close(resolve)));
  beforeEach(() => {
    vi.stubEnv('AWS_ROLE_ARN', '');
    vi.stubEnv(
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      `http://127.0.0.1:${(agent.address() as AddressInfo).port}/v1/credentials?n=${number}`,
    );
    vi.stubEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', tokenFile);
  });

  it('gives credentials for the token in its file', async () => {
    answer = {
      status: 200,
      body: JSON.stringify({
        AccessKeyId: 'ASIA1',
        SecretAccessKey: 's',
        Token: 't',
        AccountId: '111122223333',
        Expiration: '2100-01-01T00:00:00Z',
      }),
    };
    const provider = fromServiceAccount();
    expect(await provider()).toEqual({
      accessKeyId: 'ASIA1',
      secretAccessKey: 's',
      sessionToken: 't',
      accountId: '111122223333',
      expiration: new Date('2100-01-01T00:00:00Z'),
    });
    expect(seen.at(-1)).toBe(token());
    expect(provider.state()?.source).toBe('pod-identity');
  });

  it.each([
    [400, '{"code":"AccessDenied","message":"no association"}', 'exchange-refused', 'HTTP 400: AccessDenied: no association'],
    [500, 'oops', 'exchange-failed', 'HTTP 500'],
    [200, '{}', 'answer-unreadable', 'HTTP 200'],
    [200, '[]', 'answer-unreadable', 'HTTP 200'],
    [200, '{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"soon"}', 'answer-unreadable', 'HTTP 200'],
  ])('that answers %i %s is %s', async (status, body, code, words) => {
    answer = { status, body };
    await expect(fromServiceAccount()()).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it('is not asked at an address that is neither the node’s nor loopback', async () => {
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', 'http://example.com/');
    await expect(fromServiceAccount()()).rejects.toMatchObject({
      code: 'credentials-config-invalid',
      message: expect.stringContaining('for the agent on this node'),
    });
  });
});
