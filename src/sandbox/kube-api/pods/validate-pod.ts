import type { KubeObject } from '../../../kube/core/object.ts';
import { duplicateValue, type FieldError, invalidValue, notSupported, requiredValue } from '../status/field-error.ts';
import { containerErrors } from './internal/container-validation.ts';
import { type Members, membersOf, objectsOf, textOf } from './internal/edit.ts';
import { labelErrors } from './internal/names.ts';
import { projectionErrors } from './internal/projection-validation.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const MAX_DEADLINE = 2 ** 31 - 1;

/**
 * What is wrong with the spec of a defaulted pod, in the order and words of `pkg/apis/core/validation`: names, volumes and their
 * token projections, mounts, environment, ports and policies. Metadata is validated for every kind in one place and not here.
 */
export function validatePod(pod: KubeObject): readonly FieldError[] {
  const spec = membersOf(pod.spec);
  const volumes = objectsOf(spec.volumes);
  const names = new Set(volumes.map((volume) => textOf(volume.name)));
  const containers = objectsOf(spec.containers);
  return [
    ...volumes.flatMap((volume, index) => volumeErrors(volume, index, volumes)),
    ...(containers.length === 0 ? [requiredValue('spec.containers')] : containersErrors('containers', spec, names)),
    ...containersErrors('initContainers', spec, names),
    ...oneOf('spec.restartPolicy', spec.restartPolicy, RESTART_POLICIES),
    ...oneOf('spec.dnsPolicy', spec.dnsPolicy, DNS_POLICIES),
    ...deadlineErrors(spec.activeDeadlineSeconds),
  ];
}

function containersErrors(list: 'containers' | 'initContainers', spec: Members, volumes: ReadonlySet<string>): FieldError[] {
  const before = list === 'initContainers' ? objectsOf(spec.containers).map((container) => textOf(container.name)) : [];
  const seen = new Set(before);
  return objectsOf(spec[list]).flatMap((container, index) => {
    const path = `spec.${list}[${index}]`;
    const name = textOf(container.name);
    const repeated = name !== '' && seen.has(name);
    seen.add(name);
    return [
      ...(name === '' ? [requiredValue(`${path}.name`)] : labelErrors(`${path}.name`, name)),
      ...(repeated ? [duplicateValue(`${path}.name`, name)] : []),
      ...containerErrors(container, path, volumes),
    ];
  });
}

function volumeErrors(volume: Members, index: number, all: readonly Members[]): FieldError[] {
  const path = `spec.volumes[${index}]`;
  const name = textOf(volume.name);
  const sources = Object.keys(volume).filter((member) => member !== 'name');
  const extra = sources.slice(1).map((source) => ({
    reason: 'FieldValueForbidden',
    field: `${path}.${source}`,
    message: 'Forbidden: may not specify more than 1 volume type',
  }));
  return [
    ...extra,
    ...projectionErrors(membersOf(volume.projected), `${path}.projected`),
    ...(name === '' ? [requiredValue(`${path}.name`)] : labelErrors(`${path}.name`, name)),
    ...(name !== '' && all.slice(0, index).some((other) => other.name === name) ? [duplicateValue(`${path}.name`, name)] : []),
  ];
}

function oneOf(path: string, value: unknown, supported: readonly string[]): FieldError[] {
  return typeof value === 'string' && supported.includes(value) ? [] : [notSupported(path, value ?? '', supported)];
}

function deadlineErrors(value: unknown): FieldError[] {
  if (typeof value !== 'number' || (value >= 1 && value <= MAX_DEADLINE)) return [];
  return [invalidValue('spec.activeDeadlineSeconds', value, `must be between 1 and ${MAX_DEADLINE}, inclusive`)];
}
