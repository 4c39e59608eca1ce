import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject, ManagedFieldsEntry } from '../../../kube/core/object.ts';
import { hasPath, pathsOf } from './internal/field-set.ts';
import { fromFieldsV1 } from './internal/fields-v1.ts';
import { ownedFields } from './internal/owned-fields.ts';
import { listKeysOf, listKeysOfSchema } from './list-keys.ts';
import { recordUpdate } from './managed-fields.ts';
import { type ServerSideApply, serverSideApply } from './server-side-apply.ts';

const sample = (name: string) => JSON.parse(readFileSync(new URL(`../../../../test/conformance/samples/${name}`, import.meta.url), 'utf8'));

const profileKeys = listKeysOfSchema(
  {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          owner: { type: 'object', properties: { kind: { type: 'string' }, name: { type: 'string' } } },
          plugins: { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      },
      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  },
  { hasStatus: true },
);

const plugins = [{ kind: 'AwsIamForServiceAccount', spec: { awsIamRole: 'arn:aws:iam::111122223333:role/team-a' } }];
const profile = (owner: object, more: object = {}): KubeObject => ({
  apiVersion: 'kubeflow.org/v1',
  kind: 'Profile',
  metadata: { name: 'team-b' },
  spec: { owner, plugins, ...more },
});

const T0 = new Date('2026-11-24T06:53:46Z');
const T1 = new Date('2026-11-24T06:53:47Z');

const applyProfile = (options: Partial<ServerSideApply> & Pick<ServerSideApply, 'applied' | 'manager'>) =>
  serverSideApply({ live: undefined, force: false, apiVersion: 'kubeflow.org/v1', now: T0, listKeys: profileKeys, ...options });

const applied = (options: Parameters<typeof applyProfile>[0]): KubeObject => {
  const outcome = applyProfile(options);
  if (!outcome.ok) throw new Error(outcome.status.message);
  return outcome.object;
};

