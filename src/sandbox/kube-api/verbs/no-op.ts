import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';

/** Whether a write would change nothing but the times of managed fields: then it is not written at all. Members must be in the same order. */
export function isNoOp(live: KubeObject, next: KubeObject): boolean {
  return JSON.stringify(live, dropTimes) === JSON.stringify(next, dropTimes);
}

function dropTimes(name: string, value: unknown): unknown {
  if (name !== 'managedFields' || !Array.isArray(value)) return value;
  return value.map((entry) => {
    if (!isJsonObject(entry)) return entry;
    const { time: _time, ...rest } = entry;
    return rest;
  });
}
