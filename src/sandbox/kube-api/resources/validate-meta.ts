import type { KubeObject, OwnerReference } from '../../../kube/core/object.ts';
import { type FieldError, forbiddenField, invalidValue } from '../status/field-error.ts';
import { checkAnnotations, checkLabels, checkName, checkQualifiedName, type NameRule, nameRequired } from './names.ts';
import type { ResourceType } from './resource-type.ts';

const PATH_SEGMENT_GROUPS: ReadonlySet<string> = new Set(['rbac.authorization.k8s.io']);
const LABEL_NAMES: ReadonlySet<string> = new Set(['namespaces', 'services']);

/** How objects of a resource are named. */
export function nameRule(type: ResourceType): NameRule {
  if (type.body.kind === 'built-in' && PATH_SEGMENT_GROUPS.has(type.group)) return 'path-segment';
  return type.group === '' && LABEL_NAMES.has(type.plural) ? 'label' : 'subdomain';
}

/** Checks the metadata of an object, as `ValidateObjectMeta` does. */
export function validateMeta(type: ResourceType, object: KubeObject): readonly FieldError[] {
  const { name = '', labels, annotations, finalizers, ownerReferences } = object.metadata;
  return [
    ...(name === '' ? [nameRequired()] : checkName(nameRule(type), name, 'metadata.name')),
    ...checkLabels(labels ?? {}, 'metadata.labels'),
    ...checkAnnotations(annotations ?? {}, 'metadata.annotations'),
    ...(ownerReferences ?? []).flatMap((reference) => checkOwner(reference, 'metadata.ownerReferences')),
    ...checkControllers(ownerReferences ?? []),
    ...(finalizers ?? []).flatMap((finalizer) => checkQualifiedName(finalizer, 'metadata.finalizers')),
  ];
}

function checkOwner(reference: OwnerReference, field: string): readonly FieldError[] {
  return [
    ...(reference.apiVersion ? [] : [invalidValue(`${field}.apiVersion`, '', 'version must not be empty')]),
    ...(reference.kind ? [] : [invalidValue(`${field}.kind`, '', 'must not be empty')]),
    ...(reference.name ? [] : [invalidValue(`${field}.name`, '', 'must not be empty')]),
    ...(reference.uid ? [] : [invalidValue(`${field}.uid`, '', 'must not be empty')]),
    ...(reference.apiVersion === 'v1' && reference.kind === 'Event'
      ? [invalidValue(field, reference, '/v1, Kind=Event is disallowed from being an owner')]
      : []),
  ];
}

function checkControllers(references: readonly OwnerReference[]): readonly FieldError[] {
  const controllers = references.filter((reference) => reference.controller === true);
  if (controllers.length <= 1) return [];
  const names = controllers.slice(0, 2).map((reference) => `${reference.kind}/${reference.name}`);
  return [
    invalidValue(
      'metadata.ownerReferences',
      references,
      `Only one reference can have Controller set to true. Found "true" in references for ${names.join(' and ')}`,
    ),
  ];
}

/** Extensions and what they define take any qualified name for a finalizer; the other kinds know which names without a slash there are. */
export function validateFinalizers(type: ResourceType, { metadata }: KubeObject): readonly FieldError[] {
  if (type.body.kind === 'custom' || LENIENT_GROUPS.has(type.group)) return [];
  return (metadata.finalizers ?? []).flatMap((finalizer, index) => {
    if (finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer) || checkQualifiedName(finalizer, '').length > 0) return [];
    return [
      invalidValue(`metadata.finalizers[${index}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'),
    ];
  });
}

const LENIENT_GROUPS: ReadonlySet<string> = new Set(['apiextensions.k8s.io', 'admissionregistration.k8s.io', 'coordination.k8s.io']);
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Checks what an update may not change, as `ValidateObjectMetaUpdate` does. */
export function validateMetaUpdate(live: KubeObject, next: KubeObject): readonly FieldError[] {
  const added = addedFinalizers(live, next);
  const text = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`;
  const finalizers = live.metadata.deletionTimestamp !== undefined && added.length > 0 ? [forbiddenField('metadata.finalizers', text)] : [];
  const changed = IMMUTABLE.filter((name) => next.metadata[name] !== live.metadata[name]);
  return [...finalizers, ...changed.map((name) => invalidValue(`metadata.${name}`, next.metadata[name], 'field is immutable'))];
}

/** What a write may leave out, but not say otherwise. */
const IMMUTABLE = ['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

function addedFinalizers(live: KubeObject, next: KubeObject): readonly string[] {
  const known = new Set(live.metadata.finalizers ?? []);
  return [...new Set(next.metadata.finalizers ?? [])].filter((finalizer) => !known.has(finalizer)).sort();
}

/** The refusal of an update without the resourceVersion that it needs. */
export function resourceVersionRequired(): FieldError {
  return invalidValue('metadata.resourceVersion', 0, 'must be specified for an update');
}
