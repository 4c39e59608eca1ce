import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { keepToken } from './token-keeper.ts';

const SECOND = 1_000;

function world({ skewSeconds = 0 } = {}) {
  const clock = new FakeClock();
  const written: string[] = [];
  const notes: string[] = [];
  let broken = false;
  let asked = 0;
  const over = new AbortController();
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const started = keepToken(
    {
      clock,
      issue: async () => {
        asked += 1;
        if (broken) throw new Error('API server away');
        const iat = clock.now().getTime() / 1_000 + skewSeconds;
        return { token: `${part({ n: asked })}.${part({ iat, exp: iat + 600 })}.c2ln`, expiresAt: new Date((iat + 600) * 1_000) };
      },
      write: async (token) => void written.push(token),
      onFailure: (note) => void notes.push(note),
    },
    over.signal,
  );
  return { clock, written, notes, over, started, asked: () => asked, breakIt: (value: boolean) => (broken = value) };
}

describe('a token that is in use', () => {
  it.each([0, 300, -300])('is replaced at 80 % of its life, with a clock that is %i s off', async (skewSeconds) => {
    const { clock, written, started, asked, over } = world({ skewSeconds });
    expect(await started).toBe(written[0]);
    await clock.advance(479 * SECOND);
    expect(asked()).toBe(1);
    await clock.advance(SECOND);
    expect(asked()).toBe(2);
    expect(written).toHaveLength(2);
    await clock.advance(480 * SECOND);
    expect(asked()).toBe(3);
    over.abort();
    await settle();
    expect(clock.pending).toBe(0);
  });

  it('is asked for again with growing pauses, and told once, while the cluster is away', async () => {
    const { clock, started, asked, breakIt, notes, over, written } = world();
    await started;
    breakIt(true);
    await clock.advance(480 * SECOND);
    expect([asked(), notes.length]).toEqual([2, 1]);
    expect(notes[0]).toBe('the token could not be renewed and ends 2026-01-01T00:10:00.000Z: API server away');
    await clock.advance((2 + 4 + 8) * SECOND);
    expect([asked(), notes.length]).toEqual([5, 1]);
    breakIt(false);
    await clock.advance(16 * SECOND);
    expect(written).toHaveLength(2);
    over.abort();
    await settle();
    expect(clock.pending).toBe(0);
  });

  it('is the caller’s failure when it is the first one', async () => {
    const clock = new FakeClock();
    const issue = (): Promise<never> => Promise.reject(new Error('forbidden'));
    await expect(
      keepToken({ clock, issue, write: async () => undefined, onFailure: () => undefined }, new AbortController().signal),
    ).rejects.toThrow('forbidden');
    expect(clock.pending).toBe(0);
  });
});
