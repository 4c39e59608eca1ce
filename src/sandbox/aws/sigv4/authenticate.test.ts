import { describe, expect, it } from 'vitest';
import {
  ACCOUNT,
  ADMIN,
  accountWithRole,
  credentialsOf,
  element,
  exchange,
  query,
  ROLE,
  signedRequest,
} from '../testing/sandbox-account.ts';

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function unsigned({ headers }: { headers: Record<string, string> }): void {
  delete headers.authorization;
}

async function withSession() {
  const account = await accountWithRole();
  return { account, session: credentialsOf(await exchange(account)) };
}

describe('signed requests to Query services', () => {
  it('of the administrator say so', async () => {
    const { account } = await withSession();
    const answer = await query(account, 'GetCallerIdentity', {}, { service: 'sts' });
    expect(element(answer.text, 'Arn')).toBe(`arn:aws:iam::${ACCOUNT}:user/admin`);
    expect(element(answer.text, 'UserId')).toMatch(/^AIDA[A-Z2-7]{17}$/);
  });

  it('of a session that expired', async () => {
    const { account, session } = await withSession();
    account.clock.advance(3_600_000);
    expect(await query(account, 'GetCallerIdentity', {}, { service: 'sts', credentials: session })).toMatchObject({
      status: 403,
      code: 'ExpiredToken',
      message: 'The security token included in the request is expired',
    });
  });

  it.each([
    ['an unknown key', { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' }],
    ['a session key without its token', 'no-token'],
    ['a session key with another token', 'other-token'],
  ] as const)('of %s', async (_what, how) => {
    const { account, session } = await withSession();
    const other = credentialsOf(await exchange(account));
    const credentials =
      how === 'no-token'
        ? { accessKeyId: session.accessKeyId, secretAccessKey: session.secretAccessKey }
        : how === 'other-token'
          ? { ...session, sessionToken: other.sessionToken }
          : how;
    expect(await query(account, 'GetCallerIdentity', {}, { service: 'sts', credentials })).toMatchObject({
      status: 403,
      code: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid.',
    });
  });

  it.each(['admin', 'session'] as const)('with the wrong secret of the %s', async (whose) => {
    const { account, session } = await withSession();
    const credentials = { ...(whose === 'admin' ? ADMIN : session), secretAccessKey: 'wrong' };
    expect(await query(account, 'GetCallerIdentity', {}, { service: 'sts', credentials })).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
      message: MISMATCH,
    });
  });

  it.each([
    ['body', (sent: { body: string }) => Object.assign(sent, { body: sent.body.replace(ROLE, 'other') })],
    [
      'signed header',
      (sent: { headers: Record<string, string> }) =>
        Object.assign(sent.headers, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }),
    ],
    ['path', (sent: { path: string }) => Object.assign(sent, { path: '/x' })],
  ])('whose %s was changed on the way', async (_what, tamper) => {
    const { account } = await withSession();
    expect(await query(account, 'GetRole', { RoleName: ROLE }, { tamper })).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
  });

  it('with a clock that is six minutes slow', async () => {
    const { account } = await withSession();
    const at = new Date(account.clock.now().getTime() - 6 * 60_000);
    expect(await query(account, 'GetRole', { RoleName: ROLE }, { at })).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
      message: 'Signature expired: 20260301T115400Z is now earlier than 20260301T115500Z (20260301T120000Z - 5 min.)',
    });
  });

  it('with a clock that is six minutes fast', async () => {
    const { account } = await withSession();
    const at = new Date(account.clock.now().getTime() + 6 * 60_000);
    expect(await query(account, 'GetRole', { RoleName: ROLE }, { at })).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
      message: 'Signature not yet current: 20260301T120600Z is still later than 20260301T120500Z (20260301T120000Z + 5 min.)',
    });
  });

  it('without a signature', async () => {
    const { account } = await withSession();
    const answer = await query(account, 'GetRole', { RoleName: ROLE }, { tamper: unsigned });
    expect(answer).toMatchObject({ status: 403, code: 'MissingAuthenticationToken', message: 'Request is missing Authentication Token' });
    expect(account.aws.decisions.list({ verdict: 'deny' })).toMatchObject([{ operation: 'iam:GetRole', reason: 'unauthenticated' }]);
  });

  it('with half a signature', async () => {
    const { account } = await withSession();
    const answer = await query(
      account,
      'GetRole',
      { RoleName: ROLE },
      {
        tamper: ({ headers }) =>
          Object.assign(headers, { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260301/us-west-2/iam/aws4_request' }),
      },
    );
    expect(answer).toMatchObject({ status: 400, code: 'IncompleteSignature' });
  });
});

describe('the same failures', () => {
  const failures = [
    [
      'unknown key',
      { credentials: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' } },
      [403, 'UnrecognizedClientException'],
      [403, 'InvalidAccessKeyId'],
    ],
    [
      'wrong secret',
      { credentials: { ...ADMIN, secretAccessKey: 'x' } },
      [403, 'InvalidSignatureException'],
      [403, 'SignatureDoesNotMatch'],
    ],
    ['skew', { at: new Date('2026-03-01T12:16:00Z') }, [403, 'InvalidSignatureException'], [403, 'RequestTimeTooSkewed']],
    ['no signature', { tamper: unsigned }, [403, 'MissingAuthenticationTokenException'], [403, 'AccessDenied']],
  ] as const;

  it.each(failures)('at EKS: %s', async (_what, options, [status, code]) => {
    const { account } = await withSession();
    const response = await signedRequest(account, { service: 'eks', method: 'GET', path: '/clusters/demo', ...options });
    expect({ status: response.status, code: response.headers.get('x-amzn-errortype') }).toEqual({ status, code });
    expect(await response.json()).toEqual({ message: expect.any(String) });
  });

  it.each(failures)('at S3: %s', async (_what, options, _eks, [status, code]) => {
    const { account } = await withSession();
    await signedRequest(account, { service: 's3', method: 'PUT', path: '/bucket' });
    const response = await signedRequest(account, { service: 's3', method: 'GET', path: '/bucket/key', ...options });
    expect({ status: response.status, code: element(await response.text(), 'Code') }).toEqual({ status, code });
  });

  it('of an expired session at EKS and S3', async () => {
    const { account, session } = await withSession();
    await signedRequest(account, { service: 's3', method: 'PUT', path: '/bucket' });
    account.clock.advance(3_600_000);
    const eks = await signedRequest(account, { service: 'eks', method: 'GET', path: '/clusters', credentials: session });
    expect([eks.status, eks.headers.get('x-amzn-errortype')]).toEqual([403, 'ExpiredTokenException']);
    const s3 = await signedRequest(account, { service: 's3', method: 'GET', path: '/bucket/key', credentials: session });
    expect([s3.status, element(await s3.text(), 'Code')]).toEqual([400, 'ExpiredToken']);
  });

  it('of a body that is not the one that was hashed, at S3', async () => {
    const { account } = await withSession();
    await signedRequest(account, { service: 's3', method: 'PUT', path: '/bucket' });
    const response = await signedRequest(account, {
      service: 's3',
      method: 'PUT',
      path: '/bucket/key',
      body: 'one',
      tamper: (sent) => Object.assign(sent, { body: 'two' }),
    });
    expect([response.status, element(await response.text(), 'Code')]).toEqual([400, 'XAmzContentSHA256Mismatch']);
  });
});
