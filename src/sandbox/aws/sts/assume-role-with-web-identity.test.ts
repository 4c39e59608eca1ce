import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  accountWithRole,
  credentialsOf,
  element,
  exchange,
  ISSUER,
  PROVIDER_ARN,
  query,
  ROLE,
  ROLE_ARN,
  SUBJECT,
  trustOf,
} from '../testing/sandbox-account.ts';

const COULD_NOT_BE_VALIDATED =
  'The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.';
const NO_KEY =
  "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";
const NOT_AUTHORIZED = 'Not authorized to perform sts:AssumeRoleWithWebIdentity';

function constraint(value: string, member: string, rule: string): string {
  return `1 validation error detected: Value ${value} at '${member}' failed to satisfy constraint: Member must ${rule}`;
}

describe('AssumeRoleWithWebIdentity refuses parameters', () => {
  it.each([
    [
      'a session name with a space',
      { RoleSessionName: 'a b' },
      constraint("'a b'", 'roleSessionName', 'satisfy regular expression pattern: [\\w+=,.@-]*'),
    ],
    [
      'a session name of one letter',
      { RoleSessionName: 'a' },
      constraint("'a'", 'roleSessionName', 'have length greater than or equal to 2'),
    ],
    [
      'a duration below 900 s',
      { DurationSeconds: '899' },
      constraint("'899'", 'durationSeconds', 'have value greater than or equal to 900'),
    ],
    ['a duration of 0', { DurationSeconds: '0' }, constraint("'0'", 'durationSeconds', 'have value greater than or equal to 900')],
    [
      'a duration above 43200 s',
      { DurationSeconds: '43201' },
      constraint("'43201'", 'durationSeconds', 'have value less than or equal to 43200'),
    ],
    ['a role name in place of an ARN', { RoleArn: 'kf-user-demo-of-account' }, 'Request ARN is invalid'],
    ['a provider ARN in place of a role’s', { RoleArn: PROVIDER_ARN }, 'Request ARN is invalid'],
  ])('%s', async (_what, parameters, message) => {
    const account = await accountWithRole();
    expect(await exchange(account, parameters)).toMatchObject({ status: 400, code: 'ValidationError', message });
  });

  it('names all broken constraints at once, and never shows the token', async () => {
    const account = await accountWithRole();
    const answer = await exchange(account, { RoleSessionName: 'a', WebIdentityToken: 'abc' });
    expect(answer).toMatchObject({ status: 400, code: 'ValidationError' });
    expect(answer.message).toBe(
      "2 validation errors detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2; Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4",
    );
  });

  it('does not send back a token that was given for a session name', async () => {
    const account = await accountWithRole();
    const header = 'eyJhbGciOiJSUzI1NiJ9';
    const answer = await exchange(account, { RoleSessionName: `${header}.eyJzdWIiOiJ4In0.${'s'.repeat(86)}` });
    expect(answer.message).toBe(constraint("'<token>'", 'roleSessionName', 'have length less than or equal to 64'));
    expect(answer.text).not.toContain(header);
  });

  it.each(['900', '0900', '+900'])('takes %j as a duration', async (DurationSeconds) => {
    const account = await accountWithRole();
    const answer = await exchange(account, { DurationSeconds });
    expect(element(answer.text, 'Expiration')).toBe('2026-03-01T12:15:00Z');
  });

  it.each([' 900 ', '900.0', '9e2', '2147483648', 'x', ''])('cannot read %j as a duration', async (DurationSeconds) => {
    const account = await accountWithRole();
    expect(await exchange(account, { DurationSeconds })).toMatchObject({ status: 400, code: 'MalformedInput' });
  });

  it.each([
    ['www.amazon.com', 400, 'InvalidIdentityToken', 'Provided Token is not a Login With Amazon token'],
    ['accounts.example.com', 403, 'AccessDenied', NOT_AUTHORIZED],
  ])('the provider id %s', async (ProviderId, status, code, message) => {
    const account = await accountWithRole();
    expect(await exchange(account, { ProviderId })).toMatchObject({ status, code, message });
  });
});

