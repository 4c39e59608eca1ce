import { expect, it } from 'vitest';
import { gatheredLines } from './gathered-lines.ts';

it('writes the lines of a moment at once, in order', async () => {
  const written: string[] = [];
  const lines = gatheredLines({ write: (text) => written.push(text) });
  lines.write('a\n');
  lines.write('b\n');
  expect(written).toEqual([]);
  await expect.poll(() => written).toEqual(['a\nb\n']);
  lines.write('c\n');
  await expect.poll(() => written).toEqual(['a\nb\n', 'c\n']);
});

it('does not wait once there is much of it, nor when told', () => {
  const written: string[] = [];
  const lines = gatheredLines({ write: (text) => written.push(text) });
  lines.write('x'.repeat(20_000));
  expect(written).toHaveLength(1);
  lines.write('last\n');
  lines.flush();
  lines.flush();
  expect(written.slice(1)).toEqual(['last\n']);
});
