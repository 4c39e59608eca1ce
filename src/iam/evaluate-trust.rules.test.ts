import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateTrust } from './evaluate-trust.ts';
import type { TrustRequest } from './trust-request.ts';

const I = 'oidc.example.com/id/A1';
const P = `arn:aws:iam::123456789012:oidc-provider/${I}`;
const SA = 'system:serviceaccount:team-a:default-editor';

function request(claims: Readonly<Record<string, unknown>> = {}, more: Partial<TrustRequest> = {}): TrustRequest {
  return {
    action: 'sts:AssumeRoleWithWebIdentity',
    account: '123456789012',
    roleArn: 'arn:aws:iam::123456789012:role/r',
    providerArn: P,
    issuer: `https://${I}`,
    sessionName: 's1',
    claims: { iss: `https://${I}`, sub: SA, aud: 'sts.amazonaws.com', ...claims },
    ...more,
  };
}

const allow = (condition: unknown, more: object = {}): object => ({
  Effect: 'Allow',
  Principal: { Federated: P },
  Action: 'sts:AssumeRoleWithWebIdentity',
  ...(condition === undefined ? {} : { Condition: condition }),
  ...more,
});
const policy = (...statements: readonly object[]): object => ({ Version: '2012-10-17', Statement: statements });
const verdict = (condition: unknown, asked: TrustRequest = request()): string => evaluateTrust(policy(allow(condition)), asked).verdict;

describe('string operators', () => {
  it.each<[string, object, Readonly<Record<string, unknown>>, 'allow' | 'deny']>([
    ['IgnoreCase lower-cases and does not fold', { StringEqualsIgnoreCase: { [`${I}:sub`]: 'STRASSE' } }, { sub: 'straße' }, 'deny'],
    ['IgnoreCase of letters beyond ASCII', { StringEqualsIgnoreCase: { [`${I}:sub`]: 'É' } }, { sub: 'é' }, 'allow'],
    ['NotEqualsIgnoreCase', { StringNotEqualsIgnoreCase: { [`${I}:sub`]: SA.toUpperCase() } }, {}, 'deny'],
    ['? is one UTF-16 unit', { StringLike: { [`${I}:sub`]: 'a?b' } }, { sub: 'a😀b' }, 'deny'],
    ['?? is a surrogate pair', { StringLike: { [`${I}:sub`]: 'a??b' } }, { sub: 'a😀b' }, 'allow'],
    ['a star crosses line feeds', { StringLike: { [`${I}:sub`]: 'a*b' } }, { sub: 'a\n:/b' }, 'allow'],
    ['a backslash escapes nothing', { StringLike: { [`${I}:sub`]: 'a\\*b' } }, { sub: 'a*b' }, 'deny'],
    ['a star alone admits the empty subject', { StringLike: { [`${I}:sub`]: '*' } }, { sub: '' }, 'allow'],
    ['StringNotLike', { StringNotLike: { [`${I}:sub`]: 'system:*' } }, {}, 'deny'],
    ['an empty list equals nothing', { StringEquals: { [`${I}:sub`]: [] } }, {}, 'deny'],
    ['IfExists compares a key that exists', { StringEqualsIfExists: { [`${I}:sub`]: 'x' } }, {}, 'deny'],
    ['key names compare without case, issuer included', { StringEquals: { [`${I.toUpperCase()}:SUB`]: SA } }, {}, 'allow'],
    ['numbers may stand unquoted', { StringEquals: { [`${I}:sub`]: 123 } }, { sub: '123' }, 'allow'],
    ['booleans may stand unquoted', { StringEquals: { [`${I}:sub`]: true } }, { sub: 'true' }, 'allow'],
    ['an empty subject is present', { Null: { [`${I}:sub`]: false } }, { sub: '' }, 'allow'],
    ['a null subject is absent', { Null: { [`${I}:sub`]: 'true' } }, { sub: null }, 'allow'],
  ])('%s', (_, condition, claims, expected) => {
    expect(verdict(condition, request(claims))).toBe(expected);
  });
});

