import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../kube/core/object.ts';
import { applyByAnybody } from './apply-by-kubectl.ts';
import { listKeysOf } from './list-keys.ts';
import { recordUpdate } from './managed-fields.ts';
import type { ServerSideApply } from './server-side-apply.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const listKeys = listKeysOf('', 'ConfigMap');
const now = new Date('2026-11-24T06:53:46Z');
const map = (data: Readonly<Record<string, string>>, annotations?: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', ...(annotations === undefined ? {} : { annotations }) },
  data,
});

/** An object as `kubectl apply` leaves it, changed by nobody since, or by `other` to hold `data`. */
function applied(data: Readonly<Record<string, string>>, last: KubeObject | string): KubeObject {
  const text = typeof last === 'string' ? last : JSON.stringify(last);
  const after = map(data, { [LAST_APPLIED]: text });
  const managedFields = recordUpdate({ before: undefined, after, manager: 'kubectl-client-side-apply', apiVersion: 'v1', now, listKeys });
  return { ...after, metadata: { ...after.metadata, managedFields } };
}

const apply = (options: Pick<ServerSideApply, 'live' | 'applied'> & Partial<ServerSideApply>) =>
  applyByAnybody({ manager: 'kubectl', force: false, apiVersion: 'v1', now, listKeys, ...options });

describe('a server-side apply by kubectl', () => {
  it('takes over what it applied its own way before, and notes what it applies now', () => {
    const outcome = apply({ live: applied({ x: '1' }, map({ x: '1' })), applied: map({ x: '<2>' }) });
    if (!outcome.ok) throw new Error(outcome.status.message);
    expect(outcome.object.data).toEqual({ x: '<2>' });
    expect(outcome.object.metadata.annotations?.[LAST_APPLIED]).toBe(
      '{"apiVersion":"v1","data":{"x":"\\u003c2\\u003e"},"kind":"ConfigMap","metadata":{"name":"a"}}\n',
    );
  });

  it('conflicts over what somebody else has changed since, and over that alone', () => {
    const live = applied({ x: 'changed', y: '1' }, map({ x: '1', y: '1' }));
    const outcome = apply({ live, applied: map({ x: '2', y: '2' }) });
    if (outcome.ok) throw new Error('it was applied');
    expect(outcome.conflicts).toEqual([{ manager: '"kubectl-client-side-apply" using v1', field: '.data.x' }]);
    expect(outcome.status).toMatchObject({ code: 409, details: { causes: [{ field: '.data.x' }] } });
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '1'],
    ['of another version', JSON.stringify({ ...map({ x: '1' }), apiVersion: 'v2' })],
  ])('conflicts when the annotation is %s', (_, text) => {
    expect(apply({ live: applied({ x: '1' }, text), applied: map({ x: '2' }) })).toMatchObject({
      ok: false,
      conflicts: [{ field: '.data.x' }],
    });
  });

  it('conflicts under any other manager, and leaves the annotation alone', () => {
    const live = applied({ x: '1' }, map({ x: '1' }));
    expect(apply({ live, applied: map({ x: '2' }), manager: 'argo' })).toMatchObject({ ok: false, conflicts: [{ field: '.data.x' }] });
    const forced = apply({ live, applied: map({ x: '2' }), manager: 'argo', force: true });
    expect(forced).toMatchObject({ ok: true, object: { metadata: { annotations: { [LAST_APPLIED]: JSON.stringify(map({ x: '1' })) } } } });
  });

  it('writes no annotation where there is none', () => {
    const outcome = apply({ live: undefined, applied: map({ x: '1' }, { note: 'n' }) });
    expect(outcome).toMatchObject({ ok: true, object: { metadata: { annotations: { note: 'n' } } } });
    expect(outcome.ok && outcome.object.metadata.annotations).toEqual({ note: 'n' });
  });
});
