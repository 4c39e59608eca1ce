import type { KubeObject } from '../../../kube/core/object.ts';
import type { ApiRequest } from '../context.ts';
import type { WriteOptions } from './write-options.ts';

/** A write on its way to the store, as admission sees it. */
export interface Attributes {
  readonly call: ApiRequest;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  /** Absent on DELETE. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly options: WriteOptions;
}

export interface Admitted {
  readonly object: KubeObject | undefined;
  readonly warnings: readonly string[];
}

/** What stands between a request and the store: built-in plugins, then webhooks. Throws a Refusal. */
export type AdmissionChain = (attributes: Attributes) => Promise<Admitted>;

/** What a plugin is given. */
export type AdmissionPlugin = AdmissionChain;

/** Runs plugins one after the other, each on what the one before made. */
export function chainOf(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  return async (attributes) => {
    let current = attributes;
    const warnings: string[] = [];
    for (const plugin of plugins) {
      const admitted = await plugin(current);
      warnings.push(...admitted.warnings);
      current = { ...current, object: admitted.object };
    }
    return { object: current.object, warnings };
  };
}
