import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { type Log, silentLog } from '../../base/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { resources } from '../core/resource.ts';
import { EventLedger } from './internal/event-ledger.ts';
import { statusOf } from './internal/failure.ts';

/** The object that an event is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface EventNote {
  readonly regarding: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, a code that does not vary. */
  readonly reason: string;
  /** For people; cut at 1,024 characters. No secrets. */
  readonly message: string;
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'mergePatch'>;
  /** `source.component`, and the field manager. */
  readonly component: string;
  /** `source.host`: which replica. */
  readonly instance?: string;
  readonly clock: Clock;
  /** Numbers in [0, 1), for event names. */
  readonly random: () => number;
  readonly log?: Log;
  /** Where events about cluster-scoped objects go; default `default`. */
  readonly fallbackNamespace?: string;
}

/** How many notes became writes, and how many were dropped (rate limit, full buffer, refused). */
export interface EventRecorderState {
  readonly written: number;
  readonly dropped: number;
  readonly waiting: number;
}

/**
 * Writes `v1` Events, as client-go's recorder does: a repetition raises the count of the event that exists, many different messages of one
 * reason become one, and one object cannot flood the API. An event is a courtesy: it is never waited for, and a failure only costs the event.
 */
export interface EventRecorder {
  record(note: EventNote): void;
  state(): EventRecorderState;
  /** Resolves when everything recorded so far was written or dropped. */
  flush(): Promise<void>;
}

const MAX_WAITING = 1_000;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const log = options.log ?? silentLog;
  const ledger = new EventLedger(options);
  let written = 0;
  let dropped = 0;
  let waiting = 0;
  let tail: Promise<void> = Promise.resolve();

  async function write(note: EventNote): Promise<void> {
    const entry = ledger.enter(note);
    if (entry === undefined) {
      dropped += 1;
      return;
    }
    try {
      if (entry.kind === 'repeat' && (await repeat(entry.name, entry.namespace, entry.patch))) {
        written += 1;
        return;
      }
      await options.client.create(resources.events, entry.event, { fieldManager: options.component });
      ledger.confirm(entry);
      written += 1;
    } catch (error) {
      dropped += 1;
      ledger.forget(entry);
      log.debug('event not written', { reason: note.reason, error: messageOf(error) });
    }
  }

  /** `false`: the event has expired meanwhile (they live an hour) and must be made anew. */
  async function repeat(name: string, namespace: string, patch: object): Promise<boolean> {
    try {
      await options.client.mergePatch(resources.events, { name, namespace }, patch, { fieldManager: options.component });
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw error;
    }
  }

  return {
    record: (note) => {
      if (waiting >= MAX_WAITING) {
        dropped += 1;
        return;
      }
      waiting += 1;
      tail = tail
        .then(() => write(note))
        .finally(() => {
          waiting -= 1;
        });
    },
    state: () => ({ written, dropped, waiting }),
    flush: () => tail,
  };
}
