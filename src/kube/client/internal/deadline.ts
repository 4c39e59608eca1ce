/** A signal that aborts with its parent or after `ms`, whichever is first. `end()` must be called: it frees the timer and the parent. */
export interface Deadline {
  readonly signal: AbortSignal;
  /**
   * Keeps a request alive until the end. The platform's `Request` follows its signal through a weak reference only: once collected, an abort
   * no longer reaches whoever listens on `request.signal` (Node 20).
   */
  hold(request: Request): Request;
  /** The time no longer counts, the parent still does. */
  stopTimer(): void;
  end(): void;
}

/** `AbortSignal.any` and `AbortSignal.timeout` keep their parts alive on Node 20 for as long as the parent lives; this does not. */
export function startDeadline(ms: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  const held: Request[] = [];
  const abort = (reason: unknown): void => {
    controller.abort(reason);
    held.length = 0;
  };
  const timer = setTimeout(() => abort(new Error(`no answer within ${ms} ms`)), ms);
  const onParent = (): void => abort(parent?.reason);
  if (parent?.aborted) onParent();
  else parent?.addEventListener('abort', onParent, { once: true });
  return {
    signal: controller.signal,
    hold: (request) => {
      held.push(request);
      return request;
    },
    stopTimer: () => clearTimeout(timer),
    end: () => {
      clearTimeout(timer);
      held.length = 0;
      parent?.removeEventListener('abort', onParent);
    },
  };
}
