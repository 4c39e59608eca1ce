/** A signal that aborts with its parent or after `ms`, whichever is first. `end()` must be called: it frees the timer and the parent. */
export interface Deadline {
  readonly signal: AbortSignal;
  readonly expired: boolean;
  /** The time no longer counts, the parent still does. */
  stopTimer(): void;
  end(): void;
}

/** `AbortSignal.any` and `AbortSignal.timeout` keep their parts alive on Node 20 for as long as the parent lives; this does not. */
export function startDeadline(ms: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    controller.abort(new Error(`no answer within ${ms} ms`));
  }, ms);
  const onParent = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) onParent();
  else parent?.addEventListener('abort', onParent, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    stopTimer: () => clearTimeout(timer),
    end: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', onParent);
    },
  };
}
