import { validateDefinition } from '../crd/validate-definition.ts';
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
        names: {
          ...names,
          ...(kind === '' ? {} : { singular: names.singular || kind.toLowerCase(), listKind: names.listKind || `${kind}List` }),
        },
        conversion: spec.conversion ?? { strategy: 'None' },
      },
    };
  },
  prepareCreate: (object) => ({
    ...object,
    status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: storageVersions(object.spec) },
  }),
  validate: validateDefinition,
};

function storageVersions(spec: unknown): readonly unknown[] {
  return listAt(spec, 'versions').flatMap((version) => (version.storage === true ? [version.name] : []));
}
