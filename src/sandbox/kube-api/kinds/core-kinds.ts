import type { KubeObject } from '../../../kube/core/object.ts';
import { type FieldError, invalidValue, notSupported, requiredValue, tooLong } from '../status/field-error.ts';
import { type KindBehaviour, listAt, objectAt } from './behaviour.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

/** Namespaces carry their name as a label and are held by the `kubernetes` finalizer of their spec until they are empty. */
export const namespaceBehaviour: KindBehaviour = {
  defaults: (object) => {
    const { name } = object.metadata;
    if (!name) return object;
    return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, [NAME_LABEL]: name } } };
  },
  prepareCreate: (object) => {
    const name = object.metadata.name ?? '';
    const given = objectAt(object, 'spec').finalizers;
    const finalizers =
      Array.isArray(given) && given.includes('kubernetes') ? given : [...(Array.isArray(given) ? given : []), 'kubernetes'];
    const labels = { ...object.metadata.labels, [NAME_LABEL]: name };
    return { ...object, metadata: { ...object.metadata, labels }, spec: { finalizers }, status: { phase: 'Active' } };
  },
  prepareUpdate: (live, next) => ({ ...next, spec: live.spec }),
};

const CONFIG_KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/** The keys of config maps and secrets become file names. */
export function checkDataKeys(object: KubeObject): readonly FieldError[] {
  return ['data', 'binaryData'].flatMap((member) =>
    Object.keys(objectAt(object, member)).flatMap((key) => {
      const problem = configKeyProblem(key);
      return problem === undefined ? [] : [invalidValue(`${member}[${key}]`, key, problem)];
    }),
  );
}

function configKeyProblem(key: string): string | undefined {
  if (key === '.' || key === '..') return key === '.' ? "must not be '.'" : "must not be '..'";
  if (key.length > 253) return 'must be no more than 253 characters';
  return /^[-._a-zA-Z0-9]+$/.test(key) ? undefined : CONFIG_KEY_TEXT;
}

/** What config maps and secrets may hold together, in bytes. */
const MAX_DATA_BYTES = 1024 * 1024;

/** The bytes of texts and of base64. */
function sizeOf(texts: object, encoded: object): number {
  const bytes = (values: object, of: (text: string) => number): number =>
    Object.values(values).reduce((sum: number, value) => sum + (typeof value === 'string' ? of(value) : 0), 0);
  return bytes(texts, (text) => Buffer.byteLength(text)) + bytes(encoded, (text) => Buffer.byteLength(text, 'base64'));
}

