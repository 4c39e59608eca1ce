import { describe, expect, it } from 'vitest';
import { compactObject, compactProfile } from './compact-object.ts';
import { needsApply } from './object-drift.ts';

const entry = (manager: string, operation: 'Apply' | 'Update', fieldsV1: object) => ({ manager, operation, fieldsV1: { ...fieldsV1 } });
const ours = entry('podrole-controller', 'Apply', { 'f:metadata': { 'f:labels': { 'f:old': {} } } });
const object = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'user-a', labels: { old: 'x' }, managedFields: [entry('kubectl', 'Update', { 'f:spec': {} }), ours] },
};

describe('an object in a cache', () => {
  it('keeps the fields that this controller owns, and none of others', () => {
    expect(compactObject(object)).toEqual({ ...object, metadata: { name: 'user-a', labels: { old: 'x' }, managedFields: [ours] } });
    expect(compactObject({ ...object, metadata: { name: 'user-a', managedFields: object.metadata.managedFields.slice(0, 1) } })).toEqual({
      ...object,
      metadata: { name: 'user-a' },
    });
  });

  it('still shows that a field of ours is desired no longer', () => {
    const desired = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'user-a' } };
    expect(needsApply(compactObject(object), desired, 'podrole-controller')).toBe(true);
  });

  it('is left as it was by the copy', () => {
    const before = structuredClone(object);
    compactObject(object);
    compactProfile(object);
    expect(object).toEqual(before);
  });

  it('of a profile keeps no managed fields', () => {
    expect(compactProfile(object).metadata).toEqual({ name: 'user-a', labels: { old: 'x' } });
  });
});