describe('keys of a generic issuer', () => {
  it.each<[string, object, Readonly<Record<string, unknown>>, 'allow' | 'deny']>([
    ['aud of an array of one', { StringEquals: { [`${I}:aud`]: 'a' } }, { aud: ['a'] }, 'allow'],
    ['azp stands for aud', { StringEquals: { [`${I}:aud`]: 'b' } }, { aud: ['a'], azp: 'b' }, 'allow'],
    ['oaud is aud as sent', { StringEquals: { [`${I}:oaud`]: 'a' } }, { aud: 'a', azp: 'b' }, 'allow'],
    ['email', { StringEquals: { [`${I}:email`]: 'a@b' } }, { email: 'a@b' }, 'allow'],
    ['iss is not published', { StringEquals: { [`${I}:iss`]: `https://${I}` } }, {}, 'deny'],
    ['a scheme is no part of a key', { StringEquals: { [`https://${I}:sub`]: SA } }, {}, 'deny'],
    ['amr of one text is still a list', { StringEquals: { [`${I}:amr`]: 'mfa' } }, { amr: 'mfa' }, 'deny'],
    ['an empty amr is absent', { 'ForAllValues:StringEquals': { [`${I}:amr`]: 'mfa' } }, { amr: [] }, 'allow'],
    ['a list under a negated scalar operator never matches', { StringNotEquals: { [`${I}:amr`]: 'x' } }, { amr: ['mfa'] }, 'deny'],
    ['ForAnyValue on an absent key', { 'ForAnyValue:StringNotEquals': { [`${I}:amr`]: 'x' } }, {}, 'deny'],
    ['ForAnyValue with IfExists on an absent key', { 'ForAnyValue:StringEqualsIfExists': { [`${I}:amr`]: 'x' } }, {}, 'allow'],
    [
      'ForAnyValue of a negation wants one other element',
      { 'ForAnyValue:StringNotEquals': { [`${I}:amr`]: 'mfa' } },
      { amr: ['pwd', 'mfa'] },
      'allow',
    ],
    ['ForAllValues wants every element', { 'ForAllValues:StringLike': { [`${I}:amr`]: 'm*' } }, { amr: ['mfa', 'pwd'] }, 'deny'],
    ['the provider is a key', { ArnEquals: { 'aws:FederatedProvider': P } }, {}, 'allow'],
    ['the provider is the user id', { StringEquals: { 'aws:userid': P } }, {}, 'allow'],
    ['the account of the principal is the provider’s', { StringEquals: { 'aws:PrincipalAccount': '123456789012' } }, {}, 'allow'],
    ['the type of the principal', { StringEquals: { 'aws:PrincipalType': 'User' } }, {}, 'allow'],
    ['the principal has no ARN', { Null: { 'aws:PrincipalArn': true } }, {}, 'allow'],
    ['no roles claim, not authorised by the issuer', { Bool: { 'sts:RoleAuthorizedByIdp': false } }, {}, 'allow'],
    [
      'a roles claim that names the role',
      { Bool: { 'sts:RoleAuthorizedByIdp': 'TRUE' } },
      { 'https://aws.amazon.com/roles': 'x;arn:aws:iam::123456789012:role/r' },
      'allow',
    ],
    [
      'a session tag',
      { StringEquals: { 'aws:RequestTag/Team': 'a' } },
      { 'https://aws.amazon.com/tags': { principal_tags: { Team: ['a'] } } },
      'allow',
    ],
    [
      'a session tag in the flat form',
      { StringEquals: { 'aws:requesttag/team': 'a' } },
      { 'https://aws.amazon.com/tags/principal_tags/Team': 'a' },
      'allow',
    ],
    [
      'tag keys are a list',
      { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['Team'] } },
      { 'https://aws.amazon.com/tags': { principal_tags: { Team: ['a'] } } },
      'allow',
    ],
    [
      'transitive tag keys',
      { 'ForAnyValue:StringEquals': { 'sts:TransitiveTagKeys': 'Team' } },
      { 'https://aws.amazon.com/tags': { transitive_tag_keys: ['Team'] } },
      'allow',
    ],
    ['the source identity', { StringEquals: { 'sts:SourceIdentity': 'me' } }, { 'https://aws.amazon.com/source_identity': 'me' }, 'allow'],
  ])('%s', (_, condition, claims, expected) => {
    expect(verdict(condition, request(claims))).toBe(expected);
  });
});

