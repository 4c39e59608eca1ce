import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { ISSUER, SILENT_ISSUER, SUBJECT } from './issuer.ts';
import { expectRefusal, type Refusal, type Stage, succeeded } from './scenario.ts';

const ROLE = 'client-tests';
const FETCH =
  /^Couldn't retrieve verification key from your identity provider, {2}please reference AssumeRoleWithWebIdentity documentation/;
const NOT_AUTHORIZED = 'Not authorized to perform sts:AssumeRoleWithWebIdentity';
const NOT_VALIDATED =
  'The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.';

interface Row {
  readonly name: string;
  /** Claims that differ from those of a good token. */
  readonly claims?: () => Json;
  /** In place of a signed token. */
  readonly token?: (stage: Stage) => Promise<string>;
  /** Parameters that differ. */
  readonly input?: Json;
  readonly refusal: Refusal;
}

const invalid = (message: string | RegExp): Refusal => ({ code: 'InvalidIdentityToken', status: 400, message });
const now = (): number => Math.floor(Date.now() / 1000);

/** Every refusal that the exchange of an OIDC token can meet. IDPRejectedClaim is for opaque tokens, RegionDisabledException for switched-off regions. */
const ROWS: readonly Row[] = [
  {
    name: 'the role does not exist',
    input: { RoleArn: 'arn:aws:iam::111122223333:role/nobody' },
    refusal: { code: 'AccessDenied', status: 403, message: NOT_AUTHORIZED },
  },
  {
    name: 'the trust policy names another subject',
    claims: () => ({ sub: 'system:serviceaccount:clients:other' }),
    refusal: { code: 'AccessDenied', status: 403, message: NOT_AUTHORIZED },
  },
  {
    name: 'the provider id is unknown',
    input: { ProviderId: 'accounts.example.com' },
    refusal: { code: 'AccessDenied', status: 403, message: NOT_AUTHORIZED },
  },
  ...['iss', 'sub', 'aud', 'iat', 'exp'].map(
    (claim): Row => ({
      name: `the token lacks ${claim}`,
      claims: () => ({ [claim]: undefined }),
      refusal: invalid(`Missing a required claim: ${claim}`),
    }),
  ),
  {
    name: 'no provider is registered for the issuer',
    claims: () => ({ iss: 'https://nobody.podrole.test' }),
    refusal: invalid(NOT_VALIDATED),
  },
  { name: 'the audience is not registered', claims: () => ({ aud: 'client-c' }), refusal: invalid(NOT_VALIDATED) },
  {
    name: 'the token has two audiences and no azp',
    claims: () => ({ aud: ['client-a', 'client-b'] }),
    refusal: invalid('Token audience contains more than one audience while authorized party is not present'),
  },
  {
    name: 'the token has an empty list of audiences',
    claims: () => ({ aud: [] }),
    refusal: invalid('Claim is not allowed to be empty: aud'),
  },
  {
    name: 'the token is not valid yet',
    claims: () => ({ nbf: now() + 900 }),
    refusal: invalid(/^Token not yet valid: current date\/time \d+ must be after or equal to the not-before date\/time \d+/),
  },
  {
    name: 'the token was issued in the future',
    claims: () => ({ iat: now() + 900 }),
    refusal: invalid(/^Token issued in the future: \d+/),
  },
  { name: 'a time has a fraction', claims: () => ({ exp: now() + 900.5 }), refusal: invalid('Invalid timestamp in token claims.') },
  { name: 'the token is no token', token: async () => 'not-a-token', refusal: invalid(/^The ID Token provided is not a valid JWT/) },
  {
    name: 'the signature is another key’s',
    token: (stage) => stage.world().issuer.forged(),
    refusal: { code: 'InvalidIdentityToken', status: 400 },
  },
  { name: 'the key is not published', token: (stage) => stage.world().issuer.forged('unknown'), refusal: invalid(FETCH) },
  { name: 'the issuer cannot be reached', claims: () => ({ iss: SILENT_ISSUER }), refusal: invalid(FETCH) },
  {
    name: 'the tags have the wrong form',
    claims: () => ({ 'https://aws.amazon.com/tags': { principal_tags: { team: 'a' } } }),
    refusal: invalid(/^principal_tags passed in claim is not in correct format\.?$/),
  },
  {
    name: 'an OIDC token comes as one of Amazon’s own',
    input: { ProviderId: 'www.amazon.com' },
    refusal: invalid('Provided Token is not a Login With Amazon token'),
  },
  {
    name: 'the token has expired',
    claims: () => ({ iat: now() - 1_000, exp: now() - 400 }),
    refusal: {
      code: 'ExpiredTokenException',
      status: 400,
      message: /^Token expired: current date\/time \d+ must be before the expiration date\/time \d+/,
    },
  },
  {
    name: 'the session policy is no policy',
    input: { Policy: '{"no":"policy"}' },
    refusal: { code: 'MalformedPolicyDocument', status: 400 },
  },
  {
    name: 'session policies and their ARNs are too long together',
    input: {
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${'b'.repeat(1_930)}` }],
      }),
      PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' }, { arn: 'arn:aws:iam::aws:policy/AdministratorAccess' }],
    },
    refusal: {
      code: 'PackedPolicyTooLarge',
      status: 400,
      message: /^Packed size of session policies and session tags consumes \d+% of allotted space\.$/,
    },
  },
  {
    name: 'the session name has a blank',
    input: { RoleSessionName: 'a b' },
    refusal: {
      code: 'ValidationError',
      status: 400,
      message:
        /^1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: \[\\w\+=,\.@-\]\*/,
    },
  },
  {
    name: 'the ARN is no role’s',
    input: { RoleArn: 'arn:aws:iam::111122223333:oidc-provider/issuer.clients.podrole.test' },
    refusal: { code: 'ValidationError', status: 400, message: 'Request ARN is invalid' },
  },
  {
    name: 'the session would outlive the role’s maximum',
    input: { DurationSeconds: 7200 },
    refusal: {
      code: 'ValidationError',
      status: 400,
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    },
  },
  {
    name: 'the subject is null',
    claims: () => ({ sub: null }),
    refusal: { code: 'InternalFailure', status: 500, message: 'Unknown error validating third-party token' },
  },
];

/** Refusals of `AssumeRoleWithWebIdentity`, with code, status and text. */
export function refusals(stage: Stage, start: (env: Readonly<Record<string, string>>) => Client): void {
  describe('exchanging a token', () => {
    const input = async ({ claims, token, input: differing }: Omit<Row, 'name' | 'refusal'>): Promise<Json> => ({
      RoleArn: `arn:aws:iam::${stage.world().facts.account}:role/${ROLE}`,
      RoleSessionName: 'tester',
      WebIdentityToken: await (token?.(stage) ?? stage.world().issuer.token(claims?.())),
      ...differing,
    });

    beforeAll(async () => {
      const { account } = stage.world().facts;
      const providers = [ISSUER, SILENT_ISSUER];
      for (const Url of providers)
        await stage.admin('iam', 'CreateOpenIDConnectProvider', {
          Url,
          ClientIDList: ['client-a', 'client-b'],
          ThumbprintList: ['a'.repeat(40)],
        });
      const [host] = providers.map((url) => new URL(url).host);
      const trust = {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${host}` },
            Action: 'sts:AssumeRoleWithWebIdentity',
            Condition: { StringEquals: { [`${host}:sub`]: SUBJECT } },
          },
        ],
      };
      await stage.admin('iam', 'CreateRole', { RoleName: ROLE, AssumeRolePolicyDocument: JSON.stringify(trust) });
    });

    it('gives credentials for a good one, and says whose it was', async () => {
      const { account } = stage.world().facts;
      const output = succeeded(await stage.anonymous('sts', 'AssumeRoleWithWebIdentity', await input({})), 'AssumeRoleWithWebIdentity');
      expect(output).toMatchObject({
        subjectFromWebIdentityToken: SUBJECT,
        audience: 'client-a',
        provider: `arn:aws:iam::${account}:oidc-provider/${new URL(ISSUER).host}`,
        assumedRoleUser: { arn: `arn:aws:sts::${account}:assumed-role/${ROLE}/tester` },
      });
      expect(output.credentials.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    });

    for (const row of ROWS) {
      it(`is refused when ${row.name}`, async () => {
        expectRefusal(await stage.anonymous('sts', 'AssumeRoleWithWebIdentity', await input(row)), row.refusal);
      });
    }

    it('is refused when the service itself is troubled', async () => {
      const operation = 'sts:AssumeRoleWithWebIdentity';
      const env = await stage
        .world()
        .faulty([`${operation}=Throttling`, `${operation}=IDPCommunicationError`, `${operation}=InternalFailure`]);
      const client = start(env);
      const good = await input({});
      expectRefusal(await client.call('sts', 'AssumeRoleWithWebIdentity', good), {
        code: 'Throttling',
        status: 400,
        message: 'Rate exceeded',
      });
      expectRefusal(await client.call('sts', 'AssumeRoleWithWebIdentity', good), { code: 'IDPCommunicationError', status: 400 });
      expectRefusal(await client.call('sts', 'AssumeRoleWithWebIdentity', good), { code: 'InternalFailure', status: 500 });
      client.close();
    });
  });
}
