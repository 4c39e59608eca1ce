import { expect, it } from 'vitest';
import { Store } from './store.ts';

interface Account {
  readonly role: string;
}

const indexers = { role: (account: Account) => [account.role] };

it('finds values by key and by index, and follows a change of the index term', () => {
  const store = new Store<Account>(indexers);
  store.set('a/x', '1', { role: 'r1' });
  store.set('b/y', '2', { role: 'r1' });
  store.set('a/x', '3', { role: 'r2' });
  expect(store.get('a/x')).toEqual({ role: 'r2' });
  expect(store.by('role', 'r1')).toEqual([{ role: 'r1' }]);
  expect(store.by('role', 'r2')).toEqual([{ role: 'r2' }]);
  store.delete('b/y');
  expect(store.by('role', 'r1')).toEqual([]);
  expect(store.versionOf('a/x')).toBe('3');
});

it('knows a bare key without a value', () => {
  const store = new Store<Account>(indexers);
  store.set('a/x', '1', undefined);
  expect(store.has('a/x')).toBe(true);
  expect(store.get('a/x')).toBeUndefined();
  expect([...store.values()]).toEqual([]);
  expect([...store.keys()]).toEqual(['a/x']);
  expect(store.size).toBe(1);
});

it('takes over another store as a whole', () => {
  const store = new Store<Account>(indexers);
  store.set('old', '1', { role: 'r' });
  const other = new Store<Account>(indexers);
  other.set('new', '2', { role: 'r' });
  store.become(other);
  expect([...store.keys()]).toEqual(['new']);
  expect(store.by('role', 'r')).toHaveLength(1);
});

it('refuses an index that was not declared', () => {
  expect(() => new Store<Account>().by('role', 'x')).toThrow('the store has no index "role"');
});
