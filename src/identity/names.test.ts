import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PodroleError } from '../base/errors.ts';
import { isDnsLabel, isDnsSubdomain, parseSubject, subjectOf } from '../iam/service-account-subject.ts';
import { annotationKeys, isPaused } from './annotations.ts';
import { reasonCodes } from './reason-codes.ts';
import { recordName } from './record-name.ts';
import { historicalRoleNames, MAX_ROLE_NAME_LENGTH, roleName } from './role-names.ts';
import { statementSid } from './statement-id.ts';

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('a subject', () => {
  it('names a service account as its tokens do, and back', () => {
    expect(subjectOf({ namespace: 'user-a', name: 'default-editor' })).toBe('system:serviceaccount:user-a:default-editor');
    expect(parseSubject('system:serviceaccount:user-a:a.b-c')).toEqual({ namespace: 'user-a', name: 'a.b-c' });
  });

  it.each([
    ['userA', 'a'],
    ['', 'a'],
    ['a', ''],
    ['team-*', 'a'],
    ['a', '*'],
    ['$\u{7b}aws:x}', 'a'],
    ['a\n', 'a'],
    ['a', 'b:c'],
    ['a.b', 'c'],
    ['a'.repeat(64), 'a'],
    ['a', 'a'.repeat(254)],
    ['-a', 'a'],
    ['a', 'b..c'],
  ])('is never made of the names %j and %j', (namespace, name) => {
    expect(() => subjectOf({ namespace, name })).toThrow(expect.objectContaining({ code: 'invalid-subject' }));
    expect(parseSubject(`system:serviceaccount:${namespace}:${name}`)).toBeUndefined();
  });

  it.each([
    '',
    'system:serviceaccount:a',
    'system:serviceaccount:a:b:c',
    'System:serviceaccount:a:b',
    'system:node:a:b',
    ' system:serviceaccount:a:b',
  ])('is not read from %j', (text) => expect(parseSubject(text)).toBeUndefined());

  it('never holds a wildcard, a variable or a control character, whatever the names', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', '-', '.', '*', '?', '$', '{', ':', '\n', 'Z', '0', '/'), maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (namespace, name) => {
        try {
          const subject = subjectOf({ namespace, name });
          expect(subject).toMatch(/^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/);
          expect(parseSubject(subject)).toEqual({ namespace, name });
        } catch (error) {
          if (!(error instanceof PodroleError)) throw error;
          expect(isDnsLabel(namespace) && isDnsSubdomain(name)).toBe(false);
        }
      }),
    );
  });
});

describe('a role name', () => {
  it('follows either historical pattern', () => {
    expect(historicalRoleNames({ role: 'user', cluster: 'demo', region: 'us-west-2' }, sha256Hex)).toEqual([
      'kf-user-demo',
      'kf-user-us-west-2-demo',
    ]);
    expect(roleName({ role: 'admin', cluster: 'demo', region: '' }, sha256Hex)).toBe('kf-admin-demo');
  });

  it('is cut at 64 characters with a hash of its own, which tells long clusters apart', () => {
    const cluster = 'c'.repeat(56);
    expect(roleName({ role: 'user', cluster }, sha256Hex)).toBe(`kf-user-${cluster}`);
    const long = roleName({ role: 'user', cluster: `${cluster}x` }, sha256Hex);
    expect(long).toBe(`kf-user-${'c'.repeat(47)}-${sha256Hex(`kf-user-${cluster}x`).slice(0, 8)}`);
    expect(long).toHaveLength(MAX_ROLE_NAME_LENGTH);
    expect(roleName({ role: 'user', cluster: `${cluster}y` }, sha256Hex)).not.toBe(long);
  });
});

it('the Sid of a provider is Podrole and twelve hex digits', () => {
  expect(statementSid('arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/A', sha256Hex)).toMatch(/^Podrole[0-9a-f]{12}$/);
  expect(statementSid('a', sha256Hex)).toBe('Podroleca978112ca1b');
  expect(statementSid('b', sha256Hex)).not.toBe(statementSid('a', sha256Hex));
});

it('a record’s name tells roles and providers apart and is a legal ConfigMap name', () => {
  const of = { account: '111122223333', roleName: 'R', providerArn: 'p' };
  const names = [of, { ...of, account: '2' }, { ...of, roleName: 'r' }, { ...of, providerArn: 'q' }].map((record) =>
    recordName(record, sha256Hex),
  );
  expect(new Set(names).size).toBe(4);
  for (const name of names) expect(isDnsSubdomain(name) && name.startsWith('podrole-role-')).toBe(true);
});

it('annotations follow their prefix', () => {
  expect(annotationKeys('example.com')).toEqual({
    roleArn: 'example.com/role-arn',
    audience: 'example.com/audience',
    stsRegionalEndpoints: 'example.com/sts-regional-endpoints',
    tokenExpiration: 'example.com/token-expiration',
    skipContainers: 'example.com/skip-containers',
  });
  expect(Object.values(annotationKeys())[0]).toBe('eks.amazonaws.com/role-arn');
});

it('pauses on the value true alone', () => {
  expect(
    [undefined, {}, { 'podrole.dev/paused': 'true' }, { 'podrole.dev/paused': 'false' }, { 'podrole.dev/paused': '' }].map(isPaused),
  ).toEqual([false, false, true, false, false]);
});

it('reason codes can stand in conditions, Events and metrics', () => {
  for (const [code, doc] of Object.entries(reasonCodes)) {
    expect(code).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(doc).toMatch(/^[a-z].*[^.]$/);
  }
});
