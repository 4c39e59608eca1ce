const HIDDEN = '[secret]';
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** A text that must not be printed. Every implicit rendering (template, JSON, inspect) shows `[secret]`; `reveal()` is the only door. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [INSPECT](): string {
    return HIDDEN;
  }
}
