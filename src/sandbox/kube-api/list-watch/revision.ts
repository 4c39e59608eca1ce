import { sleep } from '../../../base/clock.ts';
import type { ApiContext } from '../context.ts';
import { badRequest, failure, Refusal } from '../status/refusal.ts';

/** How long a read waits for a revision that is not there yet, in milliseconds, as the watch cache of the real one does. */
const FUTURE_WAIT_MS = 3_000;

/** Reads the `resourceVersion` of a watch; empty is 0. Throws the 500 without a reason that the real one answers to anything but a number. */
export function parseWatchRevision(text: string): number {
  const revision = toRevision(text);
  if (revision === undefined) throw new Refusal(failure(500, notARevision(text)));
  return revision;
}

/** Reads the `resourceVersion` of a get or a list; empty is 0. Throws a 400 Refusal for anything but a number. */
export function parseRevision(text: string): number {
  const revision = toRevision(text);
  if (revision === undefined) throw badRequest(`invalid resource version: ${notARevision(text)}`);
  return revision;
}

function toRevision(text: string): number | undefined {
  if (text === '') return 0;
  return /^\d{1,20}$/.test(text) ? Number(text) : undefined;
}

function notARevision(text: string): string {
  return `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
}

/** Waits until the store has reached `revision`. Throws a 504 Refusal with `retryAfterSeconds` 1 after three seconds. */
export async function awaitRevision(context: ApiContext, revision: number, request: Pick<Request, 'signal'>): Promise<void> {
  // A signal costs to make, and nearly nobody waits.
  if (context.store.revision >= revision) return;
  const deadline = context.clock.monotonic() + FUTURE_WAIT_MS;
  while (context.store.revision < revision) {
    if (context.clock.monotonic() >= deadline) throw tooLarge(revision, context.store.revision);
    await sleep(context.clock, 50, request.signal);
  }
}

function tooLarge(revision: number, current: number): Refusal {
  return new Refusal(
    failure(504, `Timeout: Too large resource version: ${revision}, current: ${current}`, {
      reason: 'Timeout',
      details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
    }),
  );
}
