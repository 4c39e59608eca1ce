import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planFor, REQUEST } from '../../test/support/setup-plans.ts';
import { SetupWorld, sha256Hex } from '../../test/support/setup-world.ts';
import { DEFAULT_OPTIONS } from './options.ts';
import { planDigest } from './plan-digest.ts';
import { parseSavedPlan, type SavedPlan } from './plan-file.ts';

const SAVED: SavedPlan = {
  kind: 'SavedPlan',
  digest: 'a'.repeat(64),
  ask: { request: REQUEST, region: 'us-west-2', options: DEFAULT_OPTIONS },
};

describe('a saved plan', () => {
  it('comes back as it was put aside, whatever a reader added for people', () => {
    expect(parseSavedPlan(JSON.stringify({ ...SAVED, items: [{ verb: 'create' }], notes: [] }))).toEqual({ ok: true, saved: SAVED });
  });

  it('names every member that is wrong', () => {
    const text = JSON.stringify({ ...SAVED, digest: 'x', ask: { ...SAVED.ask, options: { ...DEFAULT_OPTIONS, layout: 'wide', fsx: 1 } } });
    const read = parseSavedPlan(text);
    expect(read.ok ? [] : read.problems.map(({ path }) => path)).toEqual(['/digest', '/ask/options/layout', '/ask/options/fsx']);
  });

  it('with a template that would merge roles is refused', () => {
    const text = JSON.stringify({ ...SAVED, ask: { ...SAVED.ask, options: { ...DEFAULT_OPTIONS, roleNames: 'kf' } } });
    expect(parseSavedPlan(text)).toMatchObject({ ok: false, problems: [{ path: '--role-names' }, { path: '--role-names' }] });
  });

  it('that is no plan at all is refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseSavedPlan(text).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the digest', () => {
  const digestOf = async (world: SetupWorld): Promise<string> => {
    const { items, site } = await planFor(world);
    return planDigest({ facts: site, items }, sha256Hex);
  };

  it('is the same for the same world', async () => {
    expect(await digestOf(new SetupWorld())).toBe(await digestOf(new SetupWorld()));
  });

  it('differs when something appeared', async () => {
    const world = new SetupWorld();
    world.state.namespaces.kubeflow = { made: false };
    expect(await digestOf(world)).not.toBe(await digestOf(new SetupWorld()));
  });

  it('does not hang on the order of members', () => {
    expect(planDigest({ facts: { a: 1, b: [1, 2] }, items: [] }, sha256Hex)).toBe(
      planDigest({ items: [], facts: { b: [1, 2], a: 1 } }, sha256Hex),
    );
    expect(planDigest({ facts: [1, 2], items: [] }, sha256Hex)).not.toBe(planDigest({ facts: [2, 1], items: [] }, sha256Hex));
  });
});
