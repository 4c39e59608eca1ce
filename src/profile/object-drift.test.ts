import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/core/object.ts';
import { needsApply } from './object-drift.ts';

const desired: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a', labels: { x: '1' } } };
const owned = (fieldsV1: Record<string, unknown>, manager = 'podrole-controller') => [{ manager, operation: 'Apply' as const, fieldsV1 }];

describe('needsApply', () => {
  it('is true for what does not exist or differs', () => {
    expect(needsApply(undefined, desired, 'm')).toBe(true);
    expect(needsApply({ metadata: { name: 'a', labels: { x: '2' } } }, desired, 'm')).toBe(true);
    expect(needsApply({ metadata: { name: 'a' } }, desired, 'm')).toBe(true);
  });

  it('is false where another manager put the same there, with whatever else', () => {
    const live = {
      metadata: {
        name: 'a',
        uid: 'u',
        labels: { x: '1', y: '2' },
        managedFields: owned({ 'f:metadata': { 'f:labels': { 'f:y': {} } } }, 'kubectl'),
      },
    };
    expect(needsApply(live, desired, 'podrole-controller')).toBe(false);
  });

  it('is true when we still own a field that is no longer desired', () => {
    const fields = { 'f:metadata': { 'f:labels': { '.': {}, 'f:x': {}, 'f:y': {} } } };
    const live = { metadata: { name: 'a', labels: { x: '1', y: '2' }, managedFields: owned(fields) } };
    expect(needsApply(live, desired, 'podrole-controller')).toBe(true);
  });

  it('is true when an item of a list has a member that is no longer desired', () => {
    const binding = (subject: object): KubeObject => ({ metadata: { name: 'b' }, subjects: [subject] });
    const [user, grouped] = [
      { kind: 'User', name: 'a' },
      { kind: 'User', name: 'a', apiGroup: 'rbac.authorization.k8s.io' },
    ];
    expect(needsApply(binding({ ...user, namespace: 'n' }), binding(user), 'm')).toBe(true);
    // The API server writes this one itself.
    expect(needsApply(binding(grouped), binding(user), 'm')).toBe(false);
    const quota = (term: object): KubeObject => ({ metadata: { name: 'q' }, spec: { scopeSelector: { matchExpressions: [term] } } });
    expect(needsApply(quota({ scopeName: 's', values: ['a'] }), quota({ scopeName: 's' }), 'm')).toBe(true);
    expect(needsApply(quota({ scopeName: 's', values: ['a'] }), quota({ scopeName: 's', values: ['a'] }), 'm')).toBe(false);
  });

  it('does not take the fields of list items for fields of the object', () => {
    const binding: KubeObject = {
      metadata: { name: 'b', ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'n', uid: 'u' }] },
      subjects: [{ kind: 'User', name: 'a' }],
    };
    const fields = { 'f:metadata': { 'f:ownerReferences': { 'k:{"uid":"u"}': {} } }, 'f:subjects': {} };
    expect(needsApply({ ...binding, metadata: { ...binding.metadata, managedFields: owned(fields) } }, binding, 'podrole-controller')).toBe(
      false,
    );
  });

  it('finds an owner reference among others, and compares other lists whole', () => {
    const reference = { apiVersion: 'v1', kind: 'K', name: 'n', uid: 'u' };
    const wanted: KubeObject = { metadata: { name: 'b', ownerReferences: [reference] }, subjects: [{ name: 'a' }] };
    expect(
      needsApply(
        { metadata: { name: 'b', ownerReferences: [{ ...reference, uid: 'v' }, reference] }, subjects: [{ name: 'a' }] },
        wanted,
        'm',
      ),
    ).toBe(false);
    expect(
      needsApply({ metadata: { name: 'b', ownerReferences: [reference] }, subjects: [{ name: 'a' }, { name: 'b' }] }, wanted, 'm'),
    ).toBe(true);
  });

  it('takes quantities of the same amount for the same', () => {
    const quota = (cpu: string, memory: string): KubeObject => ({ metadata: { name: 'q' }, spec: { hard: { cpu, memory } } });
    expect(needsApply(quota('2', '2Gi'), quota('2000m', '2048Mi'), 'm')).toBe(false);
    expect(needsApply(quota('2', '2Gi'), quota('2', '2G'), 'm')).toBe(true);
    expect(needsApply(quota('2', 'x'), quota('2', 'y'), 'm')).toBe(true);
  });
});
