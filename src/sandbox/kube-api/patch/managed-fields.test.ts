import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../../kube/core/object.ts';
import { listKeysOf, listKeysOfSchema } from './list-keys.ts';
import { recordUpdate } from './managed-fields.ts';
import { applyMergePatch } from './merge-patch.ts';
import { sameJson } from './same-json.ts';
import { serverSideApply } from './server-side-apply.ts';

const sample = (name: string) => JSON.parse(readFileSync(new URL(`../../../../test/conformance/samples/${name}`, import.meta.url), 'utf8'));

describe('recordUpdate', () => {
  const cases: readonly (readonly [string, string, string, (real: KubeObject) => KubeObject])[] = [
    ['namespace.created.json', '', 'Namespace', (real) => ({ ...real, spec: {}, status: {} })],
    ['lease.created.json', 'coordination.k8s.io', 'Lease', (real) => real],
  ];
  it.each(cases)('records a create as the real API server did: %s', (name, group, kind, sent) => {
    const real: KubeObject = sample(name);
    const { managedFields, ...metadata } = real.metadata;
    const after = sent({ ...real, metadata });
    const { manager = '', apiVersion = '', time = '' } = managedFields?.[0] ?? {};
    expect(recordUpdate({ before: undefined, after, manager, apiVersion, now: new Date(time), listKeys: listKeysOf(group, kind) })).toEqual(
      managedFields,
    );
  });

  it('records the owner reference of a real namespace by its uid', () => {
    const real: KubeObject = sample('namespace.terminating.json');
    const { managedFields, deletionTimestamp: _, ...metadata } = real.metadata;
    const after = { ...real, metadata, spec: {}, status: {} };
    const now = new Date('2026-11-24T06:53:47Z');
    expect(
      recordUpdate({ before: undefined, after, manager: 'podrole', apiVersion: 'v1', now, listKeys: listKeysOf('', 'Namespace') }),
    ).toEqual(managedFields);
  });

  const listKeys = listKeysOf('', 'ConfigMap');
  const map = (data: object, metadata: KubeObject['metadata'] = {}): KubeObject => ({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'a', ...metadata },
    data,
  });
  const write = (
    before: KubeObject | undefined,
    after: KubeObject,
    manager: string,
    seconds = 0,
    subresource?: string,
  ): ManagedFieldsEntry[] =>
    recordUpdate({
      before,
      after,
      manager,
      apiVersion: 'v1',
      ...(subresource === undefined ? {} : { subresource }),
      now: new Date(seconds * 1000),
      listKeys,
    });
  const owners = (entries: readonly ManagedFieldsEntry[]) =>
    entries.map(({ manager, time, fieldsV1 }) => [manager, time?.slice(17, 19), fieldsV1?.['f:data']]);
  const created = (): KubeObject => {
    const object = map({ x: '1', y: '1' });
    return map({ x: '1', y: '1' }, { uid: 'u', managedFields: write(undefined, object, 'one') });
  };

  it('moves what changed to who changed it, and forgets what is gone', () => {
    const before = created();
    const after = map({ x: '2' }, before.metadata);
    expect(owners(write(before, after, 'two', 5))).toEqual([
      ['one', '00', {}],
      ['two', '05', { 'f:x': {} }],
    ]);
  });

  it('changes nothing when nothing changes', () => {
    const before = created();
    expect(write(before, before, 'two', 5)).toEqual(before.metadata.managedFields);
  });

  it('keeps an unmanaged object unmanaged, and unmanages on request', () => {
    const unmanaged = map({ x: '1' }, { uid: 'u' });
    expect(write(unmanaged, map({ x: '2' }, { uid: 'u' }), 'two')).toEqual([]);
    const before = created();
    expect(write(before, map({ x: '2' }, { ...before.metadata, managedFields: [] }), 'two')).toEqual([]);
  });

  it('keeps the entries of a client that does not know them, and ignores those it cannot read', () => {
    const before = created();
    const { managedFields: _, ...metadata } = before.metadata;
    expect(owners(write(before, map({ x: '1', y: '1', z: '1' }, metadata), 'two'))).toHaveLength(2);
    const broken = [{ manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { nope: {} } }] as const;
    expect(owners(write(before, map({ x: '1', y: '1' }, { ...metadata, managedFields: broken }), 'two'))).toEqual(
      owners(before.metadata.managedFields ?? []),
    );
  });

  it('calls a writer without a name unknown', () => {
    expect(write(undefined, map({ x: '1' }), '').map(({ manager }) => manager)).toEqual(['unknown']);
  });

  it('remembers ten updaters and calls the rest ancient changes', () => {
    let live: KubeObject = map({}, { uid: 'u' });
    let data: Record<string, string> = {};
    for (let writer = 0; writer < 13; writer += 1) {
      const next = { ...data, [`k${writer}`]: 'x' };
      const entries = write(
        writer === 0 ? undefined : live,
        map(next, writer === 0 ? {} : live.metadata),
        `w${String(writer).padStart(2, '0')}`,
        writer,
      );
      live = map(next, { uid: 'u', managedFields: entries });
      data = next;
    }
    const managers = live.metadata.managedFields?.map(({ manager }) => manager) ?? [];
    expect([managers.length, managers[0], managers.at(-1)]).toEqual([10, 'ancient-changes', 'w12']);
  });
});

