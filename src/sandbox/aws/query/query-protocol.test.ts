import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountWithRole, element, postForm, query, ROLE, testAccount } from '../testing/sandbox-account.ts';

describe('the Query protocol', () => {
  it.each([
    ['', 400, 'MissingAction'],
    ['Version=2011-06-15', 400, 'MissingAction'],
    ['Action=Fly&Version=2011-06-15', 400, 'InvalidAction'],
    ['Action=GetRole&Version=2010-05-08', 403, 'MissingAuthenticationToken'],
    ['Action=GetCallerIdentity&Action=GetRole', 400, 'MalformedInput'],
    ['Action=%zz', 400, 'MalformedInput'],
  ])('answers %j with %d %s', async (form, status, code) => {
    const { aws } = await testAccount();
    expect(await postForm(aws, form)).toMatchObject({ status, code });
  });

  it('gives success and error the service’s namespace and one request id in head and body', async () => {
    const account = await accountWithRole();
    const good = await query(account, 'GetRole', { RoleName: ROLE });
    expect(good.text).toMatch(
      /^<GetRoleResponse xmlns="https:\/\/iam\.amazonaws\.com\/doc\/2010-05-08\/"><GetRoleResult><Role><Path>\/<\/Path>/,
    );
    expect(good.requestId).toBe(element(good.text, 'RequestId'));
    const bad = await query(account, 'GetRole', { RoleName: 'none' });
    expect(bad.text).toBe(
      `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name none cannot be found.</Message></Error><RequestId>${bad.requestId}</RequestId></ErrorResponse>`,
    );
  });

  it('leaves the result out of an action that has none', async () => {
    const account = await accountWithRole();
    const { text, requestId } = await query(account, 'TagRole', { RoleName: ROLE, 'Tags.member.1.Key': 'a', 'Tags.member.1.Value': 'b' });
    expect(text).toBe(
      `<TagRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></TagRoleResponse>`,
    );
  });

  it('escapes what it repeats', async () => {
    const account = await accountWithRole();
    const { text } = await query(account, 'GetRole', { RoleName: '<b>&\u0001"' });
    expect(text).toContain('Value &apos;&lt;b&gt;&amp;\uFFFD&quot;&apos; at');
  });

  it('answers any form with a 4xx or a 2xx, never with a defect', async () => {
    const { aws } = await testAccount();
    const names = [
      'Action',
      'Version',
      'RoleArn',
      'RoleSessionName',
      'WebIdentityToken',
      'DurationSeconds',
      'Policy',
      'PolicyArns.member.1.arn',
      'PolicyArns.member.0',
      'ProviderId',
      '__proto__',
      'constructor',
    ];
    const values = fc.oneof(
      fc.constantFrom(
        'AssumeRoleWithWebIdentity',
        'GetCallerIdentity',
        'CreateRole',
        '2011-06-15',
        '2010-05-08',
        '900',
        'arn:aws:iam::111122223333:role/r',
        'a.b.c',
        'eyJhbGciOiJSUzI1NiJ9.e30.AAAA',
      ),
      fc.string({ unit: 'binary' }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...names), values), { maxLength: 8 }), async (pairs) => {
        const { status } = await postForm(
          aws,
          new URLSearchParams([['Action', 'AssumeRoleWithWebIdentity'], ...pairs.filter(([name]) => name !== 'Action')]).toString(),
        );
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 150 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const response = await aws.handle(
          new Request('http://127.0.0.1/', {
            method: 'POST',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: bytes,
          }),
        );
        expect(response.status).toBeLessThan(500);
      }),
      { numRuns: 150 },
    );
  });

  it('refuses a body that is too large unread', async () => {
    const { aws } = await testAccount();
    const response = await aws.handle(
      new Request('http://127.0.0.1/', { method: 'POST', headers: { 'content-length': String(2 ** 30) }, body: 'x' }),
    );
    expect(response.status).toBe(413);
  });
});
