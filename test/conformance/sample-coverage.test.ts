import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const folder = new URL('./', import.meta.url);

/** Samples that no test compares, and why. */
const NOT_COMPARED: Readonly<Record<string, string>> = {
  'audit-event.webhook-annotations.json': 'the sandbox keeps no audit log',
  'rbac.denied-create-group.403.json': 'the sandbox authenticates and leaves access rights to the real one',
  'rbac.denied-list-cluster.403.json': 'the sandbox authenticates and leaves access rights to the real one',
  'rbac.denied-named.403.json': 'the sandbox authenticates and leaves access rights to the real one',
  'rbac.denied-subresource.403.json': 'the sandbox authenticates and leaves access rights to the real one',
};

/** Samples that are neither named in a test nor excused, and excuses that are none. */
function coverageProblems(samples: readonly string[], tests: string, excused: Readonly<Record<string, string>>): readonly string[] {
  const isCompared = (file: string): boolean => tests.includes(`'${file}'`);
  return [
    ...samples.filter((file) => !isCompared(file) && excused[file] === undefined).map((file) => `${file}: compared by nobody`),
    ...Object.keys(excused)
      .filter((file) => isCompared(file) || !samples.includes(file))
      .map((file) => `${file}: needs no excuse`),
  ];
}

describe('every recorded answer', () => {
  test('is compared by a test or excused with a reason', () => {
    const samples = readdirSync(new URL('samples/', folder)).filter((file) => file.includes('.') && file !== 'index.json');
    const tests = [folder, new URL('../../src/sandbox/kube-api/', folder)].flatMap((place) =>
      readdirSync(place, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.test.ts') && !import.meta.url.endsWith(file))
        .map((file) => readFileSync(new URL(file, place), 'utf8')),
    );
    expect(samples.length).toBeGreaterThan(60);
    expect(coverageProblems(samples, tests.join('\n'), NOT_COMPARED)).toEqual([]);
  });

  test('would be missed', () => {
    expect(coverageProblems(['a.json', 'b.json', 'c.json'], "replay('a.json')", { 'a.json': 'x', 'c.json': 'y', 'd.json': 'z' })).toEqual([
      'b.json: compared by nobody',
      'a.json: needs no excuse',
      'd.json: needs no excuse',
    ]);
  });
});
