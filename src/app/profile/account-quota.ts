import { trustPolicyQuota } from '../../aws/account.ts';
import type { AwsTarget } from '../../aws/client-options.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';

/** A start does not wait longer for IAM than this; milliseconds. */
const DEADLINE_MS = 5_000;

/**
 * The account's own quota of trust policies in characters. `undefined`, with a warning, for whoever may not ask or gets no answer: then IAM's
 * default holds, which nobody's own is below. Rejects with the signal's reason alone.
 */
export async function accountQuota(
  { aws, log }: { readonly aws: AwsTarget; readonly log: Log },
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    return await trustPolicyQuota(aws, AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]));
  } catch (error) {
    signal.throwIfAborted();
    log.warn('quota of trust policies unknown, the default is assumed', { error: messageOf(error) });
    return undefined;
  }
}
