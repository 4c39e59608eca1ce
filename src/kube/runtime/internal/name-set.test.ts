import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NameSet } from './name-set.ts';

it('holds what a set of strings holds, whatever is added and deleted in whatever order', () => {
  const name = fc.oneof(
    fc.constantFrom('', 'a/b', 'a/bc', 'team-é/x', 'x'.repeat(300), 'x'.repeat(70_000)),
    fc.string({ maxLength: 3 }),
    fc.nat(400).map((index) => `team/account-${index}`),
  );
  const step = fc.record({ adds: fc.boolean(), name });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
      const real = new Set<string>();
      const compact = new NameSet();
      for (const { adds, name: each } of steps) {
        if (adds) {
          real.add(each);
          compact.add(each);
        } else {
          real.delete(each);
          compact.delete(each);
        }
        expect([compact.size, compact.has(each)]).toEqual([real.size, adds]);
      }
      expect([...compact.values()].sort()).toEqual([...real].sort());
    }),
    { numRuns: 60 },
  );
});

it('grows and shrinks again without losing a name', () => {
  const names = new NameSet();
  for (let index = 0; index < 20_000; index += 1) names.add(`team-${index % 100}/account-${index}`);
  for (let index = 0; index < 20_000; index += 1) if (index % 3 !== 0) names.delete(`team-${index % 100}/account-${index}`);
  for (let index = 0; index < 20_000; index += 3) names.add(`team-${index % 100}/other-${index}`);
  expect(names.size).toBe(2 * 6_667);
  for (let index = 0; index < 20_000; index += 1) expect(names.has(`team-${index % 100}/account-${index}`)).toBe(index % 3 === 0);
});
