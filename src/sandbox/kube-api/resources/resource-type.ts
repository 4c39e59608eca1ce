import type { SchemaNode } from '../crd/schema.ts';

/** The verbs of an ordinary resource. */
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** One version of one resource that the server answers. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources: readonly string[];
  /** Where its objects are stored: one bucket for all versions of a resource. */
  readonly bucket: string;
  readonly body: Body;
  /** `metadata.generation` counts the changes of what is not metadata and not status. */
  readonly generation: boolean;
  /** PUT without a resourceVersion overwrites. */
  readonly unconditionalUpdate: boolean;
  /** PUT of an object that is not there creates it. */
  readonly createOnUpdate: boolean;
  /** DELETE answers with the object in place of a Status. */
  readonly returnsDeleted: boolean;
}

/** How objects of a resource are read: by the table of built-in types, or by the schema of a CustomResourceDefinition. */
export type Body =
  | { readonly kind: 'built-in'; readonly typeName: string }
  | {
      readonly kind: 'custom';
      readonly schema: SchemaNode | undefined;
      readonly columns: readonly PrinterColumn[];
      readonly statusSubresource: boolean;
      /** Labels of field selectors beside name and namespace, each the path of a field. */
      readonly selectable: readonly string[];
    };

/** An entry of `additionalPrinterColumns`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

export function apiVersionOfType(type: { readonly group: string; readonly version: string }): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** The key of an object in its bucket. */
export function storageKey(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** What the body of a write to a resource must be. */
export function expectedBody(type: Pick<ResourceType, 'kind' | 'body'>): { readonly kind: string; readonly typeName: string | undefined } {
  return { kind: type.kind, typeName: type.body.kind === 'built-in' ? type.body.typeName : undefined };
}
