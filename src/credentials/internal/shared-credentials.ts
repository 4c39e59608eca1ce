import type { RefreshingCredentials } from './refreshing-credentials.ts';

/** Identities kept in one process at most; the one used longest ago goes first. */
const MOST = 256;

/**
 * The one deliberate process-wide state: whoever asks for the same identity shares its credentials, so that ten clients exchange the
 * token once. Parts of a key that are functions (clock, transport) count by identity.
 */
export class SharedCredentials {
  readonly #entries = new Map<string, RefreshingCredentials>();
  readonly #functions = new WeakMap<object, number>();
  #nextFunction = 0;

  get(
    key: { readonly identity: unknown; readonly functions: readonly (object | undefined)[] },
    create: () => RefreshingCredentials,
  ): RefreshingCredentials {
    const name = JSON.stringify([key.identity, key.functions.map((each) => this.#number(each))]);
    const entry = this.#entries.get(name) ?? create();
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MOST && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }

  #number(part: object | undefined): number {
    if (part === undefined) return -1;
    const known = this.#functions.get(part) ?? this.#nextFunction++;
    this.#functions.set(part, known);
    return known;
  }
}

export const processCredentials = new SharedCredentials();
