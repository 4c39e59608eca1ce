import type { MetricsReport } from '../../host/metrics.ts';

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** What the parent tells a worker. */
export type ToWorker =
  /** The answer to `hello`: who it is and what to serve. */
  | { readonly kind: 'start'; readonly worker: number; readonly pair: Pair }
  | { readonly kind: 'pair'; readonly pair: Pair }
  /** Whether all workers are ready. */
  | { readonly kind: 'all-ready'; readonly ready: boolean }
  | { readonly kind: 'drain' }
  | { readonly kind: 'report'; readonly scrape: number };

/** What a worker tells its parent. */
export type FromWorker =
  /** The first message: it listens to its parent. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'listening'; readonly url: string }
  /** Why it is not ready; absent: it is. */
  | { readonly kind: 'readiness'; readonly because?: string }
  | { readonly kind: 'reported'; readonly scrape: number; readonly report: MetricsReport };
