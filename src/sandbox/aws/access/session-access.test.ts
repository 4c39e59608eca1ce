import { describe, expect, it } from 'vitest';
import { ACCOUNT, accountWithRole, credentialsOf, element, exchange, query, ROLE, ROLE_ARN, trustOf } from '../testing/sandbox-account.ts';

const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/${ROLE}/pod-1`;

async function withPolicy(...statements: readonly object[]) {
  const account = await accountWithRole();
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await query(account, 'PutRolePolicy', { RoleName: ROLE, PolicyName: 'p', PolicyDocument });
  const credentials = credentialsOf(await exchange(account));
  return {
    account,
    call: (action: string, parameters: Record<string, string> = {}) => query(account, action, parameters, { credentials }),
  };
}

describe('what a role session may do', () => {
  it('is nothing without a policy, in AWS’s own words', async () => {
    const { call } = await withPolicy({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' });
    expect(await call('GetRole', { RoleName: ROLE })).toMatchObject({
      status: 403,
      code: 'AccessDenied',
      message: `User: ${SESSION} is not authorized to perform: iam:GetRole on resource: role ${ROLE} because no identity-based policy allows the iam:GetRole action`,
    });
  });

  it('ends at an explicit deny', async () => {
    const { call } = await withPolicy(
      { Effect: 'Allow', Action: 'iam:*', Resource: '*' },
      { Effect: 'Deny', NotAction: 'iam:Get*', Resource: '*' },
    );
    expect(await call('GetRole', { RoleName: ROLE })).toMatchObject({ status: 200 });
    expect(await call('DeleteRole', { RoleName: ROLE })).toMatchObject({
      status: 403,
      message: `User: ${SESSION} is not authorized to perform: iam:DeleteRole on resource: role ${ROLE} with an explicit deny in an identity-based policy`,
    });
  });

  it('is bounded by resources and condition keys', async () => {
    const { account, call } = await withPolicy(
      {
        Effect: 'Allow',
        Action: 'iam:CreateRole',
        Resource: `arn:aws:iam::${ACCOUNT}:role/kf/*`,
        Condition: { StringEquals: { 'aws:RequestTag/owner': 'kf' } },
      },
      {
        Effect: 'Allow',
        Action: 'iam:AttachRolePolicy',
        Resource: '*',
        Condition: { ArnEquals: { 'iam:PolicyARN': 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' } },
      },
      { Effect: 'Allow', Action: 'iam:TagRole', Resource: '*', Condition: { StringEquals: { 'aws:ResourceTag/owner': 'kf' } } },
    );
    const create = (Path: string, owner: string) =>
      call('CreateRole', {
        RoleName: `r${owner}`,
        Path,
        AssumeRolePolicyDocument: trustOf(),
        'Tags.member.1.Key': 'owner',
        'Tags.member.1.Value': owner,
      });
    expect((await create('/other/', 'kf')).status).toBe(403);
    expect((await create('/kf/', 'other')).status).toBe(403);
    expect((await create('/kf/', 'kf')).status).toBe(200);
    expect((await call('AttachRolePolicy', { RoleName: 'rkf', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' })).status).toBe(
      403,
    );
    expect((await call('AttachRolePolicy', { RoleName: 'rkf', PolicyArn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' })).status).toBe(
      200,
    );
    const tag = { 'Tags.member.1.Key': 'x', 'Tags.member.1.Value': 'y' };
    expect((await call('TagRole', { RoleName: 'rkf', ...tag })).status).toBe(200);
    expect((await call('TagRole', { RoleName: ROLE, ...tag })).status).toBe(403);
    expect(await query(account, 'GetRole', { RoleName: 'rkf' })).toMatchObject({ status: 200 });
  });

  it('ends when its role is deleted, even if one of the same name is made', async () => {
    const { account, call } = await withPolicy({ Effect: 'Allow', Action: 'iam:*', Resource: '*' });
    await query(account, 'DeleteRolePolicy', { RoleName: ROLE, PolicyName: 'p' });
    await query(account, 'DeleteRole', { RoleName: ROLE });
    await query(account, 'CreateRole', { RoleName: ROLE, AssumeRolePolicyDocument: trustOf() });
    await query(account, 'AttachRolePolicy', { RoleName: ROLE, PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' });
    expect((await call('GetRole', { RoleName: ROLE })).status).toBe(403);
  });

  it('can be cut off by the time of issue', async () => {
    const { account, call } = await withPolicy(
      { Effect: 'Allow', Action: 'iam:*', Resource: '*' },
      { Effect: 'Deny', Action: '*', Resource: '*', Condition: { DateLessThan: { 'aws:TokenIssueTime': '2026-03-01T12:00:01Z' } } },
    );
    expect((await call('GetRole', { RoleName: ROLE })).status).toBe(403);
    account.clock.advance(2000);
    const later = credentialsOf(await exchange(account));
    expect((await query(account, 'GetRole', { RoleName: ROLE }, { credentials: later })).status).toBe(200);
  });

  it('never exceeds a permissions boundary', async () => {
    const { account, call } = await withPolicy({ Effect: 'Allow', Action: 'iam:*', Resource: '*' });
    await query(account, 'PutRolePermissionsBoundary', {
      RoleName: ROLE,
      PermissionsBoundary: 'arn:aws:iam::aws:policy/AmazonS3FullAccess',
    });
    expect(await call('GetRole', { RoleName: ROLE })).toMatchObject({
      status: 403,
      message: expect.stringMatching(/because no permissions boundary allows the iam:GetRole action$/),
    });
  });

  it('always includes asking who it is', async () => {
    const { account } = await withPolicy({ Effect: 'Deny', Action: '*', Resource: '*' });
    const credentials = credentialsOf(await exchange(account));
    const answer = await query(account, 'GetCallerIdentity', {}, { service: 'sts', credentials });
    expect(element(answer.text, 'Arn')).toBe(SESSION);
  });
});

describe('AssumeRole', () => {
  const trustAws = (AWS: string) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }] });
  const TARGET = `arn:aws:iam::${ACCOUNT}:role/target`;

  async function chained(trust: string, ...statements: readonly object[]) {
    const { account } = await withPolicy({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }, ...statements);
    await query(account, 'CreateRole', { RoleName: 'target', AssumeRolePolicyDocument: trust, MaxSessionDuration: '7200' });
    const credentials = credentialsOf(await exchange(account));
    return (parameters: Record<string, string> = {}) =>
      query(account, 'AssumeRole', { RoleArn: TARGET, RoleSessionName: 'next', ...parameters }, { service: 'sts', credentials });
  }

  it('needs only the trust policy when that names the role', async () => {
    const assume = await chained(trustAws(ROLE_ARN));
    const answer = await assume();
    expect(element(answer.text, 'Arn')).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/target/next`);
  });

  it('needs the caller’s own policy too when the trust names the account', async () => {
    const refused = await chained(trustAws(`arn:aws:iam::${ACCOUNT}:root`));
    expect(await refused()).toMatchObject({
      status: 403,
      code: 'AccessDenied',
      message: `User: ${SESSION} is not authorized to perform: sts:AssumeRole on resource: ${TARGET}`,
    });
    const allowed = await chained(trustAws(ACCOUNT), { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: TARGET });
    expect(await allowed()).toMatchObject({ status: 200 });
  });

  it('is refused by a deny on either side, and for roles that do not exist in the same words', async () => {
    const denied = await chained(trustAws(ROLE_ARN), { Effect: 'Deny', Action: 'sts:AssumeRole', Resource: '*' });
    expect(await denied()).toMatchObject({ status: 403, code: 'AccessDenied' });
    const assume = await chained(trustAws(ROLE_ARN), { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' });
    const missing = `arn:aws:iam::${ACCOUNT}:role/missing`;
    expect(await assume({ RoleArn: missing })).toMatchObject({
      status: 403,
      message: `User: ${SESSION} is not authorized to perform: sts:AssumeRole on resource: ${missing}`,
    });
  });

  it('gives a chained session an hour at most', async () => {
    const assume = await chained(trustAws(ROLE_ARN));
    expect(await assume({ DurationSeconds: '3601' })).toMatchObject({
      status: 400,
      code: 'ValidationError',
      message: 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    });
  });

  it('lets the administrator in where the account is trusted', async () => {
    const account = await accountWithRole();
    await query(account, 'CreateRole', { RoleName: 'target', AssumeRolePolicyDocument: trustAws(`arn:aws:iam::${ACCOUNT}:root`) });
    expect(await query(account, 'AssumeRole', { RoleArn: TARGET, RoleSessionName: 'me' }, { service: 'sts' })).toMatchObject({
      status: 200,
    });
    expect(await query(account, 'AssumeRole', { RoleArn: ROLE_ARN, RoleSessionName: 'me' }, { service: 'sts' })).toMatchObject({
      status: 403,
      code: 'AccessDenied',
    });
  });
});
