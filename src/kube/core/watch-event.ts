import type { KubeObject } from './object.ts';
import type { Status } from './status.ts';

/** One line of a watch stream. A `BOOKMARK` object carries only a resourceVersion (and, after initial events, an annotation). */
export type WatchEvent<T extends KubeObject = KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: Status };

/** The annotation of the bookmark that closes the initial events (KEP-3157). */
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
