import { isIP } from 'node:net';
import type { KubeObject } from '../../../kube/core/object.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported, requiredValue } from '../status/field-error.ts';
import { type KindBehaviour, listAt, objectAt } from './behaviour.ts';

type Member = Readonly<Record<string, unknown>>;

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const POLICY_TYPES = ['Ingress', 'Egress'];

/** The two lists of rules, with the member in which each names its peers. */
const RULES = [
  ['ingress', 'from'],
  ['egress', 'to'],
] as const;

/** A network policy is about incoming traffic if it does not say, and its ports are those of TCP. After `pkg/apis/networking`. */
export const networkPolicyBehaviour: KindBehaviour = {
  defaults: (object) => {
    const spec = objectAt(object, 'spec');
    const rules = Object.fromEntries(RULES.flatMap(([name]) => (Array.isArray(spec[name]) ? [[name, spec[name].map(withProtocols)]] : [])));
    const given = Array.isArray(spec.policyTypes) && spec.policyTypes.length > 0;
    const policyTypes = given ? spec.policyTypes : ['Ingress', ...(listAt(spec, 'egress').length > 0 ? ['Egress'] : [])];
    return { ...object, spec: { ...spec, ...rules, policyTypes } };
  },
  validate: checkPolicy,
};

function withProtocols(rule: unknown): unknown {
  const { ports } = objectAt(rule);
  if (!Array.isArray(ports)) return rule;
  return { ...objectAt(rule), ports: ports.map((port) => ({ protocol: 'TCP', ...objectAt(port) })) };
}

function checkPolicy(object: KubeObject): readonly FieldError[] {
  const errors = RULES.flatMap(([name, peers]) =>
    listAt(object, 'spec', name).flatMap((rule, index) => [
      ...listAt(rule, 'ports').flatMap((port, at) => checkPort(port, `spec.${name}[${index}].ports[${at}]`)),
      ...listAt(rule, peers).flatMap((peer, at) => checkPeer(peer, `spec.${name}[${index}].${peers}[${at}]`)),
    ]),
  );
  const { policyTypes } = objectAt(object, 'spec');
  const types: readonly unknown[] = Array.isArray(policyTypes) ? policyTypes : [];
  if (types.length > POLICY_TYPES.length) {
    return [...errors, invalidValue('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  }
  return [
    ...errors,
    ...types.flatMap((type, index) =>
      POLICY_TYPES.includes(String(type)) ? [] : [notSupported(`spec.policyTypes[${index}]`, type, POLICY_TYPES)],
    ),
  ];
}

function checkPort({ protocol, port, endPort }: Member, path: string): readonly FieldError[] {
  const errors =
    protocol === undefined || PROTOCOLS.includes(String(protocol)) ? [] : [notSupported(`${path}.protocol`, protocol, PROTOCOLS)];
  if (typeof port === 'number') errors.push(...checkNumber(`${path}.port`, port));
  if (typeof endPort !== 'number') return errors;
  if (port === undefined) return [...errors, invalidValue(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified')];
  if (typeof port !== 'number') {
    return [...errors, invalidValue(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric')];
  }
  if (endPort < port) errors.push(invalidValue(`${path}.endPort`, port, 'must be greater than or equal to `port`'));
  return [...errors, ...checkNumber(`${path}.endPort`, endPort)];
}

function checkNumber(path: string, port: number): readonly FieldError[] {
  return port >= 1 && port <= 65_535 ? [] : [invalidValue(path, port, 'must be between 1 and 65535, inclusive')];
}

function checkPeer({ podSelector, namespaceSelector, ipBlock }: Member, path: string): readonly FieldError[] {
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (ipBlock === undefined) return selects ? [] : [requiredValue(path, 'must specify a peer')];
  const errors = checkBlock(objectAt(ipBlock), `${path}.ipBlock`);
  return selects ? [...errors, forbiddenField(path, 'may not specify both ipBlock and another peer')] : errors;
}

function checkBlock({ cidr, except }: Member, path: string): readonly FieldError[] {
  if (!cidr) return [requiredValue(`${path}.cidr`)];
  const excepted: readonly unknown[] = Array.isArray(except) ? except : [];
  return [...checkCidr(cidr, `${path}.cidr`), ...excepted.flatMap((each, index) => checkCidr(each, `${path}.except[${index}]`))];
}

function checkCidr(value: unknown, path: string): readonly FieldError[] {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(String(value)) ?? [];
  const family = isIP(address);
  if (family !== 0 && Number(bits) <= (family === 4 ? 32 : 128)) return [];
  return [invalidValue(path, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
}
