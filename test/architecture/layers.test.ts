import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breaches, type Source } from './layers.ts';

const root = join(import.meta.dirname, '../../src');

function tree(): readonly Source[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(root, path), 'utf8') }));
}

describe('the table of who may import whom', () => {
  it('holds for every file of src/', () => {
    const sources = tree();
    expect(sources.length).toBeGreaterThan(100);
    expect(breaches(sources)).toEqual([]);
  });
});

describe('the guard itself', () => {
  const bad: readonly (readonly [what: string, source: Source, breach: RegExp])[] = [
    ['a folder that the table does not name', { path: 'utils/a.ts', text: '' }, /missing from the table/],
    [
      'a pure folder that reads a file',
      { path: 'iam/a.ts', text: "import { readFileSync } from 'node:fs';" },
      /package node:fs is not for iam/,
    ],
    ['a pure folder that looks at the clock', { path: 'iam/a.ts', text: 'export const a = Date.now();' }, /take `now` as an argument/],
    ['a pure folder that rolls dice', { path: 'webhook/a.ts', text: 'export const a = Math.random();' }, /random source/],
    [
      'a feature that reaches for a wire',
      { path: 'profile/a.ts', text: "import { a } from '../aws/a.ts';" },
      /profile must not import aws/,
    ],
    [
      'a feature that reaches for another',
      { path: 'setup/a.ts', text: "import { a } from '../profile/a.ts';" },
      /setup must not import profile/,
    ],
    [
      'the sandbox that borrows the product',
      { path: 'sandbox/aws/a.ts', text: "import { a } from '../../identity/a.ts';" },
      /sandbox must not import identity/,
    ],
    [
      'a lazy import is an import',
      { path: 'setup/a.ts', text: "export const a = () => import('../aws/a.ts');" },
      /setup must not import aws/,
    ],
    [
      'a workload that knows podrole',
      { path: 'sandbox/kubelet/workload/a.ts', text: "import { a } from '../../../base/a.ts';" },
      /workload must not import base/,
    ],
    [
      'a value where types alone are allowed',
      { path: 'kube/runtime/a.ts', text: "import { a } from '../client/a.ts';" },
      /kube\/runtime must not import kube\/client/,
    ],
    ['somebody else’s internals', { path: 'app/a.ts', text: "import { a } from '../iam/internal/a.ts';" }, /internal to iam/],
    ['a file that is too long', { path: 'iam/a.ts', text: '\n'.repeat(400) }, /more than 350 lines/],
  ];
  it.each(bad)('rejects %s', (_, source, breach) => {
    expect(breaches([source]).join('\n')).toMatch(breach);
  });

  it('lets types of an allowed folder pass', () => {
    expect(breaches([{ path: 'kube/runtime/a.ts', text: "import type { A } from '../client/a.ts';" }])).toEqual([]);
  });
});