describe('AssumeRoleWithWebIdentity judges the token', () => {
  const at = (seconds: number): number => Date.parse('2026-03-01T12:00:00Z') / 1000 + seconds;

  it.each([
    ['without iss', { iss: undefined }, 'InvalidIdentityToken', 'Missing a required claim: iss', 'claim-missing'],
    ['without sub', { sub: undefined }, 'InvalidIdentityToken', 'Missing a required claim: sub', 'claim-missing'],
    ['without aud', { aud: undefined }, 'InvalidIdentityToken', 'Missing a required claim: aud', 'claim-missing'],
    ['of an unknown issuer', { iss: 'https://elsewhere.example' }, 'InvalidIdentityToken', COULD_NOT_BE_VALIDATED, 'provider-not-found'],
    [
      'of an unknown issuer without exp',
      { iss: 'https://elsewhere.example', exp: undefined },
      'InvalidIdentityToken',
      'Missing a required claim: exp',
      'claim-missing',
    ],
    ['of an unregistered audience', { aud: 'other' }, 'InvalidIdentityToken', COULD_NOT_BE_VALIDATED, 'audience-unregistered'],
    [
      'of two audiences',
      { aud: ['sts.amazonaws.com', 'b'] },
      'InvalidIdentityToken',
      'Token audience contains more than one audience while authorized party is not present',
      'audience-ambiguous',
    ],
    ['of no audience', { aud: [] }, 'InvalidIdentityToken', 'Claim is not allowed to be empty: aud', 'audience-empty'],
    ['that has expired', { exp: at(-300) }, 'ExpiredTokenException', undefined, 'token-expired'],
    ['of the future', { iat: at(301) }, 'InvalidIdentityToken', undefined, 'token-issued-in-future'],
    ['that is not valid yet', { nbf: at(301) }, 'InvalidIdentityToken', undefined, 'token-not-yet-valid'],
    ['with a fractional time', { iat: at(0) + 0.5 }, 'InvalidIdentityToken', 'Invalid timestamp in token claims.', 'timestamp-invalid'],
    [
      'for another role',
      { 'https://aws.amazon.com/roles': [`arn:aws:iam::${ACCOUNT}:role/other`] },
      'InvalidIdentityToken',
      COULD_NOT_BE_VALIDATED,
      'roles-claim-refused',
    ],
  ])('a token %s', async (_what, claims, code, message, reason) => {
    const account = await accountWithRole();
    const answer = await exchange(account, { WebIdentityToken: await account.token(claims) });
    expect(answer).toMatchObject({ status: 400, code, ...(message === undefined ? {} : { message }) });
    expect(account.aws.decisions.list({ verdict: 'deny' })).toMatchObject([{ reason, code, id: expect.any(String) }]);
  });

  it('that is no token', async () => {
    const account = await accountWithRole();
    const message = 'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)';
    expect(await exchange(account, { WebIdentityToken: 'not.a.token' })).toMatchObject({
      status: 400,
      code: 'InvalidIdentityToken',
      message,
    });
  });

  it('whose signature is another token’s', async () => {
    const account = await accountWithRole();
    const [header, claims] = (await account.token({ sub: 'system:serviceaccount:kube-system:admin' })).split('.');
    const [, , signature] = (await account.token()).split('.');
    const forged = [header, claims, signature].join('.');
    expect(await exchange(account, { WebIdentityToken: forged })).toMatchObject({
      status: 400,
      code: 'InvalidIdentityToken',
      message: COULD_NOT_BE_VALIDATED,
    });
    expect(account.aws.decisions.list()).toMatchObject([{ reason: 'signature-invalid' }]);
  });

  it('whose issuer publishes no such key, with the request id of nobody', async () => {
    const account = await accountWithRole();
    account.keysAre({ ok: true, keys: [] });
    expect(await exchange(account)).toMatchObject({
      status: 400,
      code: 'InvalidIdentityToken',
      message: NO_KEY,
      requestId: '00000000-0000-0000-0000-000000000000',
    });
  });

  it('whose issuer cannot be reached', async () => {
    const account = await accountWithRole();
    account.keysAre({ ok: false, reason: 'timeout', message: 'no answer in 5000 ms' });
    expect(await exchange(account)).toMatchObject({ status: 400, code: 'InvalidIdentityToken', message: NO_KEY });
    expect(account.aws.decisions.list()).toMatchObject([
      { reason: 'keys-unavailable', message: `the keys of ${ISSUER} could not be fetched (timeout): no answer in 5000 ms` },
    ]);
  });

  it('whose subject is null, as live AWS does', async () => {
    const account = await accountWithRole();
    const answer = await exchange(account, { WebIdentityToken: await account.token({ sub: null }) });
    expect(answer).toMatchObject({ status: 500, code: 'InternalFailure', message: 'Unknown error validating third-party token' });
    expect(element(answer.text, 'Type')).toBe('Receiver');
  });
});

