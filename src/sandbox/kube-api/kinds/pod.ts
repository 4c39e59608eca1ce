import type { KubeObject } from '../../../kube/core/object.ts';
import { defaultPod } from '../pods/pod-defaults.ts';
import { startingStatus } from '../pods/pod-status.ts';
import { validatePod } from '../pods/validate-pod.ts';
import { type FieldError, forbiddenField } from '../status/field-error.ts';
import { type KindBehaviour, listAt, objectAt } from './behaviour.ts';

/** Pods: defaults, checks, the first status, and a spec that hardly changes once it is written. */
export const podBehaviour: KindBehaviour = {
  defaults: defaultPod,
  prepareCreate: startingStatus,
  // It follows from the spec.
  prepareStatus: (live, status) => ({ ...objectAt({ status }, 'status'), qosClass: objectAt(live, 'status').qosClass }),
  validate: validatePod,
  validateUpdate: immutableSpec,
};

const IMMUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function immutableSpec(live: KubeObject, next: KubeObject): readonly FieldError[] {
  return JSON.stringify(fixedPart(live)) === JSON.stringify(fixedPart(next)) ? [] : [forbiddenField('spec', IMMUTABLE)];
}

/** The spec without the members that may change. */
function fixedPart(pod: KubeObject): Readonly<Record<string, unknown>> {
  const {
    activeDeadlineSeconds: _deadline,
    tolerations: _tolerations,
    terminationGracePeriodSeconds: _grace,
    ...spec
  } = objectAt(pod, 'spec');
  const withoutImages = (name: string): unknown => listAt(spec, name).map(({ image: _image, ...container }) => container);
  return { ...spec, containers: withoutImages('containers'), initContainers: withoutImages('initContainers') };
}
