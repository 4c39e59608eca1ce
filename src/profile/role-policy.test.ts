import { describe, expect, it } from 'vitest';
import { parseRoleArn } from '../iam/arn.ts';
import { type AllowedRole, admitsTags, judgeRole, ownRoleOf, parseAllowedRole } from './role-policy.ts';

const arn = (text: string) => {
  const parsed = parseRoleArn(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.arn;
};
const allow = (...texts: readonly string[]): readonly AllowedRole[] =>
  texts.map((text) => {
    const parsed = parseAllowedRole(text);
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.allowed;
  });
const own = { account: '111122223333', roleName: 'podrole-controller' };
const verdict = (text: string, allowed: readonly AllowedRole[], annotateOnly = false) => {
  const judged = judgeRole(arn(text), annotateOnly, { allowed, own });
  return judged.kind === 'no' ? judged.reason : judged.kind;
};
const A = 'arn:aws:iam::111122223333:role';

describe('judgeRole', () => {
  it.each([
    ['every role of the own account, by default', `${A}/anything`, [], 'yes'],
    ['the own role, whatever its path or case', `${A}/other/Podrole-Controller`, [], 'RoleIsOwn'],
    ['another account', 'arn:aws:iam::999999999999:role/x', [], 'RoleForeignAccount'],
    ['a name by pattern', `${A}/kf-user-demo`, [`${A}/kf-user-*`], 'yes'],
    ['a star does not cross a slash', `${A}/kf-user-x/admin`, [`${A}/kf-user-*`], 'RoleNotAllowed'],
    ['two stars do', `${A}/teams/a/b`, [`${A}/teams/**`], 'yes'],
    ['a dot is a dot', `${A}/axb`, [`${A}/a.b`], 'RoleNotAllowed'],
    ['a pattern is a whole ARN', `${A}/kf-user-demo-admin`, [`${A}/kf-user-demo`], 'RoleNotAllowed'],
    ['a tag is judged later', `${A}/x`, ['tag:team=a'], 'if-tagged'],
    ['one of several', `${A}/b`, [`${A}/a`, `${A}/b`], 'yes'],
  ] as const)('%s', (_what, role, patterns, expected) => {
    expect(verdict(role, allow(...patterns))).toBe(expected);
  });

  it('lets annotateOnly name another account, within the patterns, and nobody the own role', () => {
    expect(verdict('arn:aws:iam::999999999999:role/x', [], true)).toBe('yes');
    expect(verdict('arn:aws:iam::999999999999:role/x', allow(`${A}/**`), true)).toBe('RoleNotAllowed');
    expect(verdict(`${A}/podrole-controller`, [], true)).toBe('RoleIsOwn');
  });
});

describe('parseAllowedRole', () => {
  it.each(['kf-user-*', 'arn:aws:iam::111122223333:user/x', 'tag:', 'tag:=x', 'arn:aws:s3:::bucket', ''])('refuses %j', (text) => {
    expect(parseAllowedRole(text).ok).toBe(false);
  });
});

describe('admitsTags', () => {
  it('wants the very value under the very key', () => {
    const allowed = allow('tag:team=a=b');
    expect([
      admitsTags({ team: 'a=b' }, allowed),
      admitsTags({ team: 'a' }, allowed),
      admitsTags({}, allowed),
      admitsTags(undefined, allowed),
    ]).toEqual([true, false, false, false]);
  });
});

describe('ownRoleOf', () => {
  it.each([
    ['arn:aws:sts::111122223333:assumed-role/podrole-controller/session', own],
    ['arn:aws-cn:iam::111122223333:user/ops', { account: '111122223333', roleName: undefined }],
    ['arn:aws:iam::111122223333:root', { account: '111122223333', roleName: undefined }],
    ['nonsense', undefined],
  ])('%s', (text, expected) => {
    expect(ownRoleOf(text)).toEqual(expected);
  });
});
