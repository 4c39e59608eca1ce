import { type FieldError, invalidValue, notSupported, requiredValue } from '../../status/field-error.ts';
import { type Members, membersOf, objectsOf, textOf } from './edit.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const ENV_NAME = /^[ -<>-~]+$/;
const ENV_NAME_TEXT = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const ENV_SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'];

/** What is wrong with a container apart from its name. */
export function containerErrors(container: Members, path: string, volumes: ReadonlySet<string>): FieldError[] {
  return [
    ...(textOf(container.image) === '' ? [requiredValue(`${path}.image`)] : []),
    ...oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, MESSAGE_POLICIES),
    ...objectsOf(container.ports).flatMap((port, index) => portErrors(port, `${path}.ports[${index}]`)),
    ...objectsOf(container.env).flatMap((variable, index) => envErrors(variable, `${path}.env[${index}]`)),
    ...mountsErrors(objectsOf(container.volumeMounts), `${path}.volumeMounts`, volumes),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
  ];
}

function oneOf(path: string, value: unknown, supported: readonly string[]): FieldError[] {
  return value === undefined || supported.includes(textOf(value)) ? [] : [notSupported(path, value, supported)];
}

function portErrors(port: Members, path: string): FieldError[] {
  const number = port.containerPort;
  const bad = typeof number === 'number' && (number < 1 || number > 65_535);
  return [
    ...(number === undefined || number === 0 ? [requiredValue(`${path}.containerPort`)] : []),
    ...(bad && number !== 0 ? [invalidValue(`${path}.containerPort`, number, 'must be between 1 and 65535, inclusive')] : []),
    ...oneOf(`${path}.protocol`, port.protocol, PROTOCOLS),
  ];
}

function envErrors(variable: Members, path: string): FieldError[] {
  const name = textOf(variable.name);
  const named =
    name === '' ? [requiredValue(`${path}.name`)] : ENV_NAME.test(name) ? [] : [invalidValue(`${path}.name`, name, ENV_NAME_TEXT)];
  if (variable.valueFrom === undefined) return named;
  const sources = ENV_SOURCES.filter((source) => membersOf(variable.valueFrom)[source] !== undefined);
  const problem =
    sources.length === 0
      ? 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
      : textOf(variable.value) !== ''
        ? 'may not be specified when `value` is not empty'
        : sources.length > 1
          ? 'may not have more than one field specified at a time'
          : undefined;
  return problem === undefined ? named : [...named, invalidValue(`${path}.valueFrom`, '', problem)];
}

function mountsErrors(mounts: readonly Members[], path: string, volumes: ReadonlySet<string>): FieldError[] {
  const seen = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const at = `${path}[${index}]`;
    const name = textOf(mount.name);
    const mountPath = textOf(mount.mountPath);
    const repeated = mountPath !== '' && seen.has(mountPath);
    seen.add(mountPath);
    return [
      ...(name === '' ? [requiredValue(`${at}.name`)] : []),
      ...(volumes.has(name) && name !== ''
        ? []
        : [{ reason: 'FieldValueNotFound', field: `${at}.name`, message: `Not found: ${JSON.stringify(name)}` }]),
      ...(mountPath === '' ? [requiredValue(`${at}.mountPath`)] : []),
      ...(repeated ? [invalidValue(`${at}.mountPath`, mountPath, 'must be unique')] : []),
    ];
  });
}
