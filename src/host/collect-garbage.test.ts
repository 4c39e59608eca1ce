import { expect, it } from 'vitest';
import { collectGarbage } from './collect-garbage.ts';

it('leaves nothing that nobody holds', async () => {
  const gone = new WeakRef(Array.from({ length: 1_000 }, (_, index) => ({ index })));
  // What a weak reference was made of lives until the turn ends.
  await new Promise((resolve) => setTimeout(resolve, 0));
  collectGarbage();
  expect(gone.deref()).toBeUndefined();
});