describe('AssumeRoleWithWebIdentity judges the role', () => {
  it('refuses a missing role and an untrusting one in the same words', async () => {
    const account = await accountWithRole();
    await query(account, 'UpdateAssumeRolePolicy', { RoleName: ROLE, PolicyDocument: trustOf('system:serviceaccount:b:c') });
    const missing = await exchange(account, { RoleArn: `arn:aws:iam::${ACCOUNT}:role/missing-role` });
    const untrusting = await exchange(account);
    for (const answer of [missing, untrusting])
      expect(answer).toMatchObject({ status: 403, code: 'AccessDenied', message: NOT_AUTHORIZED });
    expect(account.aws.decisions.list().map(({ reason }) => reason)).toEqual(['role-not-found', 'trust-policy']);
  });

  it('looks for the provider in the account of the role', async () => {
    const account = await accountWithRole();
    expect(await exchange(account, { RoleArn: 'arn:aws:iam::999988887777:role/kf-user-demo' })).toMatchObject({
      status: 400,
      code: 'InvalidIdentityToken',
      message: COULD_NOT_BE_VALIDATED,
    });
  });

  it('refuses more time than the role grants, and does not clamp', async () => {
    const account = await accountWithRole();
    const message = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
    expect(await exchange(account, { DurationSeconds: '3601' })).toMatchObject({ status: 400, code: 'ValidationError', message });
    await query(account, 'UpdateRole', { RoleName: ROLE, MaxSessionDuration: '7200' });
    expect(await exchange(account, { DurationSeconds: '7200' })).toMatchObject({ status: 200 });
  });

  it('lets a session outlive its token', async () => {
    const account = await accountWithRole();
    const now = account.clock.now().getTime() / 1000;
    const answer = await exchange(account, { WebIdentityToken: await account.token({ exp: now + 60 }) });
    expect(element(answer.text, 'Expiration')).toBe('2026-03-01T13:00:00Z');
  });

  it('wants tags and a source identity trusted by actions of their own', async () => {
    const account = await accountWithRole();
    const claims = {
      'https://aws.amazon.com/tags': { principal_tags: { team: ['a'] } },
      'https://aws.amazon.com/source_identity': 'alice',
    };
    const tagged = { WebIdentityToken: await account.token(claims) };
    expect(await exchange(account, tagged)).toMatchObject({ code: 'AccessDenied' });
    const trust = JSON.parse(trustOf());
    trust.Statement[0].Action = ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'];
    await query(account, 'UpdateAssumeRolePolicy', { RoleName: ROLE, PolicyDocument: JSON.stringify(trust) });
    expect(await exchange(account, tagged)).toMatchObject({ code: 'AccessDenied' });
    trust.Statement[0].Action.push('sts:SetSourceIdentity');
    await query(account, 'UpdateAssumeRolePolicy', { RoleName: ROLE, PolicyDocument: JSON.stringify(trust) });
    const answer = await exchange(account, tagged);
    expect(element(answer.text, 'SourceIdentity')).toBe('alice');
    expect(account.aws.decisions.list().map(({ reason }) => reason)).toEqual([
      'tag-session-not-trusted',
      'source-identity-not-trusted',
      'allowed',
    ]);
  });

  it('wants tags to be trusted also where a token only asks to pass them on', async () => {
    const account = await accountWithRole();
    const claims = { 'https://aws.amazon.com/tags': { transitive_tag_keys: ['team'] } };
    expect(await exchange(account, { WebIdentityToken: await account.token(claims) })).toMatchObject({ code: 'AccessDenied' });
    expect(account.aws.decisions.list().map(({ reason }) => reason)).toEqual(['tag-session-not-trusted']);
  });

  it('acts on a new role and provider only after the propagation delay, and says which is late', async () => {
    const account = await accountWithRole({ propagationMs: 8000 });
    expect(await exchange(account)).toMatchObject({ code: 'InvalidIdentityToken', message: COULD_NOT_BE_VALIDATED });
    account.clock.advance(8000);
    expect(await exchange(account)).toMatchObject({ status: 200 });
    await query(account, 'UpdateAssumeRolePolicy', { RoleName: ROLE, PolicyDocument: trustOf('system:serviceaccount:b:c') });
    expect(await exchange(account)).toMatchObject({ status: 200 });
    account.clock.advance(7999);
    expect(await exchange(account)).toMatchObject({ status: 200 });
    account.clock.advance(1);
    expect(await exchange(account)).toMatchObject({ status: 403, code: 'AccessDenied' });
    await query(account, 'CreateRole', { RoleName: 'fresh', AssumeRolePolicyDocument: trustOf() });
    expect(await exchange(account, { RoleArn: `arn:aws:iam::${ACCOUNT}:role/fresh` })).toMatchObject({ code: 'AccessDenied' });
    expect(account.aws.decisions.list().map(({ reason }) => reason)).toEqual([
      'provider-not-propagated',
      'allowed',
      'allowed',
      'allowed',
      'trust-policy',
      'role-not-propagated',
    ]);
  });

  it('leaves the path of a role out of the session’s ARN', async () => {
    const account = await accountWithRole();
    await query(account, 'CreateRole', { RoleName: 'deep', Path: '/team/', AssumeRolePolicyDocument: trustOf() });
    expect(await exchange(account, { RoleArn: `arn:aws:iam::${ACCOUNT}:role/deep` })).toMatchObject({ code: 'AccessDenied' });
    const answer = await exchange(account, { RoleArn: `arn:aws:iam::${ACCOUNT}:role/team/deep` });
    expect(element(answer.text, 'Arn')).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/deep/pod-1`);
  });

  it('answers a GET with a query string too', async () => {
    const account = await accountWithRole();
    const form = new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: ROLE_ARN,
      RoleSessionName: 'pod-1',
      WebIdentityToken: await account.token(),
    });
    const response = await account.aws.handle(new Request(`http://127.0.0.1/?${form}`));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/xml');
  });

  it('logs neither token nor secret', async () => {
    const account = await accountWithRole();
    const token = await account.token();
    const answer = await exchange(account, { WebIdentityToken: token });
    await exchange(account, { WebIdentityToken: `${token}x` });
    const log = JSON.stringify(account.aws.decisions.list());
    const { secretAccessKey, sessionToken } = credentialsOf(answer);
    for (const hidden of [token, ...token.split('.'), secretAccessKey, sessionToken]) expect(log).not.toContain(hidden);
    expect(log).toContain(SUBJECT);
  });
});