interface Step {
  readonly verb: 'apply' | 'create' | 'merge' | 'put' | 'status';
  readonly manager: string;
  readonly force?: boolean;
  readonly live?: KubeObject;
  readonly body: JsonObject & { readonly metadata: KubeObject['metadata'] };
  readonly code: number;
  readonly answer: KubeObject & { readonly message: string };
}

/** Random creates, updates, patches and applies by three managers, each with the object before it and what a real API server answered. */
describe('ownership as recorded from a real API server', () => {
  const recorded: { readonly schema: JsonObject; readonly steps: readonly Step[] } = sample('recorded/ownership.json');
  const listKeys = listKeysOfSchema(recorded.schema, { hasStatus: true });
  const apiVersion = 't.dev/v1';
  const now = new Date('2026-11-24T09:00:00Z');

  it.each(recorded.steps.map((step, index) => [index, step.verb, step] as const))(
    '%i: %s',
    (_, __, { verb, manager, force = false, live, body, code, answer }) => {
      if (verb === 'apply') {
        const outcome = serverSideApply({ live, applied: body, manager, force, apiVersion, now, listKeys });
        if (!outcome.ok) return expect([outcome.status.code, outcome.status.message]).toEqual([code, answer.message]);
        // What is null in the result is refused by the schema of the real one, and so it is by ours.
        if (code === 422) return expect(JSON.stringify(outcome.object)).toContain('null');
        return expect(essence(outcome.object)).toEqual(essence(answer));
      }
      const sent: KubeObject = {
        ...body,
        metadata: { ...body.metadata, ...(live?.metadata.uid === undefined ? {} : { uid: live.metadata.uid }) },
      };
      const patched = applyMergePatch(live, body);
      const after =
        verb === 'create' || verb === 'put'
          ? { ...sent, ...(live?.status === undefined ? {} : { status: live.status }) }
          : asObject(patched);
      const managedFields = recordUpdate({
        before: live,
        after: readBack(after),
        manager,
        apiVersion,
        ...(verb === 'status' ? { subresource: 'status' } : {}),
        now,
        listKeys,
      });
      return expect(essence({ ...after, metadata: { ...after.metadata, managedFields } })).toEqual(essence(answer));
    },
  );

  function asObject(value: unknown): KubeObject {
    if (!isJsonObject(value) || !isJsonObject(value.metadata)) throw new TypeError('no object');
    return { ...value, metadata: value.metadata };
  }

  /** As the server reads it: the default of the list's key, no empty metadata. */
  function readBack(object: KubeObject): KubeObject {
    const spec = isJsonObject(object.spec) ? object.spec : undefined;
    const items = Array.isArray(spec?.lm) ? spec.lm.map((item: object) => ({ port: 80, ...item })) : undefined;
    const metadata = Object.fromEntries(
      Object.entries(object.metadata).filter(([, value]) => value !== null && !sameJson(value, {}) && !sameJson(value, [])),
    );
    return { ...object, metadata, ...(items === undefined ? {} : { spec: { ...spec, lm: items } }) };
  }

  /** Without times and without what the server fills in. */
  function essence(object: KubeObject): unknown {
    const { metadata, ...rest } = readBack(object);
    const { uid: _, namespace: __, managedFields = [], ...named } = metadata;
    const entries = managedFields
      .map(({ time, ...entry }) => ({ ...entry, timed: time !== undefined }))
      .sort((left, right) =>
        JSON.stringify([left.operation, left.manager, left.subresource]) <
        JSON.stringify([right.operation, right.manager, right.subresource])
          ? -1
          : 1,
      );
    return { ...rest, metadata: named, entries };
  }
});
