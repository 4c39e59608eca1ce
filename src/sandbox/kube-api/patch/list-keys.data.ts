import type { JsonObject } from '../../../base/json.ts';

/** Members of a keyed list's items that stand in a key by their default when an item leaves them out (`+default` in `k8s.io/api`). */
export const keyDefaults: Readonly<Record<string, JsonObject>> = {
  'core.v1.ContainerPort': { protocol: 'TCP' },
  'core.v1.ServicePort': { protocol: 'TCP' },
  'core.v1.LocalObjectReference': { name: '' },
};

/** Types whose objects are owned whole even as items of a keyed list (`+structType=atomic`). */
export const atomicItems: ReadonlySet<string> = new Set([
  'meta.v1.OwnerReference',
  'core.v1.ObjectReference',
  'core.v1.LocalObjectReference',
]);

/**
 * What a write through each door ignores where that is not `status` through the main resource and `spec` through its
 * status (`GetResetFields` of the registry strategies), by `Kind` or `Kind.group`.
 */
export const resetPaths: Readonly<Record<string, Readonly<Record<string, readonly (readonly string[])[]>>>> = {
  Pod: { '': [['status']], status: [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']] },
};