describe('typed operators', () => {
  const context = {
    'aws:SourceIp': '10.1.2.3',
    'x:v6': '2001:db8::1',
    'aws:CurrentTime': '2026-01-02T03:04:05Z',
    'aws:EpochTime': '1767323045',
    'x:n': '10',
    'x:bytes': 'aGk=',
    'x:arn': 'arn:aws:s3:::bucket/a:b',
    'x:many': ['1', '20'],
  };
  it.each<[object, 'allow' | 'deny']>([
    [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, 'allow'],
    [{ IpAddress: { 'aws:SourceIp': ['192.168.0.0/16', '10.1.2.3'] } }, 'allow'],
    [{ IpAddress: { 'aws:SourceIp': '10.1.2.0/31' } }, 'deny'],
    [{ IpAddress: { 'aws:SourceIp': '::/0' } }, 'deny'],
    [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, 'deny'],
    [{ NotIpAddress: { 'aws:SourceIp': '11.0.0.0/8' } }, 'allow'],
    [{ IpAddress: { 'x:v6': '2001:db8::/32' } }, 'allow'],
    [{ IpAddress: { 'x:v6': '2001:0db8:0:0:0:0:0:1' } }, 'allow'],
    [{ DateLessThan: { 'aws:CurrentTime': '2026-01-02T03:04:06Z' } }, 'allow'],
    [{ DateGreaterThanEquals: { 'aws:CurrentTime': '2026-01-02T04:04:05+01:00' } }, 'allow'],
    [{ DateGreaterThan: { 'aws:CurrentTime': '2026-01-02' } }, 'allow'],
    [{ DateEquals: { 'aws:EpochTime': '2026-01-02T03:04:05Z' } }, 'allow'],
    [{ DateNotEquals: { 'aws:CurrentTime': '2026-01-02T03:04:05.000Z' } }, 'deny'],
    [{ DateLessThanEquals: { 'aws:CurrentTime': 'tomorrow' } }, 'deny'],
    [{ NumericEquals: { 'x:n': 10 } }, 'allow'],
    [{ NumericEquals: { 'x:n': '10.0' } }, 'allow'],
    [{ NumericNotEquals: { 'x:n': '1e1' } }, 'deny'],
    [{ NumericLessThan: { 'x:n': '10' } }, 'deny'],
    [{ NumericLessThanEquals: { 'x:n': '10' } }, 'allow'],
    [{ NumericGreaterThan: { 'x:n': '-1' } }, 'allow'],
    [{ NumericGreaterThanEquals: { 'x:n': '11' } }, 'deny'],
    [{ NumericNotEquals: { [`${I}:sub`]: '1' } }, 'deny'],
    [{ 'ForAnyValue:NumericGreaterThan': { 'x:many': '10' } }, 'allow'],
    [{ 'ForAllValues:NumericGreaterThan': { 'x:many': '10' } }, 'deny'],
    [{ BinaryEquals: { 'x:bytes': 'aGk' } }, 'allow'],
    [{ BinaryEquals: { 'x:bytes': 'aGo=' } }, 'deny'],
    [{ ArnLike: { 'x:arn': 'arn:aws:s3:::bucket/*' } }, 'allow'],
    [{ ArnEquals: { 'x:arn': 'arn:*:s3:::bucket/a:b' } }, 'allow'],
    [{ ArnLike: { 'x:arn': 'arn:*' } }, 'deny'],
    [{ ArnLike: { 'x:arn': 'arn:aws:s3*bucket/a:b' } }, 'deny'],
    [{ ArnNotLike: { 'x:arn': 'arn:aws:s3:::other' } }, 'allow'],
    [{ ArnNotEquals: { 'x:n': 'arn:aws:s3:::other' } }, 'deny'],
    [{ BoolIfExists: { 'aws:SecureTransport': 'true' } }, 'allow'],
    [{ NumericLessThanIfExists: { 'x:absent': '1' } }, 'allow'],
    [{ NotIpAddress: { 'x:absent': '10.0.0.0/8' } }, 'allow'],
    [{ Bool: { 'x:n': '10' } }, 'deny'],
  ])('%j: %s', (condition, expected) => {
    expect(verdict(condition, request({}, { context }))).toBe(expected);
  });
});

