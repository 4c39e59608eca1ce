import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostPathOf, parseProviderArn, parseRoleArn, providerArnOf } from './arn.ts';

describe('role ARNs', () => {
  it.each([
    ['arn:aws:iam::34892524:role/test-iam-role', 'aws', '34892524', '/', 'test-iam-role'], // V9
    ['arn:aws:iam::111122223333:role/a/b/c', 'aws', '111122223333', '/a/b/', 'c'],
    ['arn:aws-cn:iam::111122223333:role/r', 'aws-cn', '111122223333', '/', 'r'],
    ['arn:aws-us-gov:iam::111122223333:role/x_+=,.@-', 'aws-us-gov', '111122223333', '/', 'x_+=,.@-'],
  ])('reads %s', (text, partition, account, path, name) => {
    expect(parseRoleArn(text)).toEqual({ ok: true, arn: { text, partition, account, path, name } });
  });

  it.each([
    ['MyExampleAWSRole', 1],
    ['', 1],
    ['arn:aws:iam::111122223333:user/me', 1],
    ['arn:aws:iam::111122223333:role/', 1],
    ['arn:aws:iam::111122223333:role/a b', 1],
    ['arn:aws:iam::111122223333:role//r', 0],
    ['arn:aws:iam::111122223333:role/é/r', 1],
    [`arn:aws:iam::111122223333:role/${'r'.repeat(65)}`, 1],
    [`arn:aws:iam::111122223333:role/${'p'.repeat(520)}/r`, 1],
    [`arn:aws:iam::111122223333:role/${'p'.repeat(3000)}/r`, 1],
    ['arn:azure:sts:eu-1:abc:role/ü', 5],
  ])('reports everything wrong with %s', (text, problems) => {
    const result = parseRoleArn(text);
    expect(result.ok ? 0 : result.problems.length).toBe(problems);
  });

  it('reads or refuses any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((tail) => `arn:aws:iam::1:role/${tail}`),
        ),
        (text) => {
          const result = parseRoleArn(text);
          if (result.ok)
            expect(`arn:${result.arn.partition}:iam::${result.arn.account}:role${result.arn.path}${result.arn.name}`).toBe(text);
          else expect(result.problems.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('provider ARNs', () => {
  const I = 'oidc.example.com/id/50D94CFC65139194EDC21891B611EF72';

  it('V8: the issuer is what follows the first slash, a trailing slash included', () => {
    expect(parseProviderArn(`arn:aws:iam::34892524:oidc-provider/${I}`)).toMatchObject({
      ok: true,
      arn: { hostPath: I, account: '34892524', partition: 'aws' },
    });
    expect(parseProviderArn(`arn:aws:iam::34892524:oidc-provider/${I}/`)).toMatchObject({ ok: true, arn: { hostPath: `${I}/` } });
  });

  it('are made of an issuer without its scheme', () => {
    expect(providerArnOf({ partition: 'aws', account: '111122223333', issuer: `https://${I}` })).toBe(
      `arn:aws:iam::111122223333:oidc-provider/${I}`,
    );
    expect(hostPathOf(`https://${I}/`)).toBe(`${I}/`);
  });

  it.each([
    'arn:aws:iam::1:oidc-provider/',
    'arn:aws:iam::1:oidc-provider/https://x',
    'arn:aws:iam::1:oidc-provider/x:8443/y',
    'arn:aws:iam::1:saml-provider/x',
  ])('refuses %s', (text) => {
    expect(parseProviderArn(text).ok).toBe(false);
  });
});
