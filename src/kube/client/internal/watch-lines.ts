import type { KubeObject } from '../../core/object.ts';
import type { WatchEvent } from '../../core/watch-event.ts';

/** A single object larger than this is no watch event but a broken stream: etcd itself stops at 1.5 MiB. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

const EVENT_TYPES: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

/**
 * The events in a stream of JSON lines, however the bytes are cut: lines are split as bytes and decoded whole, so that no character is
 * torn. Throws on what is not an event (bad UTF-8, bad JSON, another shape, a line without end): the stream can no longer be trusted.
 */
export async function* watchEvents<T extends KubeObject>(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  let rest: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      rest.push(chunk.subarray(from, at));
      from = at + 1;
      const event = parseLine<T>(rest);
      rest = [];
      length = 0;
      if (event) yield event;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > MAX_LINE_BYTES) throw new Error(`a watch line is longer than ${MAX_LINE_BYTES} bytes`);
  }
  const last = parseLine<T>(rest);
  if (last) yield last;
}

function parseLine<T extends KubeObject>(parts: readonly Uint8Array[]): WatchEvent<T> | undefined {
  const bytes = parts.length === 1 ? parts[0] : Buffer.concat(parts);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  if (text.trim() === '') return undefined;
  const event: unknown = JSON.parse(text);
  if (!isEvent<T>(event)) throw new Error('a watch line is not an event');
  return event;
}

function isEvent<T extends KubeObject>(value: unknown): value is WatchEvent<T> {
  if (typeof value !== 'object' || value === null) return false;
  const { type, object } = value as { readonly type?: unknown; readonly object?: unknown };
  return EVENT_TYPES.has(type) && typeof object === 'object' && object !== null && !Array.isArray(object);
}
