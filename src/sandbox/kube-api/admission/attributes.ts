import type { GroupVersionKind } from '../../../kube/core/admission-review.ts';

export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Who asks, as a webhook is told. */
export interface AdmissionUser {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** A request that is to be admitted. */
export interface AdmissionAttributes {
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subresource?: string | undefined;
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string | undefined;
  /** Absent while the server has yet to generate one. */
  readonly name?: string | undefined;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly userInfo: AdmissionUser;
  readonly dryRun: boolean;
  /** `CreateOptions`, `UpdateOptions`, `PatchOptions` or `DeleteOptions` with kind and apiVersion. */
  readonly options: unknown;
}

/** Another version or group under which the same objects are served: where a rule names it, the webhook is sent that form. */
export interface EquivalentResource {
  readonly resource: GroupVersionResource;
  readonly kind: GroupVersionKind;
}

/** What a webhook is called for: the resource and kind that its rule matched. */
export type Invocation = EquivalentResource;

export function isNamespaceObject({ resource }: Pick<AdmissionAttributes, 'resource'>): boolean {
  return resource.group === '' && resource.resource === 'namespaces';
}

/** The namespace of a request; a Namespace is in itself. */
export function namespaceOf(attributes: AdmissionAttributes): string {
  return (isNamespaceObject(attributes) ? attributes.name : attributes.namespace) ?? '';
}
