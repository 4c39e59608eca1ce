import { DOUBTS, type DoubtCode, type VerifyMode } from '../modes.data.ts';
import { REFUSALS, type RefusalReason, type WireRefusal } from '../refusals.data.ts';

/** A refusal as {@link verifyToken} gives it. */
export interface Refusal extends WireRefusal {
  readonly ok: false;
  readonly reason: RefusalReason;
}

/** Something doubtful in a token that was accepted. */
export interface TokenWarning {
  readonly code: DoubtCode;
  readonly message: string;
}

export type Values = Readonly<Record<string, string | number>>;

/** The refusal of that reason, with `values` in its message. */
export function refuse(reason: RefusalReason, values: Values = {}): Refusal {
  const { code, status, message } = REFUSALS[reason];
  return { ok: false, code, status, message: fill(message, values), reason };
}

function fill(message: string, values: Values): string {
  return message.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

/** Judges by one mode, and collects what is to be warned of. */
export class Judge {
  readonly warnings: TokenWarning[] = [];
  readonly #mode: VerifyMode;

  constructor(mode: VerifyMode) {
    this.#mode = mode;
  }

  /** Takes note of a doubt as the table of modes says. A refusal is the caller's to return. */
  doubt(code: DoubtCode, values: Values = {}): Refusal | undefined {
    const doubt = DOUBTS[code];
    const treatment = doubt[this.#mode];
    if (treatment.kind === 'refuse') return refuse(treatment.reason);
    if (treatment.kind === 'warn') this.warnings.push({ code, message: fill(doubt.message, values) });
    return undefined;
  }
}
