import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseServiceAccount, readServiceAccounts } from './service-account-list.ts';

const account = (namespace: string, name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } });

describe('a list of service accounts', () => {
  it('is what kubectl prints, as JSON or as YAML', () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [account('a', 'x'), account('b', 'y.z')] };
    const accounts = [
      { namespace: 'a', name: 'x' },
      { namespace: 'b', name: 'y.z' },
    ];
    expect(readServiceAccounts(JSON.stringify(list, null, 4))).toEqual({ ok: true, accounts });
    const yaml = `apiVersion: v1\nitems:\n- kind: ServiceAccount\n  metadata: {namespace: a, name: x}\n- metadata: {namespace: b, name: y.z}\nkind: List\n`;
    expect(readServiceAccounts(yaml)).toEqual({ ok: true, accounts });
    expect(readServiceAccounts(JSON.stringify(account('a', 'x')))).toEqual({ ok: true, accounts: accounts.slice(0, 1) });
  });

  it('is lines of namespace:name', () => {
    expect(readServiceAccounts('# ours\n\nteam-a:default\r\nsa/team-b:editor\n system:serviceaccount:c:d \n')).toEqual({
      ok: true,
      accounts: [
        { namespace: 'team-a', name: 'default' },
        { namespace: 'team-b', name: 'editor' },
        { namespace: 'c', name: 'd' },
      ],
    });
  });

  it('is refused with every problem and its place', () => {
    expect(readServiceAccounts('a:b\nA:b\nc\n')).toEqual({
      ok: false,
      problems: [
        { path: 'line 2', message: '"A:b" must be namespace:name' },
        { path: 'line 3', message: '"c" must be namespace:name' },
      ],
    });
    const list = { items: [account('a', 'x'), { kind: 'Pod', metadata: { namespace: 'a', name: 'x' } }, account('*', 'x')] };
    expect(readServiceAccounts(JSON.stringify(list))).toEqual({
      ok: false,
      problems: [
        { path: '/items/1', message: 'must be a ServiceAccount, not "Pod"' },
        { path: '/items/2/metadata', message: 'must have the namespace and the name of a service account' },
      ],
    });
    expect(readServiceAccounts('{"items": [').ok).toBe(false);
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((text) => `kind: ${text}`),
        ),
        (text) => {
          readServiceAccounts(text);
          parseServiceAccount(text);
        },
      ),
      { numRuns: 300 },
    );
  });
});
