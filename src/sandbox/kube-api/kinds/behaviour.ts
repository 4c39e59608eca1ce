import type { KubeObject } from '../../../kube/core/object.ts';
import type { FieldError } from '../status/field-error.ts';

/** The time and the ids that a kind may need; the context of the server has them. */
export interface KindEnvironment {
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** What a kind adds to the ordinary life of an object; every member may be absent. */
export interface KindBehaviour {
  /** Fills in what the decoder of the real one fills in, before ownership is recorded. */
  defaults?(object: KubeObject, env: KindEnvironment): KubeObject;
  /** Sets what only the server decides on creation, after admission. */
  prepareCreate?(object: KubeObject, env: KindEnvironment): KubeObject;
  /** Keeps what only the server decides on an update of the main resource. */
  prepareUpdate?(live: KubeObject, next: KubeObject): KubeObject;
  /** Keeps what only the server decides on an update of the status. */
  prepareStatus?(live: KubeObject, status: unknown): unknown;
  /** Checks a whole object. */
  validate?(object: KubeObject): readonly FieldError[];
  validateUpdate?(live: KubeObject, next: KubeObject): readonly FieldError[];
}

/** A member that is an object, or an empty one. */
export function objectAt(value: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> {
  let found = value;
  for (const name of path)
    found = typeof found === 'object' && found !== null ? (found as Readonly<Record<string, unknown>>)[name] : undefined;
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Readonly<Record<string, unknown>>) : {};
}

/** A member that is a list of objects, or an empty one. */
export function listAt(value: unknown, ...path: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
  let found = value;
  for (const name of path)
    found = typeof found === 'object' && found !== null ? (found as Readonly<Record<string, unknown>>)[name] : undefined;
  return Array.isArray(found)
    ? found.filter((item): item is Readonly<Record<string, unknown>> => typeof item === 'object' && item !== null)
    : [];
}
