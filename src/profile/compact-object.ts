import type { KubeObject } from '../kube/core/object.ts';
import { FIELD_MANAGER } from './profile.ts';

/**
 * An object as a cache keeps it: of the managed fields only what this controller owns, which alone it asks for. The entries of others
 * are as large as the rest of a small object.
 */
export function compactObject<T extends KubeObject>(object: T): T {
  const { managedFields, ...metadata } = object.metadata;
  const ours = managedFields?.filter((entry) => entry.manager === FIELD_MANAGER) ?? [];
  return { ...object, metadata: ours.length === 0 ? metadata : { ...metadata, managedFields: ours } };
}

/** The same of a profile, of which nobody asks who owns what. */
export function compactProfile<T extends KubeObject>(profile: T): T {
  const { managedFields: _, ...metadata } = profile.metadata;
  return { ...profile, metadata };
}
