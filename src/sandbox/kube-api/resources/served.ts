import type { KubeObject } from '../../../kube/core/object.ts';
import { canonical } from './canonical.ts';
import { eventAsServed } from './event-versions.ts';
import { apiVersionOfType, type ResourceType } from './resource-type.ts';

/** A stored object in the version that a request asks for. Only events differ in more than their apiVersion. */
export function toServed(type: ResourceType, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOfType(type);
  if (object.apiVersion === apiVersion) return object;
  return type.bucket === 'events' ? canonical(type, eventAsServed(type.group, object)) : { ...object, apiVersion };
}
