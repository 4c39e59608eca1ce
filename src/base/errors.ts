/** What a caller may do about a failure: nothing, try again with back-off, or try again after `retryAfterMs`. */
export type Retry = 'never' | 'backoff' | 'after';

/** A fact about a failure that is safe to print: never a token, a key or an environment value. */
export type ErrorDetail = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface PodroleErrorOptions {
  /** Stable, kebab-case, unique in the product. */
  readonly code: string;
  /** Default `never`. */
  readonly retry?: Retry;
  /** Milliseconds; only with `retry: 'after'`. */
  readonly retryAfterMs?: number;
  readonly detail?: ErrorDetail;
  /** One command or one step that mends it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * A failure that its caller cannot decide about. Messages start in lower case, name the object and the remedy,
 * and carry no secret. What callers branch on is a value instead.
 */
export class PodroleError extends Error {
  override readonly name: string = 'PodroleError';
  readonly code: string;
  readonly retry: Retry;
  readonly retryAfterMs: number | undefined;
  readonly detail: ErrorDetail;
  readonly hint: string | undefined;

  constructor(message: string, options: PodroleErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.retry = options.retry ?? 'never';
    this.retryAfterMs = options.retryAfterMs;
    this.detail = options.detail ?? {};
    this.hint = options.hint;
  }
}

/** One thing wrong with an input. `path` is a JSON pointer (or `line:column`) into the input; an empty path is the whole of it. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** The text of anything thrown, without its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
