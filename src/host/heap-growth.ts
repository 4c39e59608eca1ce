import { setFlagsFromString } from 'node:v8';

/** How much may be added to what was alive at the last full collection before the next one, in percent; V8's own choice is 100 and more. */
export const HEAP_GROWTH_FLAG = '--heap-growing-percent=30';

/**
 * Collects the old generation after less growth than V8 would allow: a process that makes many short-lived objects while it waits for answers
 * keeps their remains otherwise, several times what it needs. Costs some processor time; to set it late is safe, it is read after each collection.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString(HEAP_GROWTH_FLAG);
}
