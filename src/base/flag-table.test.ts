import { describe, expect, it } from 'vitest';
import { FlagReader, type FlagRow } from './flag-table.ts';

const table: readonly FlagRow[] = [
  { name: 'port', type: 'int', default: 443, doc: 'd' },
  { name: 'wait', type: 'duration', default: '1m30s', doc: 'd' },
  { name: 'on', type: 'bool', default: false, doc: 'd' },
  { name: 'names', type: 'strings', default: [], doc: 'd' },
  { name: 'mode', type: 'string', default: 'keep', doc: 'd' },
];

describe('flags by their table', () => {
  it('have the table’s default where they were not given', () => {
    const read = new FlagReader(table, {});
    expect([read.int('port', 0, 65_535), read.duration('wait'), read.bool('on'), read.list('names'), read.text('mode')]).toEqual([
      443,
      90_000,
      false,
      [],
      'keep',
    ]);
    expect(read.problems).toEqual([]);
  });

  it('are read as they were given', () => {
    const read = new FlagReader(table, { port: '+8443', wait: '100ms', on: true, names: ['a, b', 'c'], mode: 'rename' });
    expect([read.int('port', 0, 65_535), read.duration('wait'), read.bool('on')]).toEqual([8443, 100, true]);
    expect(read.list('names')).toEqual(['a, b', 'c']);
    expect(read.items('names')).toEqual(['a', 'b', 'c']);
    expect(read.choice('mode', ['keep', 'rename'])).toBe('rename');
  });

  it('report every problem, and a harmless value stands in', () => {
    const read = new FlagReader(table, { port: '70000', wait: '-5s', mode: 'burn' });
    expect([read.int('port', 0, 65_535), read.duration('wait'), read.choice('mode', ['keep', 'rename'])]).toEqual([0, 0, 'keep']);
    expect(read.checked('mode', (text) => text === 'keep', 'must be keep')).toBe('burn');
    expect(read.problems).toEqual([
      { path: '--port', message: 'must be a whole number from 0 to 65535' },
      { path: '--wait', message: '"-5s" must be a duration like 100ms, 2s or 1m30s' },
      { path: '--mode', message: 'must be one of keep, rename' },
      { path: '--mode', message: 'must be keep' },
    ]);
  });

  it('that no table names are a defect', () => {
    expect(() => new FlagReader(table, {}).text('prot')).toThrow('flag prot is not in the table');
  });
});
