import type { Clock } from '../base/clock.ts';
import { messageOf, type Problem } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ReasonCode } from '../identity/reason-codes.ts';
import { LookupError } from './errors.ts';
import { deadline } from './internal/deadline.ts';

/** What reading a text made of it: a new value, or the previous one with the reason why. */
export interface Reading<Value> {
  readonly value: Value;
  readonly problems: readonly Problem[];
  readonly reason: ReasonCode | undefined;
}

export interface ConfigSourceOptions<Text, Value> {
  /** For messages and logs. */
  readonly name: string;
  readonly initial: Value;
  /** Pure; gets the last good value. */
  readonly parse: (text: Text, previous: Value) => Reading<Value>;
  /** Whether two texts say the same; such a text is not read, nor complained of, again. */
  readonly isSame: (text: Text, other: Text) => boolean;
  /** Reads the text at its source. */
  readonly read: (signal: AbortSignal) => Promise<Text>;
  readonly readTimeoutMs: number;
  /** The least time between two reads, in milliseconds. */
  readonly refreshMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: (value: Value, valid: boolean) => void;
}

/** A configuration that changes under way: the last good version counts, and nobody is answered before there was a first one. */
export interface ConfigSource<Text, Value> {
  readonly value: Value;
  /** Whether the source was read once, good or bad. */
  readonly loaded: boolean;
  /** Takes over a text that a watcher saw. */
  update(text: Text): void;
  /**
   * Reads the source, at most once per `refreshMs` and once at a time; whoever comes meanwhile shares the read. `undefined` when there is nothing to
   * wait for. A failed read rejects with LookupError before the first load; later the last good version stays, with a log line.
   */
  refresh(): Promise<void> | undefined;
}

export function createConfigSource<Text, Value>(options: ConfigSourceOptions<Text, Value>): ConfigSource<Text, Value> {
  const { clock, log, name } = options;
  let value = options.initial;
  let loaded: { readonly text: Text } | undefined;
  let lastRead = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  function update(text: Text): void {
    if (loaded !== undefined && options.isSame(loaded.text, text)) return;
    const read = options.parse(text, value);
    value = read.value;
    loaded = { text };
    if (read.reason !== undefined) {
      log.warn('configuration is malformed, the last good one stays in use', {
        source: name,
        reason: read.reason,
        problems: read.problems.map((problem) => `${problem.path}: ${problem.message}`),
      });
    }
    options.onChange(value, read.reason === undefined);
  }

  async function readNow(): Promise<void> {
    const limit = deadline(clock, options.readTimeoutMs, 'it was not answered in time');
    try {
      update(await limit.race(options.read(limit.signal)));
    } catch (error) {
      if (loaded === undefined) throw new LookupError('ReadFailed', `${name} could not be read: ${messageOf(error)}`, error);
      log.warn('configuration could not be read, the last good one stays in use', { source: name, error: messageOf(error) });
    } finally {
      limit.cancel();
      lastRead = clock.monotonic();
    }
  }

  return {
    get value() {
      return value;
    },
    get loaded() {
      return loaded !== undefined;
    },
    update,
    refresh: () => {
      if (reading !== undefined) return reading;
      if (loaded !== undefined && clock.monotonic() - lastRead < options.refreshMs) return undefined;
      reading = readNow().finally(() => {
        reading = undefined;
      });
      return reading;
    },
  };
}