describe('serverSideApply', () => {
  it('answers a conflict as the real server does', () => {
    const live = applied({ applied: profile({ kind: 'User', name: 'a@example.com' }), manager: 'mine' });
    const outcome = applyProfile({ live, applied: profile({ kind: 'User', name: 'b@example.com' }), manager: 'other', now: T1 });
    expect(outcome).toEqual({
      ok: false,
      conflicts: [{ manager: '"mine"', field: '.spec.owner.name' }],
      status: sample('ssa.conflict.409.json'),
    });
  });

  it('takes fields over when forced and shares those of the same value', () => {
    const live = applied({ applied: profile({ kind: 'User', name: 'a@example.com' }), manager: 'mine' });
    const forced = applied({ live, applied: profile({ kind: 'User', name: 'b@example.com' }), manager: 'other', force: true, now: T1 });
    const real = sample('profile.ssa-forced.json');
    expect(forced.metadata.managedFields).toEqual(real.metadata.managedFields);
    expect(forced.spec).toEqual(real.spec);
  });

  it('names updaters with the version they wrote through, and lists several conflicts by manager', () => {
    const object = profile({ kind: 'User', name: 'a@example.com' });
    const managedFields = recordUpdate({
      before: undefined,
      after: object,
      manager: 'podrole',
      apiVersion: 'kubeflow.org/v1',
      now: T0,
      listKeys: profileKeys,
    });
    const live = { ...object, metadata: { ...object.metadata, managedFields } };
    const outcome = applyProfile({ live, applied: profile({ kind: 'Group', name: 'b@example.com' }), manager: 'other' });
    expect(outcome.ok).toBe(false);
    if (!outcome.ok) {
      expect(outcome.status.message).toBe(
        'Apply failed with 2 conflicts: conflicts with "podrole" using kubeflow.org/v1:\n- .spec.owner.kind\n- .spec.owner.name',
      );
    }
  });

  it('changes neither object nor times when the same configuration is applied again', () => {
    const live = applied({ applied: profile({ kind: 'User', name: 'a@example.com' }), manager: 'mine' });
    expect(applied({ live, applied: profile({ kind: 'User', name: 'a@example.com' }), manager: 'mine', now: T1 })).toEqual(live);
  });

  it('removes what its manager applies no longer, unless somebody else owns it', () => {
    const first = applied({ applied: profile({ kind: 'User', name: 'a@example.com' }), manager: 'mine' });
    const both = applied({ live: first, applied: { ...profile({}), spec: { owner: { name: 'a@example.com' } } }, manager: 'other' });
    const fewer = applied({ live: both, applied: { ...profile({}), spec: { plugins } }, manager: 'mine', now: T1 });
    expect(fewer.spec).toEqual({ owner: { name: 'a@example.com' }, plugins });
  });

  it('merges a keyed list item by item and owns each item', () => {
    const container = (name: string, image: string) => ({ name, image });
    const pod = (containers: object[]): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers } });
    const options = { force: false, apiVersion: 'v1', now: T0, listKeys: listKeysOf('', 'Pod') };
    const first = serverSideApply({ ...options, live: undefined, applied: pod([container('a', 'x:1')]), manager: 'one' });
    if (!first.ok) throw new Error(first.status.message);
    const second = serverSideApply({ ...options, live: first.object, applied: pod([container('b', 'y:1')]), manager: 'two' });
    if (!second.ok) throw new Error(second.status.message);
    expect(second.object.spec).toEqual({ containers: [container('a', 'x:1'), container('b', 'y:1')] });
    expect(second.object.metadata.managedFields?.map((entry) => [entry.manager, entry.fieldsV1])).toEqual([
      ['one', { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} } } } }],
      ['two', { 'f:spec': { 'f:containers': { 'k:{"name":"b"}': { '.': {}, 'f:image': {}, 'f:name': {} } } } }],
    ]);
    const third = serverSideApply({ ...options, live: second.object, applied: pod([]), manager: 'one' });
    if (!third.ok) throw new Error(third.status.message);
    expect(third.object.spec).toEqual({ containers: [container('b', 'y:1')] });
  });

  it('does not own the status that a main resource write ignores, nor anything but it through the subresource', () => {
    const object = { ...profile({ kind: 'User', name: 'a' }), status: { phase: 'Ready' } };
    const owners = (entries: readonly ManagedFieldsEntry[] | undefined) => entries?.map((entry) => [entry.subresource, entry.fieldsV1]);
    expect(owners(applied({ applied: object, manager: 'mine' }).metadata.managedFields)).toEqual([
      [undefined, { 'f:spec': { 'f:owner': { 'f:kind': {}, 'f:name': {} }, 'f:plugins': {} } }],
    ]);
    expect(owners(applied({ applied: object, manager: 'mine', subresource: 'status' }).metadata.managedFields)).toEqual([
      ['status', { 'f:status': { 'f:phase': {} } }],
    ]);
  });

  it('gives what nobody manages to before-first-apply', () => {
    const live = { ...profile({ kind: 'User', name: 'a@example.com' }), metadata: { name: 'team-b', uid: 'u' } };
    const outcome = applyProfile({ live, applied: profile({ kind: 'Group' }), manager: 'mine' });
    expect(outcome).toMatchObject({
      ok: false,
      conflicts: [{ manager: '"before-first-apply" using kubeflow.org/v1', field: '.spec.owner.kind' }],
    });
  });

  it('refuses another version, managedFields and repeated items', () => {
    const keys = listKeysOf('', 'Pod');
    const pod: KubeObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'n', ...{ zz: 1 } },
      spec: { containers: [{ name: 'a' }, { name: 'a' }] },
    };
    const outcomes = [
      serverSideApply({ live: undefined, applied: pod, manager: 'm', force: true, apiVersion: 'v2', now: T0, listKeys: keys }),
      serverSideApply({
        live: undefined,
        applied: { ...pod, metadata: { managedFields: [] } },
        manager: 'm',
        force: true,
        apiVersion: 'v1',
        now: T0,
        listKeys: keys,
      }),
      serverSideApply({ live: undefined, applied: pod, manager: 'm', force: true, apiVersion: 'v1', now: T0, listKeys: keys }),
    ];
    expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : [outcome.status.code, outcome.status.message]))).toEqual([
      [400, 'Incorrect version specified in apply patch. Specified patch version: v1, expected: v2'],
      [400, 'metadata.managedFields must be nil'],
      [
        500,
        'failed to create typed patch object (n/p; /v1, Kind=Pod): errors:\n  .metadata.zz: field not declared in schema\n  .spec.containers: duplicate entries for key [name="a"]',
      ],
    ]);
  });
});

