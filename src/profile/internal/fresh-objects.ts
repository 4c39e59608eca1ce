import type { Clock } from '../../base/clock.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import type { ObjectApplier, ObjectRef } from '../ports.ts';
import { isOlder } from './object-version.ts';

interface Written {
  /** What the cache held when the API server answered. */
  readonly cached: string | undefined;
  readonly object: KubeObject | undefined;
  readonly at: number;
}

/** A cache that has not caught up by then missed the write: the object may be gone again. */
const CATCH_UP_MS = 30_000;

/** The cached objects, corrected by what the API server answered to our own writes until the cache has caught up. */
export class FreshObjects {
  readonly #objects: Pick<ObjectApplier, 'get'>;
  readonly #clock: Clock;
  readonly #written = new Map<string, Written>();

  constructor(objects: Pick<ObjectApplier, 'get'>, clock: Clock) {
    this.#objects = objects;
    this.#clock = clock;
  }

  get(ref: ObjectRef): KubeObject | undefined {
    const cached = this.#objects.get(ref);
    const written = this.#written.get(keyOfRef(ref));
    if (written === undefined) return cached;
    const version = cached?.metadata.resourceVersion;
    const behind = isOlder(version, written.object?.metadata.resourceVersion) ?? version === written.cached;
    if (behind && this.#clock.monotonic() - written.at < CATCH_UP_MS) return written.object;
    this.#written.delete(keyOfRef(ref));
    return cached;
  }

  /** An answer of the API server; `undefined`: the object is gone. */
  saw(ref: ObjectRef, object: KubeObject | undefined): void {
    const cached = this.#objects.get(ref)?.metadata.resourceVersion;
    if (object?.metadata.resourceVersion === cached) this.#written.delete(keyOfRef(ref));
    else this.#written.set(keyOfRef(ref), { cached, object, at: this.#clock.monotonic() });
  }

  /** Whatever was known of the objects of a namespace is no longer. */
  forget(namespace: string): void {
    for (const key of this.#written.keys()) if (key.split('\n')[1] === namespace) this.#written.delete(key);
  }
}

function keyOfRef(ref: ObjectRef): string {
  return `${ref.resource.plural}\n${ref.namespace ?? ref.name}\n${ref.name}`;
}