/** A config map: its keys, each in one place alone, and its size. */
export function checkConfigMap(object: KubeObject): readonly FieldError[] {
  const [data, binaryData] = [objectAt(object, 'data'), objectAt(object, 'binaryData')];
  const twice = Object.keys(data).filter((key) => Object.hasOwn(binaryData, key));
  return [
    ...checkDataKeys(object),
    ...twice.map((key) => invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData')),
    ...(sizeOf(data, binaryData) > MAX_DATA_BYTES ? [tooLong('[]', MAX_DATA_BYTES)] : []),
  ];
}

const ACCOUNT_NAME = 'kubernetes.io/service-account.name';

function checkTokenSecret(object: KubeObject): readonly FieldError[] {
  if (object.type !== 'kubernetes.io/service-account-token' || object.metadata.annotations?.[ACCOUNT_NAME]) return [];
  return [requiredValue(`metadata.annotations[${ACCOUNT_NAME}]`)];
}

/** An event is in the namespace of what it is about, or in `default` for what is in none. */
export const eventBehaviour: KindBehaviour = {
  validate: (object) => {
    const member = object.apiVersion === 'v1' ? 'involvedObject' : 'regarding';
    const about = objectAt(object, member).namespace;
    const { namespace } = object.metadata;
    const fits = about ? about === namespace : namespace === 'default' || namespace === 'kube-system';
    return fits ? [] : [invalidValue(`${member}.namespace`, about ?? '', 'does not match event.namespace')];
  },
};

/** Secrets are Opaque unless they say otherwise; `stringData` is written into `data`. */
export const secretBehaviour: KindBehaviour = {
  defaults: (object) => {
    const { stringData, ...rest } = object;
    const typed = { ...rest, metadata: object.metadata, type: object.type ?? 'Opaque' };
    if (typeof stringData !== 'object' || stringData === null) return typed;
    const encoded = Object.fromEntries(Object.entries(stringData).map(([key, value]) => [key, toBase64(String(value))]));
    return { ...typed, data: { ...objectAt(object, 'data'), ...encoded } };
  },
  validate: (object) => [
    ...checkDataKeys(object),
    ...(sizeOf({}, objectAt(object, 'data')) > MAX_DATA_BYTES ? [tooLong('data', MAX_DATA_BYTES)] : []),
    ...checkTokenSecret(object),
  ],
  validateUpdate: (live, next) => (live.type === next.type ? [] : [invalidValue('type', next.type, 'field is immutable')]),
};

/** Services get the type and the protocols that they leave out; no address is assigned, since nothing routes to one. */
export const serviceBehaviour: KindBehaviour = {
  prepareCreate: (object) => {
    const spec = objectAt(object, 'spec');
    if (spec.type === 'ExternalName') return object;
    const addresses = spec.clusterIP ? { clusterIPs: [spec.clusterIP] } : {};
    return {
      ...object,
      spec: { ...spec, ...addresses, ipFamilies: spec.ipFamilies ?? ['IPv4'], ipFamilyPolicy: spec.ipFamilyPolicy ?? 'SingleStack' },
    };
  },
  defaults: (object) => {
    const spec = objectAt(object, 'spec');
    const ports = listAt(spec, 'ports').map((port) => ({
      ...port,
      protocol: port.protocol ?? 'TCP',
      targetPort: port.targetPort || port.port,
    }));
    return {
      ...object,
      spec: {
        ...spec,
        ...(ports.length > 0 ? { ports } : {}),
        sessionAffinity: spec.sessionAffinity ?? 'None',
        type: spec.type ?? 'ClusterIP',
        ...(spec.type === 'ExternalName' ? {} : { internalTrafficPolicy: spec.internalTrafficPolicy ?? 'Cluster' }),
      },
    };
  },
};

const RBAC = 'rbac.authorization.k8s.io';

/** Bindings name the groups of their role and subjects in full. */
export const bindingBehaviour: KindBehaviour = {
  defaults: (object) => {
    const subjects = listAt(object, 'subjects').map((subject) => {
      const apiGroup = subject.apiGroup ?? (subject.kind === 'ServiceAccount' ? '' : RBAC);
      return apiGroup === '' ? subject : { ...subject, apiGroup };
    });
    const roleRef = objectAt(object, 'roleRef');
    return {
      ...object,
      ...(subjects.length > 0 ? { subjects } : {}),
      roleRef: { ...roleRef, apiGroup: roleRef.apiGroup || RBAC },
    };
  },
  validate: (object) => {
    const { kind, name } = objectAt(object, 'roleRef');
    const kinds = object.kind === 'ClusterRoleBinding' ? ['ClusterRole'] : ['Role', 'ClusterRole'];
    const errors: FieldError[] = [];
    if (!kinds.includes(String(kind))) errors.push(notSupported('roleRef.kind', kind ?? '', kinds));
    if (!name) errors.push(requiredValue('roleRef.name'));
    listAt(object, 'subjects').forEach((subject, index) => {
      if (!subject.name) errors.push(requiredValue(`subjects[${index}].name`));
      // A subject of a RoleBinding without a namespace is in the binding's own.
      const needsNamespace = subject.kind === 'ServiceAccount' && object.kind === 'ClusterRoleBinding';
      if (needsNamespace && !subject.namespace) errors.push(requiredValue(`subjects[${index}].namespace`));
    });
    return errors;
  },
  validateUpdate: (live, next) => {
    const before = objectAt(live, 'roleRef');
    const after = objectAt(next, 'roleRef');
    const same = before.name === after.name && before.kind === after.kind && before.apiGroup === after.apiGroup;
    return same ? [] : [invalidValue('roleRef', { APIGroup: after.apiGroup, Kind: after.kind, Name: after.name }, 'cannot change roleRef')];
  },
};

/** A Lease must say for how long it is held, and by times in order. */
export const leaseBehaviour: KindBehaviour = {
  validate: (object) => {
    const spec = objectAt(object, 'spec');
    const errors: FieldError[] = [];
    const { leaseDurationSeconds, leaseTransitions } = spec;
    if (typeof leaseDurationSeconds === 'number' && leaseDurationSeconds <= 0) {
      errors.push(invalidValue('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0'));
    }
    if (typeof leaseTransitions === 'number' && leaseTransitions < 0) {
      errors.push(invalidValue('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0'));
    }
    return errors;
  },
};

/** Config maps and secrets that say so do not change any more. */
export function immutableUnlessSame(live: KubeObject, next: KubeObject): readonly FieldError[] {
  if (live.immutable !== true) return [];
  const changed = ['data', 'binaryData'].filter((field) => JSON.stringify(live[field]) !== JSON.stringify(next[field]));
  const reset = next.immutable === true ? [] : ['immutable'];
  return [...reset, ...changed].map((field) => ({
    reason: 'FieldValueForbidden',
    field,
    message: 'Forbidden: field is immutable when `immutable` is set',
  }));
}

function toBase64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}

/** A new node is not ready until its kubelet says so, and can allocate what it has. */
export const nodeBehaviour: KindBehaviour = {
  prepareCreate: (object) => {
    const spec = objectAt(object, 'spec');
    const taints = listAt(spec, 'taints');
    const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
    return { ...object, spec: { ...spec, taints: taints.some(({ key }) => key === notReady.key) ? taints : [...taints, notReady] } };
  },
};
