import type { KubeObject } from '../../../kube/core/object.ts';
import type { ApiContext } from '../context.ts';
import { recordUpdate } from '../patch/managed-fields.ts';
import { canonical } from '../resources/canonical.ts';
import { apiVersionOfType, type ResourceType } from '../resources/resource-type.ts';
import { type DeletionOutcome, writeOrRemove } from '../verbs/deletion.ts';
import { listKeys, withManagedFields } from '../verbs/write-options.ts';

/** The name under which the controllers of the real one write, where they are not part of the API server itself. */
const MANAGER = 'kube-controller-manager';

/** Writes what a controller made of a live object: ownership recorded, or the object removed where nothing holds it any more. */
export function controllerWrite(
  context: ApiContext,
  type: ResourceType,
  change: { readonly live: KubeObject; readonly next: KubeObject; readonly subresource?: string; readonly manager?: string },
): DeletionOutcome {
  const { live, next, subresource, manager = MANAGER } = change;
  const entries = recordUpdate({
    before: live,
    after: next,
    manager,
    apiVersion: apiVersionOfType(type),
    ...(subresource === undefined ? {} : { subresource }),
    now: context.clock.now(),
    listKeys: listKeys(type),
  });
  return writeOrRemove(context, type.bucket, canonical(type, withManagedFields(next, entries)), live);
}
