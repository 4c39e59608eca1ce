import type { ResourceType } from './resource-type.ts';
import { builtInResources } from './resources.data.ts';

/** The resources that the server answers: the built-in ones and those of established CustomResourceDefinitions. */
export class Registry {
  readonly #types = new Map<string, ResourceType>();
  /** Types of each definition, so that it can be taken back. */
  readonly #custom = new Map<string, readonly ResourceType[]>();
  readonly #listeners = new Set<() => void>();

  constructor() {
    for (const type of builtInResources) this.#types.set(pathKey(type.group, type.version, type.plural), type);
  }

  find(group: string, version: string, plural: string): ResourceType | undefined {
    return this.#types.get(pathKey(group, version, plural));
  }

  /** The type of an object, by its apiVersion and kind. */
  ofKind(apiVersion: string, kind: string): ResourceType | undefined {
    return this.all().find(
      (type) => type.kind === kind && (type.group === '' ? type.version : `${type.group}/${type.version}`) === apiVersion,
    );
  }

  /** A type whose objects are in this bucket. */
  ofBucket(bucket: string): ResourceType | undefined {
    return this.all().find((type) => type.bucket === bucket);
  }

  all(): readonly ResourceType[] {
    return [...this.#types.values()];
  }

  /** Whether a group is one of the server's own. */
  isBuiltIn(group: string): boolean {
    return builtInResources.some((type) => type.group === group);
  }

  /** Serves the types of a definition in place of those it had before. */
  define(definition: string, types: readonly ResourceType[]): void {
    for (const type of this.#custom.get(definition) ?? []) this.#types.delete(pathKey(type.group, type.version, type.plural));
    if (types.length === 0) this.#custom.delete(definition);
    else this.#custom.set(definition, types);
    for (const type of types) this.#types.set(pathKey(type.group, type.version, type.plural), type);
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` whenever the set of custom types changes. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }
}

function pathKey(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}
