import pc from 'picocolors';
import type { TakeSignals } from './signals.ts';

/** Where a command reads from and writes to. Data goes to `out`, everything else to `err`. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
  readonly colors: ReturnType<typeof pc.createColors>;
  readonly symbols: Symbols;
  /** Aborts with the name of the signal (`SIGINT`, `SIGTERM`) when the user or the system ends the command. */
  readonly signal: AbortSignal;
  /** Whether a person's terminal is at the other end of standard input. */
  readonly interactive: boolean;
  /** For a command that runs another program, whose signals these are. */
  readonly takeSignals: TakeSignals;
  readText(file: string): Promise<string>;
}

export interface Symbols {
  readonly ok: string;
  readonly no: string;
  readonly note: string;
}

/** One mark beside a word: never colour alone. ASCII where the terminal can do no more. */
export function symbolsFor(env: Readonly<Record<string, string | undefined>>): Symbols {
  return env.TERM === 'dumb' ? { ok: 'ok', no: 'no', note: '!' } : { ok: '√', no: '×', note: '‼' };
}

/** Colours only on a terminal; `NO_COLOR` and `TERM=dumb` switch them off, `FORCE_COLOR` on. */
export function colorsFor(env: Readonly<Record<string, string | undefined>>, isTty: boolean): ReturnType<typeof pc.createColors> {
  if (env.NO_COLOR) return pc.createColors(false);
  if (env.FORCE_COLOR !== undefined) return pc.createColors(env.FORCE_COLOR !== '0');
  return pc.createColors(isTty && env.TERM !== 'dumb');
}
