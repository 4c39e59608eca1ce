import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../core/watch-event.ts';
import { watchEvents } from './watch-lines.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function collect(chunks: readonly Uint8Array[]): Promise<{ readonly events: readonly WatchEvent[]; readonly error: unknown }> {
  const events: WatchEvent[] = [];
  try {
    for await (const event of watchEvents(from(chunks))) events.push(event);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
}

describe('the watch stream', () => {
  it('yields the same events however the bytes are cut, inside characters too', async () => {
    const events = fc.array(
      fc.record({
        type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'),
        object: fc.record({ metadata: fc.record({ name: fc.string({ unit: 'grapheme' }) }), extra: fc.jsonValue() }),
      }),
      { maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(events, fc.array(fc.nat(2_000), { maxLength: 12 }), fc.boolean(), async (sent, places, newlineAtEnd) => {
        const text = sent.map((event) => JSON.stringify(event)).join('\n') + (newlineAtEnd ? '\n' : '');
        const { events: got, error } = await collect(cut(encode(text), places));
        expect(error).toBeUndefined();
        expect(JSON.stringify(got)).toBe(JSON.stringify(sent));
      }),
      { numRuns: 300 },
    );
  });

  it('never yields anything but events, whatever the bytes are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), async (chunks) => {
        const { events, error } = await collect(chunks);
        for (const event of events) expect(event).toMatchObject({ type: expect.any(String), object: expect.any(Object) });
        if (error !== undefined) expect(error).toBeInstanceOf(Error);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['JSON that is cut off', '{"type":"ADDED","object":{"meta'],
    ['JSON that is no event', '{"kind":"Status"}\n'],
    ['an unknown type', '{"type":"RENAMED","object":{}}\n'],
    ['an object that is a list', '{"type":"ADDED","object":[]}\n'],
    ['null', 'null\n'],
    ['HTML', '<html>\n'],
  ])('throws on %s, after the events before it', async (_, bad) => {
    const { events, error } = await collect([encode(`{"type":"ADDED","object":{}}\n${bad}`)]);
    expect(events).toEqual([{ type: 'ADDED', object: {} }]);
    expect(error).toBeInstanceOf(Error);
  });

  it('throws on bytes that are not UTF-8 rather than change a name', async () => {
    const { error } = await collect([encode('{"type":"ADDED","object":{"a":"'), new Uint8Array([0xff]), encode('"}}\n')]);
    expect(error).toBeInstanceOf(TypeError);
  });

  it('skips empty lines, and takes CRLF', async () => {
    const { events } = await collect([encode('\n\r\n{"type":"BOOKMARK","object":{}}\r\n\n')]);
    expect(events).toHaveLength(1);
  });

  it('gives up on a line that never ends', async () => {
    const mebibyte = new Uint8Array(1024 * 1024).fill(97);
    const { error } = await collect(Array.from({ length: 20 }, () => mebibyte));
    expect(error).toMatchObject({ message: 'a watch line is longer than 16777216 bytes' });
  });
});
