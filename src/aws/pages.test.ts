import { describe, expect, it } from 'vitest';
import { allPages } from './pages.ts';

describe('a list in pages', () => {
  it('is complete, with short and empty pages in between', async () => {
    const pages = [
      { items: [1], next: 'b' },
      { items: [], next: 'c' },
      { items: [2, 3], next: undefined },
    ];
    const markers: unknown[] = [];
    const items = await allPages(async (marker) => {
      markers.push(marker);
      return pages[markers.length - 1]!;
    });
    expect(items).toEqual([1, 2, 3]);
    expect(markers).toEqual([{}, { Marker: 'b' }, { Marker: 'c' }]);
  });

  it('is an error when one page is', async () => {
    let asked = 0;
    const half = allPages(async () => {
      asked += 1;
      if (asked === 2) throw new Error('Throttling');
      return { items: [1], next: 'b' };
    });
    await expect(half).rejects.toThrow('Throttling');
  });
});
