import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { OWN_ROLE, ROLE_A, ROLE_B } from './scenario.ts';
import type { Declared } from './walk.ts';
import { type Random, seededRandom } from './world/scheduler.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
}

type Spec = NonNullable<Profile['spec']>;

/** Values that mean something, by path in the schema; the rest is drawn from the type alone. */
const MEANT: Readonly<Record<string, readonly Json[]>> = {
  '/owner/kind': ['User'],
  // Another owner is refused for good, so that the last spec is not what a fresh apply of it would give.
  '/owner/name': ['a@example.com'],
  '/owner/apiGroup': ['rbac.authorization.k8s.io'],
  '/plugins/items/kind': [
    'AwsIamForServiceAccount',
    'AwsIamForServiceAccount',
    'AwsIamForServiceAccount',
    'WorkloadIdentity',
    'awsiamforserviceaccount',
  ],
  '/plugins/items/spec/awsIamRole': [
    ROLE_A,
    ROLE_A,
    ROLE_B,
    ROLE_B,
    OWN_ROLE,
    'arn:aws:iam::999999999999:role/theirs',
    'arn:aws:iam::111122223333:role/nobody',
    'arn:aws:iam::111122223333:role/wrong/kf-user-demo',
    'kf-user-demo',
    '',
    7,
  ],
  '/plugins/items/spec/annotateOnly': [true, false, false, 'yes'],
  '/plugins/items/spec/serviceAccounts': [[], ['default-editor'], ['default-viewer', 'default-editor'], ['runner'], ['UPPER'], 'runner'],
  '/resourceQuotaSpec/hard': [{}, { cpu: '2' }, { cpu: 2, memory: '1Gi' }, { 'requests.storage': '5Gi' }],
  '/resourceQuotaSpec/scopes': [[], ['BestEffort']],
};
/** The members of a spec that the schema leaves open, as its description lists them. */
const OPEN_MEMBERS: readonly string[] = ['awsIamRole', 'annotateOnly', 'serviceAccounts'];
const TEXTS: readonly string[] = ['a', 'some-text'];

/** The schema of `spec` in the CRD that is shipped. */
export function specSchema(): Schema {
  // Bundled or not, the simulation is started in the repository.
  const text = readFileSync('deploy/crds/kubeflow.org_profiles.yaml', 'utf8');
  const crd = parse(text) as { spec: { versions: { name: string; schema: { openAPIV3Schema: Schema } }[] } };
  const schema = crd.spec.versions.find(({ name }) => name === 'v1')?.schema.openAPIV3Schema.properties?.spec;
  if (schema === undefined) throw new Error('the CRD has no schema of v1');
  return schema;
}

/** Every path of the schema that a walk may change, those of members that it leaves open among them. */
export function pathsOf(schema: Schema, path = ''): readonly string[] {
  if (MEANT[path] !== undefined) return [path];
  if (schema['x-kubernetes-preserve-unknown-fields']) return OPEN_MEMBERS.map((name) => `${path}/${name}`);
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, one]) => pathsOf(one, `${path}/${name}`));
  if (schema.items !== undefined) return [path, ...pathsOf(schema.items, `${path}/items`)];
  return below.length > 0 ? below : [path];
}

function generate(schema: Schema, path: string, random: Random): Json {
  const meant = MEANT[path];
  if (meant !== undefined) return random.pick(meant);
  if (schema['x-kubernetes-preserve-unknown-fields']) return members(OPEN_MEMBERS, (name) => generate({}, `${path}/${name}`, random));
  if (schema.type === 'object') {
    const names = Object.keys(schema.properties ?? {}).filter((name) => (schema.required ?? []).includes(name) || random.chance(0.7));
    return members(names, (name) => generate(schema.properties?.[name] ?? {}, `${path}/${name}`, random));
  }
  if (schema.type === 'array') {
    const count = random.pick([0, 1, 1, 1, 2]);
    return Array.from({ length: count }, () => generate(schema.items ?? {}, `${path}/items`, random));
  }
  if (schema.type === 'integer' || schema['x-kubernetes-int-or-string']) return random.below(10);
  return random.pick(TEXTS);
}

function members(names: readonly string[], make: (name: string) => Json): JsonObject {
  return Object.fromEntries(names.map((name) => [name, make(name)]));
}

/** One property of a spec drawn anew, the rest as it was: most mistakes show between neighbours. */
function changed(
  schema: Schema,
  at: { readonly value: Json | undefined; readonly path: string; readonly target: string },
  random: Random,
): Json {
  const { value, path, target } = at;
  if (path === target || value === undefined) return generate(schema, path, random);
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    if (list.length === 0) return generate(schema, path, random);
    const hit = random.below(list.length);
    return list.map((one, index) =>
      index === hit ? changed(schema.items ?? {}, { value: one, path: `${path}/items`, target }, random) : one,
    );
  }
  if (typeof value !== 'object' || value === null) return generate(schema, path, random);
  const name = target.slice(path.length + 1).split('/')[0] ?? '';
  const object = value as JsonObject;
  // A property that is there may go.
  if (`${path}/${name}` === target && Object.hasOwn(object, name) && random.chance(0.25) && !(schema.required ?? []).includes(name)) {
    const { [name]: _gone, ...rest } = object;
    return rest;
  }
  return { ...object, [name]: changed(schema.properties?.[name] ?? {}, { value: object[name], path: `${path}/${name}`, target }, random) };
}

const isLegal = (spec: Json): boolean => {
  const { owner } = spec as { owner?: { name?: string } };
  return owner !== undefined && (owner.name ?? '').length > 0;
};

/** A walk through the states that one profile may declare, drawn from the schema: one property changes at a time. */
export function drawWalk(
  seed: number,
  { schema, steps }: { readonly schema: Schema; readonly steps: number },
): readonly (Declared & { does: 'apply' })[] {
  const random = seededRandom(seed);
  const paths = pathsOf(schema);
  // The plugin is what this is about; the rest of the schema is small.
  const weighted = [...paths, ...paths.filter((path) => path.startsWith('/plugins')), ...paths.filter((path) => path.includes('/spec/'))];
  const role: Json = { kind: 'AwsIamForServiceAccount', spec: { awsIamRole: random.pick([ROLE_A, ROLE_B]) } };
  let spec: Json = { owner: { kind: 'User', name: 'a@example.com' }, plugins: [role] };
  const walk: (Declared & { does: 'apply' })[] = [{ does: 'apply', name: 'user-a', spec: spec as Spec }];
  while (walk.length < steps) {
    const next = changed(schema, { value: spec, path: '', target: random.pick(weighted) }, random);
    if (!isLegal(next) || JSON.stringify(next) === JSON.stringify(spec)) continue;
    spec = next;
    walk.push({ does: 'apply', name: 'user-a', spec: spec as Spec });
  }
  return walk;
}