/** Configurations over a few names, so that managers meet in the same fields. Empty containers are not told from absent ones by the API. */
const someOf = (...names: readonly string[]) => fc.dictionary(fc.constantFrom(...names), fc.constantFrom('1', '2'), { minKeys: 1 });
const container = fc.record(
  {
    name: fc.constantFrom('one', 'two', 'three'),
    image: fc.constantFrom('i:1', 'i:2'),
    command: fc.array(fc.constantFrom('sh', '-c'), { minLength: 1, maxLength: 2 }),
    env: fc.uniqueArray(fc.record({ name: fc.constantFrom('A', 'B'), value: fc.constantFrom('1', '2') }), {
      minLength: 1,
      selector: ({ name }) => name,
    }),
  },
  { requiredKeys: ['name'] },
);
const configuration = fc.record(
  {
    labels: someOf('a', 'b', 'c'),
    finalizers: fc.uniqueArray(fc.constantFrom('x/1', 'x/2', 'x/3'), { minLength: 1 }),
    containers: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1, maxLength: 3 }),
    nodeSelector: someOf('zone', 'size'),
  },
  { requiredKeys: ['containers'] },
);
type Configuration = typeof configuration extends fc.Arbitrary<infer T> ? Partial<T> : never;

const podKeys = listKeysOf('', 'Pod');
const podOf = ({ labels, finalizers, ...spec }: Configuration): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', ...(labels === undefined ? {} : { labels }), ...(finalizers === undefined ? {} : { finalizers }) },
  ...(Object.keys(spec).length === 0 ? {} : { spec }),
});
const applyPod = (live: KubeObject | undefined, config: Configuration, manager: string, force = true): KubeObject => {
  const outcome = serverSideApply({ live, applied: podOf(config), manager, force, apiVersion: 'v1', now: T0, listKeys: podKeys });
  if (!outcome.ok) throw new Error(outcome.status.message);
  return outcome.object;
};
const steps = fc.array(fc.record({ manager: fc.constantFrom('one', 'two', 'three'), config: configuration }), {
  minLength: 1,
  maxLength: 6,
});
const runSteps = (all: readonly { manager: string; config: Configuration }[]): KubeObject | undefined =>
  all.reduce<KubeObject | undefined>((live, { manager, config }) => applyPod(live, config, manager), undefined);
const fieldsOf = (object: KubeObject | undefined, manager: string) =>
  fromFieldsV1(object?.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1 ?? {});
const everyField = (object: KubeObject) => ownedFields(object, podKeys.shape);

describe('ownership', () => {
  it('applying twice is applying once', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const live = runSteps(all);
        const last = all.at(-1);
        if (live === undefined || last === undefined) return;
        expect(applyPod(live, last.config, last.manager, false)).toEqual(live);
      }),
      { numRuns: 150 },
    );
  });

  it('managers of disjoint fields never conflict', () => {
    fc.assert(
      fc.property(configuration, configuration, (left, right) => {
        const { labels, containers } = left;
        const { finalizers, nodeSelector } = right;
        const first = applyPod(undefined, { ...(labels && { labels }), containers }, 'one', false);
        const second = applyPod(first, { ...(finalizers && { finalizers }), ...(nodeSelector && { nodeSelector }) }, 'two', false);
        expect(fieldsOf(second, 'one')).toEqual(fieldsOf(first, 'one'));
      }),
      { numRuns: 150 },
    );
  });

  it('a forced apply wins every field it names, and its owner loses the changed ones', () => {
    fc.assert(
      fc.property(steps, configuration, (all, config) => {
        const before = runSteps(all);
        const after = applyPod(before, config, 'winner');
        for (const path of pathsOf(ownedFields(podOf({ ...config }), podKeys.shape))) {
          const served = path[0] === 'f:apiVersion' || path[0] === 'f:kind' || path.join() === 'f:metadata,f:name';
          if (!served) expect(hasPath(fieldsOf(after, 'winner') ?? { members: new Set(), children: new Map() }, path)).toBe(true);
        }
        expect(applyPod(after, config, 'winner', false)).toEqual(after);
      }),
      { numRuns: 100 },
    );
  });

  it('what the only manager stops applying disappears', () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const once = applyPod(applyPod(undefined, first, 'one'), second, 'one');
        const fresh = applyPod(undefined, second, 'one');
        const bare = ({ metadata, ...rest }: KubeObject) => ({ ...rest, metadata: { ...metadata, managedFields: [] } });
        expect(pathsOf(everyField(bare(once)))).toEqual(pathsOf(everyField(bare(fresh))));
      }),
      { numRuns: 150 },
    );
  });

  it('managedFields describe only fields that are there', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const live = runSteps(all);
        if (live === undefined) return;
        const there = new Set(pathsOf(everyField(live)).map((path) => path.join('/')));
        for (const entry of live.metadata.managedFields ?? []) {
          const fields = fromFieldsV1(entry.fieldsV1);
          for (const path of fields === undefined ? [] : pathsOf(fields)) expect(there).toContain(path.join('/'));
        }
      }),
      { numRuns: 150 },
    );
  });
});
