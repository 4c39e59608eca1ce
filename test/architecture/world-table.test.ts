import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { differencesIn, type SuiteRow, worldReport } from '../cluster/world-table.ts';

const suite = (file: string, about: string, worlds: SuiteRow['worlds']): SuiteRow => ({ file, about: [about], worlds });

describe('the report of a run on both worlds', () => {
  test('has both side by side, failures in capitals, and what is not the same with its reason', () => {
    const text = worldReport({
      suites: [
        suite('test/cluster/issuer.test.ts', 'an issuer', { real: { passed: 2, failed: 0, skipped: 0, ms: 31_000 } }),
        suite('test/cluster/suites/kubectl.test.ts', 'kubectl', {
          sandbox: { passed: 14, failed: 0, skipped: 0, ms: 5_240 },
          real: { passed: 0, failed: 0, skipped: 14, ms: 0 },
        }),
        suite('test/journeys/up.test.ts', 'podrole up, which has a title that is longer than its column is', {
          sandbox: { passed: 5, failed: 1, skipped: 0, ms: 12_000 },
          real: { passed: 5, failed: 0, skipped: 1, ms: 61_040 },
        }),
      ],
      sandboxOnly: [['cli-trust', 'documents alone']],
      differences: [{ subject: 'metrics', real: '200', sandbox: '404', reason: 'it stays small' }],
    });
    expect(
      text,
    ).toBe(`suite       about                                            sandbox                     time   real control plane           time

journeys
  up        podrole up, which has a title that is longer …     1 FAILED, 5 passed      12.0 s     5 passed, 1 skipped      61.0 s

the Kubernetes API, as its clients see it
  kubectl   kubectl                                           14 passed                 5.2 s    14 skipped

on the real one alone
  issuer    an issuer                                          -                                  2 passed                 31.0 s

all         3 suites                                           1 FAILED, 19 passed     17.2 s     7 passed, 15 skipped     92.0 s

journeys on the sandbox alone, and why

  cli-trust  documents alone

where the sandbox answers otherwise: 1

  metrics
      real     200
      sandbox  404
      because  it stays small`);
  });

  test('folds what is long below its first word', () => {
    const text = worldReport({ suites: [], sandboxOnly: [['name', 'a word and '.repeat(14)]], differences: [] });
    const [first = '', second = ''] = text.split('\n').slice(-2);
    expect(first.length).toBeLessThanOrEqual(118);
    expect(second).toMatch(/^ {8}\S/);
  });

  test('knows every row of the reference', () => {
    const page = readFileSync(new URL('../../docs/reference/sandbox-differences.md', import.meta.url), 'utf8');
    const rows = differencesIn(page);
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) for (const cell of Object.values(row)) expect(cell).not.toBe('');
    expect(rows.map(({ subject }) => subject)).toContain('the server’s own metrics (`/metrics`)');
  });
});