describe('policy variables', () => {
  const session = (value: unknown, asked: TrustRequest): string => verdict({ StringEquals: { 'sts:RoleSessionName': value } }, asked);

  it('stand for a key, with a default where it is absent', () => {
    expect(session(`\${${I}:email, 'nobody'}`, request({}, { sessionName: 'nobody' }))).toBe('allow');
    expect(session(`\${${I}:email, 'nobody'}`, request({ email: 'me' }, { sessionName: 'me' }))).toBe('allow');
    expect(session(`a-\${${I}:sub}-b`, request({ sub: 'x' }, { sessionName: 'a-x-b' }))).toBe('allow');
  });

  it('equal nothing when the key is absent or a list', () => {
    expect(session(`\${${I}:email}`, request({}, { sessionName: `\${${I}:email}` }))).toBe('deny');
    expect(session(`\${${I}:amr}`, request({ amr: ['x'] }, { sessionName: 'x' }))).toBe('deny');
  });

  it('are literal text inside a pattern', () => {
    const like = (asked: TrustRequest): string => verdict({ StringLike: { 'sts:RoleSessionName': `\${${I}:sub}` } }, asked);
    expect(like(request({ sub: '*' }, { sessionName: 'anything' }))).toBe('deny');
    expect(like(request({ sub: '*' }, { sessionName: '*' }))).toBe('allow');
  });

  it('spell the three special characters', () => {
    expect(verdict({ StringEquals: { [`${I}:sub`]: `\${$}{\${*}\${?}` } }, request({ sub: '${*?' }))).toBe('allow');
    expect(verdict({ StringLike: { [`${I}:sub`]: `a\${?}b` } }, request({ sub: 'axb' }))).toBe('deny');
  });

  it('are not replaced in typed operators', () => {
    expect(verdict({ NumericEquals: { [`${I}:sub`]: `\${${I}:sub}` } }, request({ sub: '1' }))).toBe('deny');
  });
});

describe('principals and actions', () => {
  const judge = (more: object, asked = request()): string => evaluateTrust(policy(allow(undefined, more)), asked).verdict;

  it.each<[object, 'allow' | 'deny']>([
    [{ Principal: '*' }, 'deny'],
    [{ Principal: { AWS: '*' } }, 'deny'],
    [{ Principal: { Federated: '*' } }, 'deny'],
    [{ Principal: { Service: 'x.amazonaws.com', Federated: [P] } }, 'allow'],
    [{ Principal: { AWS: P } }, 'deny'],
    [{ Principal: { Federated: P.toUpperCase() } }, 'deny'],
    [{ Principal: { Federated: [] } }, 'deny'],
    [{ Principal: undefined, NotPrincipal: { Federated: P } }, 'deny'],
    [{ Principal: undefined, NotPrincipal: { Federated: `${P}/` } }, 'allow'],
    [{ Principal: undefined, NotPrincipal: '*' }, 'deny'],
    [{ Action: 'STS:assumerolewithwebidentity' }, 'allow'],
    [{ Action: ['sts:TagSession', 'sts:AssumeRoleWith*'] }, 'allow'],
    [{ Action: 'sts:AssumeRoleWithWebIdentit?' }, 'allow'],
    [{ Action: '*' }, 'allow'],
    [{ Action: [] }, 'deny'],
    [{ Action: undefined, NotAction: 'sts:AssumeRole' }, 'allow'],
    [{ Action: undefined, NotAction: 'sts:*' }, 'deny'],
  ])('%j: %s', (more, expected) => {
    expect(judge(more)).toBe(expected);
  });

  it('judges TagSession by the same rules', () => {
    expect(judge({ Action: 'sts:TagSession' }, request({}, { action: 'sts:TagSession' }))).toBe('allow');
  });

  it('lets a Deny with NotPrincipal spare the provider', () => {
    const fence = { Effect: 'Deny', NotPrincipal: { Federated: P }, Action: 'sts:*' };
    expect(evaluateTrust(policy(allow(undefined), fence), request()).verdict).toBe('allow');
  });
});

