import type { Problem } from './errors.ts';
import { parseGoDuration, parseGoInt } from './go-values.ts';

/** One flag of a server, as its table declares it. */
export interface FlagRow {
  readonly name: string;
  readonly type: 'string' | 'bool' | 'int' | 'duration' | 'strings';
  readonly default: string | number | boolean | readonly string[];
  readonly doc: string;
  readonly unit?: string;
  /** Accepted so that an existing command line starts, without effect; the text says why. */
  readonly upstreamOnly?: string;
}

/** Flags as they were given: text, a boolean for `bool`, a list for `strings`. What was not given is missing. */
export type FlagValues = Readonly<Record<string, string | boolean | readonly string[]>>;

/** Reads flags by name with the table's defaults; what is wrong is collected, and a harmless value stands in. A name that is not in the table throws. */
export class FlagReader {
  readonly problems: Problem[] = [];
  readonly #rows: ReadonlyMap<string, FlagRow>;
  readonly #values: FlagValues;

  constructor(table: readonly FlagRow[], values: FlagValues) {
    this.#rows = new Map(table.map((row) => [row.name, row]));
    this.#values = values;
  }

  problem(name: string, message: string): void {
    this.problems.push({ path: `--${name}`, message });
  }

  text(name: string): string {
    return String(this.#value(name));
  }

  bool(name: string): boolean {
    return this.#value(name) === true;
  }

  /** Every value of a repeated flag, whole. */
  list(name: string): readonly string[] {
    const value = this.#value(name);
    return typeof value === 'object' ? value : [String(value)];
  }

  /** Repeated flags and comma lists alike; blanks are trimmed, empty items skipped. */
  items(name: string): readonly string[] {
    return this.list(name)
      .flatMap((item) => item.split(','))
      .flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
  }

  int(name: string, least: number, most: number): number {
    const value = parseGoInt(this.text(name));
    if (value !== undefined && value >= least && value <= most) return value;
    const bounded = Number.isSafeInteger(least) && least > Number.MIN_SAFE_INTEGER;
    this.problem(name, bounded ? `must be a whole number from ${least} to ${most}` : 'must be a whole number');
    return least;
  }

  /** Milliseconds. */
  duration(name: string): number {
    const value = parseGoDuration(this.text(name));
    if (value !== undefined && value >= 0) return value;
    this.problem(name, `${JSON.stringify(this.text(name))} must be a duration like 100ms, 2s or 1m30s`);
    return 0;
  }

  checked(name: string, isGood: (text: string) => boolean, message: string): string {
    const value = this.text(name);
    if (!isGood(value)) this.problem(name, message);
    return value;
  }

  choice<Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const value = this.text(name);
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) this.problem(name, `must be one of ${choices.join(', ')}`);
    return chosen ?? choices[0];
  }

  #value(name: string): string | number | boolean | readonly string[] {
    const row = this.#rows.get(name);
    if (row === undefined) throw new RangeError(`flag ${name} is not in the table`);
    return (Object.hasOwn(this.#values, name) ? this.#values[name] : undefined) ?? row.default;
  }
}
