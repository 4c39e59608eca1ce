import { describe, expect, it } from 'vitest';
import { closedTrustDocument } from './trust-document.ts';
import { validateIdentityForWrite } from './validate-identity-policy.ts';
import { validateTrustForWrite } from './validate-trust.ts';

const P = 'arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/A1';
const base = { Effect: 'Allow', Principal: { Federated: P }, Action: 'sts:AssumeRoleWithWebIdentity' };
const text = (...statements: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const shared = (issuer: string, condition: unknown): string =>
  text({ ...base, Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${issuer}` }, Condition: condition });

describe('what IAM says to a trust policy', () => {
  it.each([
    ['an open one for a private issuer', text(base)],
    [
      'a provider that does not exist',
      text({ ...base, Principal: { Federated: 'arn:aws:iam::123456789012:oidc-provider/nowhere.example.com' } }),
    ],
    ['the closed one', closedTrustDocument(P)],
    ['an empty list of values', text({ ...base, Condition: { StringEquals: { 'oidc.example.com/id/A1:sub': [] } } })],
    ['every AWS principal', text({ ...base, Principal: { AWS: '*' }, Action: 'sts:AssumeRole' })],
    ['a service', text({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' })],
    [
      'a SAML provider',
      text({ ...base, Principal: { Federated: 'arn:aws:iam::123456789012:saml-provider/x' }, Action: 'sts:AssumeRoleWithSAML' }),
    ],
    ['a tag session', text({ ...base, Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'] })],
  ])('accepts %s', (_, document) => {
    expect(validateTrustForWrite(document)).toEqual({ ok: true });
  });

  it.each([
    ['no JSON', '{"Version"', 'This policy contains invalid Json'],
    ['a trailing comma', '{"Statement":[],}', 'This policy contains invalid Json'],
    ['a resource', text({ ...base, Resource: '*' }), 'Has prohibited field Resource'],
    ['the star', text({ ...base, Principal: '*' }), 'AssumeRolepolicy contained an invalid principal: "STAR":"*".'],
    ['no principal', text({ ...base, Principal: undefined }), 'Missing required field Principal'],
    [
      'Allow with NotPrincipal',
      text({ ...base, Principal: undefined, NotPrincipal: { AWS: '*' } }),
      'Allow with NotPrincipal is not allowed.',
    ],
    ['a wildcard action', text({ ...base, Action: 'sts:*' }), 'AssumeRole policy may only specify STS AssumeRole actions.'],
    [
      'another case of the action',
      text({ ...base, Action: 'STS:assumerolewithwebidentity' }),
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
    ['another service', text({ ...base, Action: 's3:GetObject' }), 'AssumeRole policy may only specify STS AssumeRole actions.'],
    [
      'a malformed provider',
      text({ ...base, Principal: { Federated: 'not a domain' } }),
      'Federated principals must be valid domain names or SAML metadata ARNs',
    ],
    ['two equal Sids', text({ ...base, Sid: 'A' }, { ...base, Sid: 'A' }), 'The Statement Ids in the policy are not unique'],
  ])('refuses %s', (_, document, message) => {
    expect(validateTrustForWrite(document)).toEqual({ ok: false, code: 'MalformedPolicyDocument', message });
  });

  it.each([
    ['an empty list', '{"Version":"2012-10-17","Statement":[]}'],
    ['an unknown version', '{"Version":"2020-01-01","Statement":[]}'],
    ['another effect', text({ ...base, Effect: 'allow' })],
    ['an unknown operator', text({ ...base, Condition: { StringSounds: { a: 'b' } } })],
    ['a Sid with a dash', text({ ...base, Sid: 'a-b' })],
  ])('refuses %s as malformed', (_, document) => {
    expect(validateTrustForWrite(document)).toMatchObject({ ok: false, code: 'MalformedPolicyDocument' });
  });

  it('refuses characters that its API does not take before anything else', () => {
    expect(validateTrustForWrite('{"Ā"')).toMatchObject({ ok: false, code: 'ValidationError' });
    expect(validateTrustForWrite('')).toMatchObject({ ok: false, code: 'ValidationError' });
  });

  it('asks whether an AWS principal exists', () => {
    const role = 'arn:aws:iam::123456789012:role/r';
    const document = text({ ...base, Principal: { AWS: role }, Action: 'sts:AssumeRole' });
    expect(validateTrustForWrite(document, { existingPrincipal: (one) => one === role })).toEqual({ ok: true });
    expect(validateTrustForWrite(document, { existingPrincipal: () => false })).toMatchObject({
      message: `Invalid principal in policy: "AWS":"${role}"`,
    });
    expect(validateTrustForWrite(text({ ...base, Principal: { AWS: 'me' }, Action: 'sts:AssumeRole' }))).toMatchObject({
      message: 'Invalid principal in policy: "AWS":"me"',
    });
  });
});

describe("IAM's control of shared issuers", () => {
  const refusal = (issuer: string, keys: string): object => ({
    ok: false,
    code: 'MalformedPolicyDocument',
    message: `Trust policy with trusted principal ${issuer} must evaluate, using StringEquals, StringLike or StringEqualsIgnoreCase, ${keys} which is not scoped to all.`,
  });

  it.each<[string, unknown, boolean]>([
    ['no condition', undefined, false],
    ['the audience alone', { StringEquals: { 'gitlab.com:aud': 'x' } }, false],
    ['a scoped subject', { StringEquals: { 'gitlab.com:sub': 'project_path:g/p' } }, true],
    ['a set operator', { 'ForAnyValue:StringLike': { 'gitlab.com:sub': 'project_path:g/*' } }, true],
    ['another case of the key', { StringEqualsIgnoreCase: { 'GitLab.com:SUB': 'x' } }, true],
    ['the star', { StringLike: { 'gitlab.com:sub': ['x', '*'] } }, false],
    ['two stars, which pass', { StringLike: { 'gitlab.com:sub': '**' } }, true],
    ['an empty list, which passes', { StringEquals: { 'gitlab.com:sub': [] } }, true],
    ['IfExists', { StringEqualsIfExists: { 'gitlab.com:sub': 'x' } }, false],
    ['a negation', { StringNotEquals: { 'gitlab.com:sub': 'x' } }, false],
    ['Null', { Null: { 'gitlab.com:sub': 'false' } }, false],
    ['one good operator beside a bad', { StringLike: { 'gitlab.com:sub': '*' }, StringEquals: { 'gitlab.com:sub': 'x' } }, true],
  ])('%s', (_, condition, accepted) => {
    expect(validateTrustForWrite(shared('gitlab.com', condition))).toEqual(
      accepted ? { ok: true } : refusal('gitlab.com', 'gitlab.com:sub'),
    );
  });

  it('takes either of two keys of GitHub, not starting with a wildcard or blank, enterprises included', () => {
    const github = 'token.actions.githubusercontent.com';
    expect(validateTrustForWrite(shared(github, { StringLike: { [`${github}:job_workflow_ref`]: 'org/*' } }))).toEqual({ ok: true });
    for (const value of ['*/x', ' ', '']) {
      expect(validateTrustForWrite(shared(github, { StringLike: { [`${github}:sub`]: value } }))).toEqual(
        refusal(github, `${github}:sub or ${github}:job_workflow_ref`),
      );
    }
    expect(validateTrustForWrite(shared(`${github}/acme`, {}))).toMatchObject({ ok: false });
  });

  it('wants the audience of audience-scoped issuers and an application of Google', () => {
    expect(validateTrustForWrite(shared('oidc.vercel.com', { StringEquals: { 'oidc.vercel.com:aud': 'x' } }))).toEqual({ ok: true });
    const google = (condition: unknown): object =>
      validateTrustForWrite(text({ ...base, Principal: { Federated: 'accounts.google.com' }, Condition: condition }));
    expect(google({ StringEquals: { 'accounts.google.com:aud': 'x' } })).toEqual({ ok: true });
    expect(google({ StringLike: { 'accounts.google.com:aud': 'x' } })).toMatchObject({
      message: 'Policy trusting accounts.google.com requires a StringEquals condition on an application id',
    });
  });
});

describe('what IAM says to an identity policy', () => {
  const identity = (statement: object): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', ...statement }] });

  it.each([{}, { Action: '*' }, { Action: undefined, NotAction: ['iam:*'] }, { Resource: undefined, NotResource: 'arn:aws:s3:::x' }])(
    'accepts %j',
    (statement) => {
      expect(validateIdentityForWrite(identity(statement))).toEqual({ ok: true });
    },
  );

  it.each([
    [{ Principal: '*' }, 'Policy document should not specify a principal.'],
    [{ Action: 'GetObject' }, 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.'],
    [{ Resource: 'bucket' }, 'Resource bucket must be in ARN format or "*".'],
    [{ Action: [] }, 'Policy statement must contain actions.'],
    [{ Resource: [] }, 'Policy statement must contain resources.'],
  ])('refuses %j', (statement, message) => {
    expect(validateIdentityForWrite(identity(statement))).toEqual({ ok: false, code: 'MalformedPolicyDocument', message });
  });

  it('refuses what is no policy, duplicate Sids and foreign characters', () => {
    expect(validateIdentityForWrite('{')).toMatchObject({ ok: false, message: 'Syntax errors in policy.' });
    expect(validateIdentityForWrite('{}')).toMatchObject({ ok: false, code: 'MalformedPolicyDocument' });
    expect(validateIdentityForWrite('Ā')).toMatchObject({ ok: false, code: 'ValidationError' });
    const one = { Sid: 'A', Effect: 'Allow', Action: '*', Resource: '*' };
    expect(validateIdentityForWrite(JSON.stringify({ Statement: [one, one] }))).toMatchObject({
      message: 'Statement IDs (SID) in a single policy must be unique.',
    });
  });
});
