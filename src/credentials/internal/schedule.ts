/** Seconds of validity below which credentials are no longer handed out, so that a request can still arrive with them. */
export const USABLE_MARGIN_MS = 10_000;

/** Longest early window: time enough to sit out an outage of STS. */
const WINDOW_MS = 600_000;
/** Share of the credentials' life that the early window takes at most. */
const WINDOW_SHARE = 0.25;
/** The window begins up to this much earlier, at random, so that pods that started together do not refresh together. */
const WINDOW_SPREAD = 0.5;

/** Milliseconds of validity that are left when the early refresh becomes due. */
export function refreshDueAt(lifetimeMs: number, random: number): number {
  return Math.min(WINDOW_MS, lifetimeMs * WINDOW_SHARE) * (1 + WINDOW_SPREAD * random);
}

/** First and longest pause between attempts, in milliseconds. */
export interface BackoffScale {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** While valid credentials are held there is no hurry: at most five attempts in five minutes. */
export const BEHIND: BackoffScale = { firstMs: 30_000, mostMs: 240_000 };
/** Between attempts that callers wait for. */
export const WAITED_FOR: BackoffScale = { firstMs: 200, mostMs: 2_000 };
/** After callers were told of a failure: until then the next ones are told the same at once. */
export const GIVEN_UP: BackoffScale = { firstMs: 1_000, mostMs: 30_000 };
/** While a new role or trust policy takes effect. */
export const PROPAGATION: BackoffScale = { firstMs: 1_000, mostMs: 4_000 };

/** What AWS asks for is heeded, up to this many milliseconds. */
const RETRY_AFTER_MOST_MS = 60_000;

/** Pause before attempt `failures + 1`: doubled each time, between half and all of it at random, and no less than AWS asked for. */
export function backoff(
  scale: BackoffScale,
  failures: number,
  options: { readonly random: number; readonly retryAfterMs: number | undefined },
): number {
  const whole = Math.min(scale.mostMs, scale.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(whole * (0.5 + options.random / 2), Math.min(options.retryAfterMs ?? 0, RETRY_AFTER_MOST_MS));
}
