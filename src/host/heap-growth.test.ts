import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { HEAP_GROWTH_FLAG } from './heap-growth.ts';

describe('the limit of the heap’s growth', () => {
  it('is a flag that this Node knows: V8 passes over one that it does not', () => {
    const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    const [name = ''] = HEAP_GROWTH_FLAG.split('=');
    expect(known.replaceAll('_', '-')).toContain(`${name} (`);
  });
});
