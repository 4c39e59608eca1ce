import type { Registry } from '../resources/registry.ts';
import type { ResourceType } from '../resources/resource-type.ts';

/** Groups in the order in which the API server recommends them; groups of definitions come after, by name. */
const GROUP_ORDER: readonly string[] = [
  '',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
];

/** A group with its versions, the preferred one first. */
export interface ServedGroup {
  readonly name: string;
  readonly versions: readonly ServedVersion[];
}

export interface ServedVersion {
  readonly version: string;
  readonly types: readonly ResourceType[];
}

/** Everything that is served, by group and version. */
export function servedGroups(registry: Registry): readonly ServedGroup[] {
  const groups = new Map<string, Map<string, ResourceType[]>>();
  for (const type of registry.all()) {
    const versions = groups.get(type.group) ?? new Map<string, ResourceType[]>();
    groups.set(type.group, versions);
    versions.set(type.version, [...(versions.get(type.version) ?? []), type]);
  }
  return [...groups]
    .map(([name, versions]) => ({
      name,
      versions: [...versions]
        .map(([version, types]) => ({ version, types: [...types].sort((a, b) => (a.plural < b.plural ? -1 : 1)) }))
        .sort((a, b) => compareVersions(a.version, b.version)),
    }))
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}

function rank(group: string): number {
  const index = GROUP_ORDER.indexOf(group);
  return index < 0 ? GROUP_ORDER.length : index;
}

/** Kubernetes' order of versions: `v2` before `v1`, `v1` before `v1beta2`, beta before alpha, others last by name. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionParts(a), versionParts(b)];
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : 1;
  return left[0] !== right[0] ? right[0] - left[0] : left[1] !== right[1] ? right[1] - left[1] : right[2] - left[2];
}

/** Stability (general availability highest), major, minor. */
function versionParts(version: string): readonly [number, number, number] | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!match) return undefined;
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return [stability, Number(match[1]), Number(match[3] ?? 0)];
}

/** The APIResourceList of one group and version. */
export function resourceList(groupVersion: string, types: readonly ResourceType[]): Readonly<Record<string, unknown>> {
  const resources = types.flatMap((type) => [resourceEntry(type), ...type.subresources.map((name) => subresourceEntry(type, name))]);
  const core = groupVersion === 'v1';
  return { kind: 'APIResourceList', ...(core ? {} : { apiVersion: 'v1' }), groupVersion, resources };
}

function resourceEntry(type: ResourceType): Readonly<Record<string, unknown>> {
  return {
    name: type.plural,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: type.verbs,
    ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}),
    ...(type.categories.length > 0 ? { categories: type.categories } : {}),
  };
}

const SUBRESOURCE_VERBS: Readonly<Record<string, readonly string[]>> = {
  status: ['get', 'patch', 'update'],
  scale: ['get', 'patch', 'update'],
  finalize: ['update'],
};
const SUBRESOURCE_KINDS: Readonly<Record<string, { readonly group: string; readonly version: string; readonly kind: string }>> = {
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  binding: { group: '', version: 'v1', kind: 'Binding' },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
};

function subresourceEntry(type: ResourceType, name: string): Readonly<Record<string, unknown>> {
  const other = SUBRESOURCE_KINDS[name];
  return {
    name: `${type.plural}/${name}`,
    singularName: '',
    namespaced: type.namespaced,
    ...(other && other.group !== '' ? { group: other.group, version: other.version } : {}),
    kind: other?.kind ?? type.kind,
    verbs: SUBRESOURCE_VERBS[name] ?? ['create'],
  };
}

/** The APIGroup of a group. */
export function groupEntry(group: ServedGroup): Readonly<Record<string, unknown>> {
  const versions = group.versions.map(({ version }) => ({ groupVersion: `${group.name}/${version}`, version }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

/** The aggregated discovery (KEP-3352) of some groups. */
export function aggregated(groups: readonly ServedGroup[]): Readonly<Record<string, unknown>> {
  const items = groups.map((group) => ({
    metadata: group.name === '' ? {} : { name: group.name },
    versions: group.versions.map(({ version, types }) => ({ version, resources: types.map(aggregatedResource), freshness: 'Current' })),
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function aggregatedResource(type: ResourceType): Readonly<Record<string, unknown>> {
  const own =
    type.body.kind === 'custom'
      ? { group: type.group, version: type.version, kind: type.kind }
      : { group: '', version: '', kind: type.kind };
  const subresources = type.subresources.map((name) => ({
    subresource: name,
    responseKind: SUBRESOURCE_KINDS[name] ?? own,
    verbs: SUBRESOURCE_VERBS[name] ?? ['create'],
  }));
  return {
    resource: type.plural,
    responseKind: own,
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: type.verbs,
    ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}),
    ...(type.categories.length > 0 ? { categories: type.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
