import { describe, expect, it } from 'vitest';
import { READ_STALENESS_MS, TrustKnowledge } from './trust-knowledge.ts';

describe('what is known of a trust policy', () => {
  it('takes a read of what our own write replaced for old, for as long as reads may be old', () => {
    const known = new TrustKnowledge(0);
    known.wrote({ base: 'A', document: 'B', at: 100 }, 110);
    expect([known.resolve('A', 111), known.resolve('B', 111), known.resolve('C', 111)]).toEqual(['B', 'B', 'C']);
    expect(known.resolve('A', 110 + READ_STALENESS_MS)).toBe('A');
  });

  it('proves by our own acknowledged write at once, by a mere look only when reads can no longer be old', () => {
    const known = new TrustKnowledge(50);
    expect(known.provesFrom(false)).toBe(50 + READ_STALENESS_MS);
    known.wrote({ base: 'A', document: 'B', at: 100 }, 110);
    expect([known.provesFrom(true), known.provesFrom(false)]).toEqual([100, 100 + READ_STALENESS_MS]);
  });

  it('proves nothing before a write of unknown outcome can no longer land', () => {
    const known = new TrustKnowledge(0);
    known.wrote({ base: 'A', document: 'B', at: 100 }, 110);
    known.lost(200, 300_000);
    expect([known.provesFrom(true), known.resolve('A', 201), known.acknowledged]).toEqual([300_200 + READ_STALENESS_MS, 'A', undefined]);
    known.wrote({ base: 'A', document: 'B', at: 250_000 }, 250_010);
    expect(known.provesFrom(true)).toBe(300_200 + READ_STALENESS_MS);
    known.wrote({ base: 'B', document: 'C', at: 300_200 }, 300_210);
    expect(known.provesFrom(true)).toBe(300_200);
  });

  it('tells an edit that was lost from one that stayed', () => {
    const known = new TrustKnowledge(0);
    known.wrote({ base: 'A', document: 'B', at: 100 }, 110);
    expect([known.observe('B'), known.observe('F'), known.observe('F'), known.observe('B'), known.observe('B')]).toEqual([
      'known',
      'foreign',
      'known',
      'lost',
      'known',
    ]);
  });
});
