import type { Clock } from '../../../base/clock.ts';
import type { KubeObject } from '../../core/object.ts';
import type { EventNote } from '../event-recorder.ts';

/** The figures of client-go's event correlator. */
const SIMILAR_LIMIT = 10;
const WINDOW_MS = 600_000;
const BURST = 25;
const REFILL_MS = 300_000;
const MAX_KEYS = 4_096;
const LONGEST_MESSAGE = 1_024;

interface Known {
  readonly name: string;
  readonly firstTimestamp: string;
  count: number;
  lastMs: number;
}

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

interface Bucket {
  tokens: number;
  refilledMs: number;
}

interface EntryBase {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** The whole event, should there be none to repeat. */
  readonly event: KubeObject;
}

export type EventEntry = (EntryBase & { readonly kind: 'new' }) | (EntryBase & { readonly kind: 'repeat'; readonly patch: object });

export interface EventLedgerOptions {
  readonly component: string;
  readonly instance?: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly fallbackNamespace?: string;
}

/** Which notes become which events. Memory is bounded: the longest unused key is forgotten first. */
export class EventLedger {
  readonly #options: EventLedgerOptions;
  readonly #known = new Map<string, Known>();
  readonly #similar = new Map<string, Similar>();
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: EventLedgerOptions) {
    this.#options = options;
  }

  /** What to write for a note; `undefined` when its object has used up its share. */
  enter(note: EventNote): EventEntry | undefined {
    const nowMs = this.#options.clock.monotonic();
    const { regarding } = note;
    const object = [regarding.apiVersion, regarding.kind, regarding.namespace ?? '', regarding.name, regarding.uid ?? ''].join('\n');
    if (!this.#spend(object, nowMs)) return undefined;
    const { message, identity } = this.#combined(`${object}\n${note.type}\n${note.reason}`, note.message.slice(0, LONGEST_MESSAGE), nowMs);
    const key = `${object}\n${note.type}\n${note.reason}\n${identity}`;
    const now = this.#options.clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const namespace = regarding.namespace ?? this.#options.fallbackNamespace ?? 'default';
    const known = this.#known.get(key);
    const isRepeat = known !== undefined && nowMs - known.lastMs <= WINDOW_MS;
    const count = isRepeat ? known.count + 1 : 1;
    const firstTimestamp = isRepeat ? known.firstTimestamp : now;
    const name = `${regarding.name.slice(0, 200)}.${Math.floor(this.#options.random() * 2 ** 48)
      .toString(16)
      .padStart(12, '0')}`;
    const event = this.#eventOf(note, { namespace, name, message, firstTimestamp, lastTimestamp: now, count });
    if (!isRepeat) {
      remember(this.#known, key, { name, firstTimestamp, count, lastMs: nowMs });
      return { kind: 'new', key, namespace, name, event };
    }
    known.count = count;
    known.lastMs = nowMs;
    return { kind: 'repeat', key, namespace, name: known.name, event, patch: { count, lastTimestamp: now, message } };
  }

  /** The event of this entry was created: later repetitions go to it. */
  confirm(entry: EventEntry): void {
    const known = this.#known.get(entry.key);
    const name = entry.event.metadata.name;
    if (known && name !== undefined) remember(this.#known, entry.key, { ...known, name });
  }

  /** It was not created: the next note tries anew. */
  forget(entry: EventEntry): void {
    this.#known.delete(entry.key);
  }

  #eventOf(
    note: EventNote,
    parts: {
      readonly namespace: string;
      readonly name: string;
      readonly message: string;
      readonly firstTimestamp: string;
      readonly lastTimestamp: string;
      readonly count: number;
    },
  ): KubeObject {
    const { namespace, name, ...rest } = parts;
    const { component, instance } = this.#options;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name },
      involvedObject: { ...note.regarding },
      type: note.type,
      reason: note.reason,
      source: instance === undefined ? { component } : { component, host: instance },
      ...rest,
    };
  }

  /** The message to show, and what makes two events the same: beyond so many different messages of one reason, the reason alone. */
  #combined(group: string, message: string, nowMs: number): { readonly message: string; readonly identity: string } {
    let similar = this.#similar.get(group);
    if (similar === undefined || nowMs - similar.lastMs > WINDOW_MS) similar = { messages: new Set(), lastMs: nowMs };
    similar.lastMs = nowMs;
    remember(this.#similar, group, similar);
    if (!similar.messages.has(message)) {
      if (similar.messages.size >= SIMILAR_LIMIT) return { message: `(combined from similar events): ${message}`, identity: '' };
      similar.messages.add(message);
    }
    return { message, identity: message };
  }

  #spend(object: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(object) ?? { tokens: BURST, refilledMs: nowMs };
    const refill = Math.floor((nowMs - bucket.refilledMs) / REFILL_MS);
    if (refill > 0) {
      bucket.tokens = Math.min(BURST, bucket.tokens + refill);
      bucket.refilledMs += refill * REFILL_MS;
    }
    remember(this.#buckets, object, bucket);
    if (bucket.tokens <= 0) return false;
    bucket.tokens -= 1;
    return true;
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_KEYS) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