describe('a session policy', () => {
  const readOnly = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'iam:Get*', Resource: '*' }] });

  it('narrows what the role may do', async () => {
    const account = await accountWithRole();
    await query(account, 'AttachRolePolicy', { RoleName: ROLE, PolicyArn: 'arn:aws:iam::aws:policy/IAMFullAccess' });
    const narrow = credentialsOf(await exchange(account, { Policy: readOnly }));
    expect(await query(account, 'GetRole', { RoleName: ROLE }, { credentials: narrow })).toMatchObject({ status: 200 });
    expect(await query(account, 'DeleteRole', { RoleName: ROLE }, { credentials: narrow })).toMatchObject({
      status: 403,
      code: 'AccessDenied',
      message: `User: arn:aws:sts::${ACCOUNT}:assumed-role/${ROLE}/pod-1 is not authorized to perform: iam:DeleteRole on resource: role ${ROLE} because no session policy allows the iam:DeleteRole action`,
    });
  });

  it('cannot widen it', async () => {
    const account = await accountWithRole();
    const narrow = credentialsOf(await exchange(account, { Policy: readOnly }));
    expect(await query(account, 'GetRole', { RoleName: ROLE }, { credentials: narrow })).toMatchObject({
      status: 403,
      code: 'AccessDenied',
    });
  });

  it.each([
    ['that is no policy', { Policy: '{}' }, 'MalformedPolicyDocument'],
    ['that does not exist', { 'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/Nothing' }, 'MalformedPolicyDocument'],
    [
      'beyond the joint limit',
      { Policy: `${readOnly}${' '.repeat(2048 - readOnly.length)}`, 'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/ReadOnlyAccess' },
      'PackedPolicyTooLarge',
    ],
  ])('%s is refused', async (_what, parameters, code) => {
    const account = await accountWithRole();
    expect(await exchange(account, parameters)).toMatchObject({ status: 400, code });
  });
});
