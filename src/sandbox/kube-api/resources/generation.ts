import type { KubeObject } from '../../../kube/core/object.ts';
import type { ResourceType } from './resource-type.ts';

/** Whether anything that `metadata.generation` counts differs: what is neither metadata nor, where there is a status subresource, status. */
export function specChanged(type: ResourceType, live: KubeObject, next: KubeObject): boolean {
  return JSON.stringify(counted(type, live)) !== JSON.stringify(counted(type, next));
}

function counted(type: ResourceType, object: KubeObject): Readonly<Record<string, unknown>> {
  const { metadata: _metadata, status, apiVersion: _apiVersion, ...rest } = object;
  return hasStatus(type) ? rest : { ...rest, status };
}

/** Whether the status of a type is written through its subresource alone. */
export function hasStatus(type: ResourceType): boolean {
  return type.subresources.includes('status');
}