describe('documents', () => {
  it('a statement that is an object is a list of one', () => {
    expect(evaluateTrust({ Version: '2012-10-17', Statement: allow(undefined) }, request()).verdict).toBe('allow');
  });

  it('members that IAM would refuse or does not know do not matter', () => {
    expect(evaluateTrust({ ...policy(allow(undefined, { Resource: 'x', Note: 1 })), Id: 'i', Note: 2 }, request()).verdict).toBe('allow');
  });

  it.each<[unknown, string]>([
    [null, ''],
    [[], ''],
    [{ Version: '2012-10-17' }, ''],
    [{ Version: '2015-01-01', Statement: [allow(undefined)] }, '/Version'],
    [policy(), '/Statement'],
    [policy(allow(undefined, { Effect: 'allow' })), '/Statement/0/Effect'],
    [policy(allow(undefined, { Sid: 1 })), '/Statement/0/Sid'],
    [policy(allow(undefined, { Principal: undefined })), '/Statement/0'],
    [policy(allow(undefined, { Principal: 'x' })), '/Statement/0/Principal'],
    [policy(allow(undefined, { Principal: {} })), '/Statement/0/Principal'],
    [policy(allow(undefined, { Principal: { Robot: 'x' } })), '/Statement/0/Principal/Robot'],
    [policy(allow(undefined, { Principal: { AWS: 1 } })), '/Statement/0/Principal/AWS'],
    [policy(allow(undefined, { NotPrincipal: '*' })), '/Statement/0'],
    [policy(allow(undefined, { Action: undefined })), '/Statement/0'],
    [policy(allow(undefined, { NotAction: 'x' })), '/Statement/0'],
    [policy(allow(undefined, { Action: [1] })), '/Statement/0/Action'],
    [policy(allow([])), '/Statement/0/Condition'],
    [policy(allow({ StringSounds: {} })), '/Statement/0/Condition/StringSounds'],
    [policy(allow({ StringEquals: 'x' })), '/Statement/0/Condition/StringEquals'],
    [policy(allow({ StringEquals: { 'a/b~c': null } })), '/Statement/0/Condition/StringEquals/a~1b~0c'],
    [policy(allow({ StringEquals: { a: [['x']] } })), '/Statement/0/Condition/StringEquals/a'],
    [{ Statement: 'x' }, '/Statement'],
  ])('%j is malformed at %j and denies', (document, path) => {
    const result = evaluateTrust(document as object, request());
    expect(result).toMatchObject({ verdict: 'deny', error: { code: 'malformed', path } });
    expect(result.explain()).toMatchObject({ reason: 'policy-unreadable', verdict: 'deny' });
  });

  it('never throws, whatever the document and the claims', () => {
    fc.assert(
      fc.property(
        fc.anything(),
        fc.dictionary(fc.constantFrom('sub', 'aud', 'azp', 'amr', 'email', 'https://aws.amazon.com/tags'), fc.anything()),
        (document, claims) => {
          const asked = request(claims);
          const result = evaluateTrust(document as object, asked);
          result.explain();
          evaluateTrust(
            policy(allow({ StringLike: { [`${I}:sub`]: '*', [`${I}:aud`]: '*' }, 'ForAllValues:StringLike': { [`${I}:amr`]: 'x' } })),
            asked,
          ).explain();
          expect(result.verdict).toBe('deny');
        },
      ),
      { numRuns: 300 },
    );
  });
});
