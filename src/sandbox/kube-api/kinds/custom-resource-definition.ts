import { type FieldError, invalidValue, requiredValue } from '../status/field-error.ts';
import { type KindBehaviour, listAt, objectAt } from './behaviour.ts';

/** CustomResourceDefinitions: the names that are derived, and the checks that keep a definition servable. */
export const definitionBehaviour: KindBehaviour = {
  defaults: (object) => {
    const spec = objectAt(object, 'spec');
    const names = objectAt(spec, 'names');
    const kind = String(names.kind ?? '');
    return {
      ...object,
      spec: {
        ...spec,
        names: { ...names, singular: names.singular ?? kind.toLowerCase(), listKind: names.listKind ?? `${kind}List` },
        conversion: spec.conversion ?? { strategy: 'None' },
      },
    };
  },
  prepareCreate: (object) => ({
    ...object,
    status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: storageVersions(object.spec) },
  }),
  validate: (object) => {
    const spec = objectAt(object, 'spec');
    const names = objectAt(spec, 'names');
    const errors: FieldError[] = [];
    const expected = `${String(names.plural ?? '')}.${String(spec.group ?? '')}`;
    if (object.metadata.name !== expected) {
      errors.push(invalidValue('metadata.name', object.metadata.name, `must be spec.names.plural+"."+spec.group`));
    }
    for (const member of ['group', 'scope'] as const) if (!spec[member]) errors.push(requiredValue(`spec.${member}`));
    for (const member of ['plural', 'kind'] as const) if (!names[member]) errors.push(requiredValue(`spec.names.${member}`));
    const versions = listAt(spec, 'versions');
    if (versions.filter((version) => version.storage === true).length !== 1) {
      errors.push(
        invalidValue(
          'spec.versions',
          versions.map((version) => version.name),
          'must have exactly one version marked as storage version',
        ),
      );
    }
    versions.forEach((version, index) => {
      if (!objectAt(version, 'schema').openAPIV3Schema)
        errors.push(requiredValue(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
    });
    return errors;
  },
};

function storageVersions(spec: unknown): readonly unknown[] {
  return listAt(spec, 'versions').flatMap((version) => (version.storage === true ? [version.name] : []));
}
