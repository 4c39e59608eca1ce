import { describe, expect, it } from 'vitest';
import type { FlagRow } from '../../base/flag-table.ts';
import { goFlagsHelp, nearest, parseGoFlags } from './go-flags.ts';

const table: readonly FlagRow[] = [
  { name: 'port', type: 'int', default: 443, doc: 'TLS port' },
  { name: 'in-cluster', type: 'bool', default: false, doc: 'cert by CSR' },
  { name: 'allowed-role', type: 'strings', default: [], doc: 'pattern' },
  { name: 'namespace', type: 'string', default: 'eks', doc: 'where' },
];

describe('flags in Go’s manner', () => {
  it.each([
    [['--port=8443'], { port: '8443' }],
    [['-port', '8443'], { port: '8443' }],
    [['--in-cluster'], { 'in-cluster': true }],
    [['-in-cluster=false'], { 'in-cluster': false }],
    [['--in-cluster=F', '--namespace='], { 'in-cluster': false, namespace: '' }],
    [['--allowed-role', 'a', '--allowed-role=b'], { 'allowed-role': ['a', 'b'] }],
    [['--namespace', 'a', '--namespace', 'b'], { namespace: 'b' }],
  ])('reads %j', (argv, values) => {
    expect(parseGoFlags(table, argv)).toEqual({ ok: true, values, help: false });
  });

  it('reports every problem at once, with the nearest name', () => {
    expect(parseGoFlags(table, ['--prot=1', 'stray', '--in-cluster=maybe', '--namespace'])).toEqual({
      ok: false,
      problems: [
        { path: '--prot', message: 'no such flag; did you mean --port?' },
        { path: 'stray', message: 'takes flags only' },
        { path: '--in-cluster', message: '"maybe" is neither true nor false' },
        { path: '--namespace', message: 'needs a value' },
      ],
    });
  });

  it('does not guess a name that is nowhere near', () => {
    expect(nearest('zzzzzz', ['port', 'namespace'])).toBeUndefined();
  });

  it('writes its help from the table', () => {
    const help = goFlagsHelp({ name: 'webhook', summary: 'S.', example: 'podrole webhook' }, table);
    expect(help).toContain('  --port int (default 443)\n      TLS port\n');
    expect(help).toContain('  --allowed-role strings\n      pattern\n');
  });
});
