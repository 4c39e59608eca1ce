import type { KubeObject } from '../kube/core/object.ts';
import type { MetadataEntry, ObjectRef } from './ports.ts';
import type { Profile, ProfileStatus } from './profile.ts';
import type { RoleRecord } from './role-record.ts';

/** Everything the controller can do to the world, as values: what `--dry-run` prints is what would be done. */
export type Action =
  | { readonly type: 'add-finalizer'; readonly profile: Profile; readonly finalizer: string }
  | { readonly type: 'remove-finalizers'; readonly profile: Profile; readonly finalizers: readonly string[] }
  | { readonly type: 'apply-object'; readonly ref: ObjectRef; readonly object: KubeObject }
  | { readonly type: 'annotate-service-account'; readonly ref: ObjectRef; readonly object: KubeObject; readonly role: string }
  | { readonly type: 'delete-object'; readonly ref: ObjectRef }
  | { readonly type: 'remove-entry'; readonly ref: ObjectRef; readonly entry: MetadataEntry }
  | { readonly type: 'set-status'; readonly profile: Profile; readonly status: ProfileStatus }
  | { readonly type: 'put-record'; readonly name: string; readonly record: RoleRecord }
  | { readonly type: 'delete-record'; readonly name: string }
  | {
      readonly type: 'put-trust-policy';
      readonly role: string;
      readonly document: string;
      /** Subjects that come in and go out. */
      readonly adds: readonly string[];
      readonly removes: readonly string[];
      readonly size: number;
      readonly quota: number | 'off';
    };

function place(ref: ObjectRef): string {
  return `${ref.resource.kind} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`;
}

/** One line that says what an action does. */
export function describeAction(action: Action): string {
  switch (action.type) {
    case 'add-finalizer':
      return `add finalizer ${action.finalizer} to Profile ${action.profile.metadata.name}`;
    case 'remove-finalizers':
      return `remove finalizers ${action.finalizers.join(', ')} from Profile ${action.profile.metadata.name}`;
    case 'apply-object':
      return `apply ${place(action.ref)}`;
    case 'annotate-service-account':
      return `annotate ${place(action.ref)} with ${action.role}`;
    case 'delete-object':
      return `delete ${place(action.ref)}`;
    case 'remove-entry':
      return `remove ${action.entry.map} ${action.entry.key}=${action.entry.value} from ${place(action.ref)}`;
    case 'set-status':
      return `set status of Profile ${action.profile.metadata.name}: ${action.status.conditions.map((one) => `${one.type}=${one.status} (${one.reason ?? ''})`).join(', ')}`;
    case 'put-record':
      return `record ${action.record.granted.length} granted and ${action.record.tombstones.length} revoked subjects of ${action.record.role} in ${action.name}`;
    case 'delete-record':
      return `delete the empty record ${action.name}`;
    case 'put-trust-policy':
      return `write the trust policy of ${action.role}: ${[...action.adds.map((one) => `+ ${one}`), ...action.removes.map((one) => `- ${one}`)].join(', ')} (${action.size} of ${action.quota} characters)`;
  }
}
