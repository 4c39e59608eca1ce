import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../test/support/setup-world.ts';
import { mistakesInTemplate, nameRole, roleTemplate } from './role-naming.ts';

const naming = { role: 'admin', cluster: 'demo', region: 'us-west-2' };

describe('role names', () => {
  it.each([
    ['kfctl-1.0', 'kf-admin-demo'],
    ['kfctl-1.1', 'kf-admin-us-west-2-demo'],
    ['{cluster}.{role}', 'demo.admin'],
  ])('%s gives %s', (pattern, name) => {
    expect(nameRole(roleTemplate(pattern), naming, sha256Hex)).toBe(name);
  });

  it('above 64 characters end in a hash, stable and different for different clusters', () => {
    const long = 'c'.repeat(80);
    const name = nameRole(roleTemplate('kfctl-1.0'), { ...naming, cluster: long }, sha256Hex);
    expect(name).toMatch(/^kf-admin-c{46}-[0-9a-f]{8}$/);
    expect(name).toHaveLength(64);
    expect(nameRole(roleTemplate('kfctl-1.0'), { ...naming, cluster: long }, sha256Hex)).toBe(name);
    expect(nameRole(roleTemplate('kfctl-1.0'), { ...naming, cluster: `${long}d` }, sha256Hex)).not.toBe(name);
  });

  it.each([
    ['kf-{cluster}', ['it must hold {role}, or all roles would be one']],
    ['kf-{role}', ['it must hold {cluster}, or two clusters would share their roles']],
    ['{role}/{cluster}', ['role names are made of letters, digits and any of _+=,.@-']],
    ['{role}-{cluster}-{team}', ['{team} is unknown: use {role}, {cluster} and {region}']],
    ['kf-{role}-{cluster}', []],
  ])('the template %s has the mistakes %j', (template, mistakes) => {
    expect(mistakesInTemplate(template)).toEqual(mistakes);
  });
});
