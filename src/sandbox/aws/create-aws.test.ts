import { GetRoleCommand, IAMClient, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { CompactSign } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  ADMIN,
  accountWithRole,
  credentialsOf,
  element,
  exchange,
  ISSUER,
  listen,
  query,
  REGION,
  ROLE,
  ROLE_ARN,
  SUBJECT,
  signedRequest,
  testAccount,
  testClock,
  trustOf,
} from './testing/sandbox-account.ts';

describe('faults', () => {
  it('strike as often as they were armed for, and only their operation', async () => {
    const account = await accountWithRole();
    account.aws.setFault({ operation: 'sts:AssumeRoleWithWebIdentity', kind: 'IDPCommunicationError', times: 2 });
    expect(await query(account, 'GetRole', { RoleName: ROLE })).toMatchObject({ status: 200 });
    for (let strike = 0; strike < 2; strike += 1)
      expect(await exchange(account)).toMatchObject({ status: 400, code: 'IDPCommunicationError' });
    expect(await exchange(account)).toMatchObject({ status: 200 });
    expect(account.aws.decisions.list({ reason: 'injected-fault' })).toHaveLength(2);
  });

  it.each([
    ['Throttling', 400, 'Throttling', 'Rate exceeded'],
    ['InternalFailure', 500, 'InternalFailure', 'The request processing has failed because of an unknown error, exception or failure.'],
  ] as const)('%s', async (kind, status, code, message) => {
    const account = await accountWithRole();
    account.aws.setFault({ operation: '*', kind });
    expect(await query(account, 'GetRole', { RoleName: ROLE })).toMatchObject({ status, code, message });
  });

  it('are gone when cleared', async () => {
    const account = await accountWithRole({ faults: [{ operation: 'iam:GetRole', kind: 'Throttling', times: 9 }] });
    account.aws.clearFaults();
    expect(await query(account, 'GetRole', { RoleName: ROLE })).toMatchObject({ status: 200 });
  });

  it('lose the answer of a write that took effect', async () => {
    const account = await accountWithRole({ clock: testClock(Date.now()) });
    const server = await listen(account.aws);
    const iam = new IAMClient({ region: REGION, endpoint: server.endpoint, credentials: ADMIN, maxAttempts: 1 });
    account.aws.setFault({ operation: 'iam:UpdateAssumeRolePolicy', kind: 'lost-answer' });
    const trust = trustOf('system:serviceaccount:b:c');
    await expect(iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: ROLE, PolicyDocument: trust }))).rejects.toThrow();
    expect(decodeURIComponent((await iam.send(new GetRoleCommand({ RoleName: ROLE }))).Role!.AssumeRolePolicyDocument!)).toBe(trust);
    await server.close();
  });
});

describe('snapshots', () => {
  it('survive JSON and put everything back', async () => {
    const account = await accountWithRole();
    account.aws.putCluster({
      name: 'demo',
      issuer: ISSUER,
      endpoint: 'https://127.0.0.1:6443',
      certificateAuthority: 'PEM',
      version: '1.33',
    });
    await query(account, 'CreatePolicy', {
      PolicyName: 'p',
      PolicyDocument: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}',
    });
    await query(account, 'CreateInstanceProfile', { InstanceProfileName: 'node' });
    await signedRequest(account, { service: 's3', method: 'PUT', path: '/bucket' });
    await signedRequest(account, { service: 's3', method: 'PUT', path: '/bucket/key', body: 'bytes' });
    const before = account.aws.snapshot();
    const other = await testAccount();
    other.aws.restore(JSON.parse(JSON.stringify(before)));
    expect(other.aws.snapshot()).toEqual(before);
    expect(await exchange(other)).toMatchObject({ status: 200 });
  });

  it('undo what came after them, while issued sessions live on', async () => {
    const account = await accountWithRole();
    const before = account.aws.snapshot();
    const session = credentialsOf(await exchange(account));
    await query(account, 'DeleteRole', { RoleName: ROLE });
    expect(await query(account, 'GetRole', { RoleName: ROLE })).toMatchObject({ status: 404 });
    account.aws.restore(before);
    expect(await query(account, 'GetRole', { RoleName: ROLE })).toMatchObject({ status: 200 });
    expect(await query(account, 'GetCallerIdentity', {}, { service: 'sts', credentials: session })).toMatchObject({ status: 200 });
  });
});

