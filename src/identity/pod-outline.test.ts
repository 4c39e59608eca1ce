import { describe, expect, it } from 'vitest';
import { outlineOf, requiresWindows, ShapeError } from './pod-outline.ts';

describe('an outline', () => {
  it('holds what a patch depends on, and no value of a variable', () => {
    const pod = {
      metadata: { name: 'p', annotations: { wanted: 'w', other: 'o' }, labels: { 'eks.amazonaws.com/pod-identity': 'x' } },
      spec: {
        containers: [
          {
            name: 'c',
            env: [{ name: 'AWS_REGION', value: 'secret' }, { name: 'OTHER' }],
            volumeMounts: [{ name: 'v', mountPath: '/m', subPath: 's' }],
          },
          { name: 'd', env: null },
        ],
        volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }, { name: 'w' }],
      },
    };
    expect(outlineOf(pod, ['wanted'])).toEqual({
      name: 'p',
      annotations: { wanted: 'w' },
      labels: { podIdentity: 'x' },
      windows: false,
      volumes: [
        { name: 'v', token: { audience: '', path: 'token' } },
        { name: 'w', token: undefined },
      ],
      containers: [
        { name: 'c', env: ['AWS_REGION'], mounts: [{ name: 'v', mountPath: '/m', partial: true }] },
        { name: 'd', env: undefined, mounts: undefined },
      ],
      initContainers: [],
    });
  });

  it.each([
    [5],
    [null],
    [{}],
    [{ spec: null }],
    [{ spec: { containers: 'x' } }],
    [{ spec: { containers: [null] } }],
    [{ spec: { containers: [{ name: 5 }] } }],
    [{ spec: { containers: [{ env: {} }] } }],
    [{ spec: { containers: [{ env: [{ name: 5 }] }] } }],
    [{ spec: { initContainers: [{ volumeMounts: [5] }] } }],
    [{ spec: { volumes: [{ name: {} }] } }],
    [{ spec: { nodeSelector: { a: 5 } } }],
    [{ metadata: { annotations: { a: 5 } }, spec: {} }],
    [{ metadata: [], spec: {} }],
  ])('is not made of %j', (pod) => expect(() => outlineOf(pod, [])).toThrow(ShapeError));
});

describe('Windows', () => {
  const windows = (spec: object): boolean => outlineOf({ spec }, []).windows;
  const affinity = (...terms: readonly object[]): object => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
  });
  const term = (values: readonly string[], operator = 'In', key = 'kubernetes.io/os'): object => ({
    matchExpressions: [{ key, operator, values }],
  });

  it('is seen in either node selector, in the operating system and in a required affinity', () => {
    expect(windows({ nodeSelector: { 'kubernetes.io/os': 'windows' } })).toBe(true);
    expect(windows({ nodeSelector: { 'beta.kubernetes.io/os': 'windows' } })).toBe(true);
    expect(windows({ os: { name: 'windows' } })).toBe(true);
    expect(windows({ affinity: affinity(term(['windows'])) })).toBe(true);
    expect(windows({ nodeSelector: { 'kubernetes.io/os': 'Windows' }, os: { name: 'linux' } })).toBe(false);
  });

  it('is not seen in an affinity that leaves a choice', () => {
    expect(requiresWindows(affinity())).toBe(false);
    expect(requiresWindows(affinity(term(['windows', 'linux'])))).toBe(false);
    expect(requiresWindows(affinity(term(['windows']), term(['linux'])))).toBe(false);
    expect(requiresWindows(affinity(term(['windows'], 'NotIn')))).toBe(false);
    expect(requiresWindows(affinity(term(['windows'], 'In', 'os')))).toBe(false);
    expect(requiresWindows(undefined)).toBe(false);
  });
});
