import { describe, expect, it } from 'vitest';
import { baseInjection as base, MOUNT_PATH } from '../../test/support/pod-injection.ts';
import { MAX_CONTAINERS, outlineOf, type PodOutline } from './pod-outline.ts';
import { patchPod } from './pod-patch.ts';

describe('a pod that was made to keep podrole busy', () => {
  /** A list that counts how often one of its items is looked at. */
  function counted<T>(items: readonly T[]): { readonly list: readonly T[]; readonly reads: () => number } {
    let reads = 0;
    const list = new Proxy(items, {
      get: (target, member, receiver): unknown => {
        if (typeof member === 'string' && /^\d+$/.test(member)) reads += 1;
        return Reflect.get(target, member, receiver);
      },
    });
    return { list, reads: () => reads };
  }
  const MANY = 500;
  const outline: PodOutline = {
    name: 'p',
    annotations: {},
    labels: 'none',
    windows: false,
    volumes: undefined,
    containers: [],
    initContainers: [],
  };
  const numbered = (base: string): readonly string[] => Array.from({ length: MANY }, (_, at) => (at === 0 ? base : `${base}-${at + 1}`));

  it('has each mount looked at a few times, however many stand in the way of a free path', () => {
    const taken = numbered(`${MOUNT_PATH}-podrole`).map((mountPath) => ({ name: 'x', mountPath, partial: false }));
    const mounts = counted([{ name: 'x', mountPath: MOUNT_PATH, partial: false }, ...taken]);
    const patch = patchPod({ ...outline, containers: [{ name: 'c', env: [], mounts: mounts.list }] }, base);
    expect(patch.containers[0]?.mountedAt).toBe(`${MOUNT_PATH}-podrole-${MANY + 1}`);
    expect(mounts.reads()).toBeLessThan(5 * MANY);
  });

  it('has each volume looked at a few times, however many stand in the way of a free name', () => {
    const taken = ['aws-iam-token', ...numbered('aws-iam-token-podrole')].map((name) => ({ name, token: undefined }));
    const volumes = counted(taken);
    const patch = patchPod({ ...outline, volumes: volumes.list }, { ...base, volumeClash: 'rename' });
    expect(patch.volume).toEqual({ name: `aws-iam-token-podrole-${MANY + 1}`, origin: 'added' });
    expect(volumes.reads()).toBeLessThan(5 * MANY);
  });

  it('has each volume looked at a few times, however many containers mount the last one', () => {
    const token = { audience: 'sts.amazonaws.com', path: 'token' };
    const volumes = counted([...numbered('v').map((name) => ({ name, token: undefined })), { name: 'last', token }]);
    const mounts = [{ name: 'last', mountPath: MOUNT_PATH, partial: false }];
    const containers = numbered('c').map((name) => ({ name, env: [], mounts }));
    const patch = patchPod({ ...outline, volumes: volumes.list, containers }, base);
    expect(new Set(patch.containers.map(({ mountedAt }) => mountedAt))).toEqual(new Set([undefined]));
    expect(volumes.reads()).toBeLessThan(5 * MANY);
  });

  it('takes the first of two volumes of a name for the one that is mounted', () => {
    const named = (path: string) => ({ name: 'v', token: { audience: 'sts.amazonaws.com', path } });
    const containers = [{ name: 'c', env: [], mounts: [{ name: 'v', mountPath: MOUNT_PATH, partial: false }] }];
    const reasonsOf = (paths: readonly string[]) => patchPod({ ...outline, volumes: paths.map(named), containers }, base).notes;
    expect(reasonsOf(['token', 'other'])).toEqual([]);
    expect(reasonsOf(['other', 'token'])).toMatchObject([{ reason: 'MountPathClash' }]);
  });

  it('has each name of a list looked at a few times, however many containers there are, and tells of eight', () => {
    const skip = counted(numbered('gone'));
    const include = counted([...numbered('c'), ...numbered('lost')]);
    const containers = numbered('c').map((name) => ({ name, env: [], mounts: [] }));
    const patch = patchPod({ ...outline, containers }, { ...base, skip: skip.list, include: include.list });
    expect(patch.containers.every(({ outcome }) => outcome === 'filled')).toBe(true);
    expect(skip.reads()).toBeLessThan(5 * MANY);
    expect(include.reads()).toBeLessThan(10 * MANY);
    expect(patch.notes).toHaveLength(9);
    expect(patch.notes.at(-1)).toEqual({
      reason: 'UnknownContainer',
      message: `the pod has none of ${2 * MANY - 8} more containers that the lists name`,
    });
  });

  it.each(['containers', 'initContainers'])('is no pod with more than a thousand %s', (list) => {
    const spec = (length: number) => ({ spec: { [list]: Array.from({ length }, () => ({})) } });
    expect(outlineOf(spec(MAX_CONTAINERS), [])[list as 'containers']).toHaveLength(1_000);
    expect(() => outlineOf(spec(MAX_CONTAINERS + 1), [])).toThrow(`/spec/${list} holds more than 1000 containers`);
  });
});