describe('decisions', () => {
  it('can be filtered and followed', async () => {
    const account = await accountWithRole();
    const seen: string[] = [];
    const stop = account.aws.decisions.subscribe(({ verdict }) => void seen.push(verdict));
    await exchange(account);
    await exchange(account, { WebIdentityToken: await account.token({ aud: 'other' }) });
    stop();
    await exchange(account);
    expect(seen).toEqual(['allow', 'deny']);
    expect(account.aws.decisions.list({ verdict: 'allow' })).toHaveLength(2);
    expect(account.aws.decisions.list({ verdict: 'deny', subject: SUBJECT })).toMatchObject([
      { reason: 'audience-unregistered', roleArn: ROLE_ARN, sessionName: 'pod-1' },
    ]);
  });

  it('say what a session was refused, and leave the administrator out', async () => {
    const account = await accountWithRole();
    const session = credentialsOf(await exchange(account));
    await query(account, 'GetRole', { RoleName: ROLE });
    await query(account, 'GetRole', { RoleName: 'none' });
    await query(account, 'GetRole', { RoleName: ROLE }, { credentials: session });
    expect(account.aws.decisions.list().slice(1)).toMatchObject([
      {
        operation: 'iam:GetRole',
        verdict: 'deny',
        reason: 'identity-policy',
        resource: ROLE_ARN,
        caller: expect.stringContaining(':assumed-role/'),
        explanation: { action: 'iam:GetRole' },
      },
    ]);
  });

  it('are forgotten, the oldest first', async () => {
    const account = await accountWithRole({ decisionCapacity: 2 });
    for (const RoleSessionName of ['s1', 's2', 's3']) await exchange(account, { RoleSessionName });
    expect(account.aws.decisions.list().map(({ sessionName }) => sessionName)).toEqual(['s2', 's3']);
  });
});

describe('switches', () => {
  it('the mode decides about tokens that live AWS lets pass', async () => {
    const account = await accountWithRole();
    const [, claims] = (await account.token()).split('.');
    const text = Buffer.from(claims!, 'base64url').toString('utf8').replace('"sub"', '"sub":"first","sub"');
    const WebIdentityToken = await new CompactSign(Buffer.from(text))
      .setProtectedHeader({ alg: account.key.alg, kid: account.key.kid })
      .sign(account.key.privateKey);
    const answer = await exchange(account, { WebIdentityToken });
    expect([answer.status, element(answer.text, 'SubjectFromWebIdentityToken')]).toEqual([200, SUBJECT]);
    expect(account.aws.decisions.list()[0]?.warnings).toEqual([expect.stringContaining('/claims/sub')]);
    account.aws.setMode('strict');
    expect(await exchange(account, { WebIdentityToken })).toMatchObject({ status: 400, code: 'InvalidIdentityToken' });
    expect(account.aws.decisions.list({ verdict: 'deny' })).toMatchObject([{ reason: 'member-duplicate' }]);
  });

  it('a longer delay and a higher quota hold from then on', async () => {
    const account = await accountWithRole();
    account.aws.setPropagationMs(5000);
    await query(account, 'UpdateAssumeRolePolicy', { RoleName: ROLE, PolicyDocument: trustOf('system:serviceaccount:b:c') });
    expect(await exchange(account)).toMatchObject({ status: 200 });
    account.aws.setQuotas({ roles: 1 });
    expect(await query(account, 'CreateRole', { RoleName: 'second', AssumeRolePolicyDocument: trustOf() })).toMatchObject({
      status: 409,
      code: 'LimitExceeded',
      message: 'Cannot exceed quota for RolesPerAccount: 1',
    });
  });
});
