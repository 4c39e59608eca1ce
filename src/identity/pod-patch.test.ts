import fc from 'fast-check';
import fastJsonPatch from 'fast-json-patch';
import { applyPatch } from 'rfc6902';
import { describe, expect, it } from 'vitest';
import { baseInjection as base, MOUNT_PATH } from '../../test/support/pod-injection.ts';
import { pods } from '../../test/support/webhook-pods.ts';
import { outlineOf } from './pod-outline.ts';
import { type Injection, patchPod } from './pod-patch.ts';

const container = (name: string, more: object = {}): object => ({ name, ...more });
const patched = (spec: object, injection: Partial<Injection> = {}, metadata: object = { name: 'p' }) => {
  const pod = { metadata, spec };
  const patch = patchPod(outlineOf(pod, []), { ...base, ...injection });
  const after = structuredClone(pod) as { metadata: Record<string, unknown>; spec: Record<string, never> };
  expect(applyPatch(after, [...patch.operations] as never).every((result) => result === null)).toBe(true);
  return { patch, after, reasons: patch.notes.map((note) => note.reason) };
};
const tokenVolume = (audience = 'sts.amazonaws.com', name = 'aws-iam-token'): object => ({
  name,
  projected: { sources: [{ serviceAccountToken: { audience, expirationSeconds: 600, path: 'token' } }] },
});
const envOf = (container: unknown, name: string): unknown =>
  (container as { env?: { name: string; value?: string }[] }).env?.find((variable) => variable.name === name)?.value;

describe('a volume of our name', () => {
  it('is used when it holds the same token, whatever its life', () => {
    const { patch, reasons } = patched({ containers: [container('c')], volumes: [tokenVolume()] });
    expect(patch.volume).toEqual({ name: 'aws-iam-token', origin: 'present' });
    expect(patch.operations.map(({ path }) => path)).toEqual(['/spec/containers/0/env', '/spec/containers/0/volumeMounts']);
    expect(reasons).toEqual([]);
  });

  it('that holds a token for another audience is kept and reported', () => {
    const { patch, reasons } = patched({ containers: [container('c')], volumes: [tokenVolume('elsewhere')] });
    expect(patch.volume).toEqual({ name: 'aws-iam-token', origin: 'foreign' });
    expect(reasons).toEqual(['VolumeClash']);
  });

  it('is stepped around when that is asked for, by a name that is free', () => {
    const volumes = [
      { name: 'aws-iam-token', emptyDir: {} },
      { name: 'aws-iam-token-podrole', emptyDir: {} },
    ];
    const { patch, after, reasons } = patched({ containers: [container('c')], volumes }, { volumeClash: 'rename' });
    expect(patch.volume).toEqual({ name: 'aws-iam-token-podrole-2', origin: 'added' });
    expect(after.spec.containers).toMatchObject([{ volumeMounts: [{ name: 'aws-iam-token-podrole-2', mountPath: MOUNT_PATH }] }]);
    expect(reasons).toEqual(['VolumeClash']);
  });

  it('keeps a renamed volume within the 63 characters of a volume name', () => {
    const name = 'v'.repeat(63);
    const { patch } = patched({ containers: [], volumes: [{ name }] }, { volumeClash: 'rename', volume: { ...base.volume, name } });
    expect(patch.volume.name).toBe(`${'v'.repeat(55)}-podrole`);
  });
});

describe('a mount where the token belongs', () => {
  it('of another volume moves the token beside it and says where it is', () => {
    const { patch, after, reasons } = patched({
      containers: [container('c', { volumeMounts: [{ name: 'data', mountPath: `${MOUNT_PATH}/` }] })],
    });
    expect(after.spec.containers).toMatchObject([
      { volumeMounts: [{ name: 'data' }, { name: 'aws-iam-token', readOnly: true, mountPath: `${MOUNT_PATH}-podrole` }] },
    ]);
    expect(envOf(after.spec.containers?.[0], 'AWS_WEB_IDENTITY_TOKEN_FILE')).toBe(`${MOUNT_PATH}-podrole/token`);
    expect(reasons).toEqual(['MountPathClash']);
    expect(patch.containers[0]?.mountedAt).toBe(`${MOUNT_PATH}-podrole`);
  });

  it('of a volume with the same token is used as it is', () => {
    const spec = {
      containers: [container('c', { volumeMounts: [{ name: 'mine', mountPath: MOUNT_PATH }] })],
      volumes: [tokenVolume(undefined, 'mine')],
    };
    const { patch, reasons } = patched(spec);
    expect(patch.containers).toMatchObject([{ mountedAt: undefined, env: ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'] }]);
    expect(reasons).toEqual([]);
  });

  it('of a part of such a volume is another thing, for its token is never refreshed: ours is beside it', () => {
    const volumeMounts = [{ name: 'mine', mountPath: MOUNT_PATH, subPath: 'token' }];
    const { patch, after, reasons } = patched({
      containers: [container('c', { volumeMounts })],
      volumes: [tokenVolume(undefined, 'mine')],
    });
    expect(reasons).toEqual(['MountPathClash']);
    expect(patch.containers[0]?.mountedAt).toBe(`${MOUNT_PATH}-podrole`);
    expect(envOf(after.spec.containers?.[0], 'AWS_WEB_IDENTITY_TOKEN_FILE')).toBe(`${MOUNT_PATH}-podrole/token`);
  });

  it('looks for a path that is free', () => {
    const volumeMounts = [
      { name: 'a', mountPath: MOUNT_PATH },
      { name: 'b', mountPath: `${MOUNT_PATH}-podrole` },
    ];
    expect(patched({ containers: [container('c', { volumeMounts })] }).patch.containers[0]?.mountedAt).toBe(`${MOUNT_PATH}-podrole-2`);
  });
});

describe('a mount of our volume', () => {
  it('elsewhere is what the variable points at', () => {
    const { after, reasons } = patched({ containers: [container('c', { volumeMounts: [{ name: 'aws-iam-token', mountPath: '/mine' }] })] });
    expect(envOf(after.spec.containers?.[0], 'AWS_WEB_IDENTITY_TOKEN_FILE')).toBe('/mine/token');
    expect(reasons).toEqual([]);
  });

  it('of a part of it is reported, for its token is never refreshed', () => {
    const volumeMounts = [{ name: 'aws-iam-token', mountPath: '/mine', subPath: 'token' }];
    const { after, reasons } = patched({ containers: [container('c', { volumeMounts })] });
    expect(envOf(after.spec.containers?.[0], 'AWS_WEB_IDENTITY_TOKEN_FILE')).toBe(`${MOUNT_PATH}/token`);
    expect(reasons).toEqual(['MountElsewhere']);
  });
});

describe('a container that brings variables of its own', () => {
  const wanted = { region: 'us-west-2', stsRegional: true } as const;
  const own = { credentials: ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'], region: ['AWS_REGION'], sts: ['AWS_STS_REGIONAL_ENDPOINTS'] };
  const STS = ['AWS_STS_REGIONAL_ENDPOINTS'];
  const REGIONS = ['AWS_DEFAULT_REGION', 'AWS_REGION'];

  it.each([
    [[], 'filled', [...STS, ...REGIONS, ...own.credentials], true],
    [['credentials'], 'filled', [...STS, ...REGIONS], true],
    [['region'], 'filled', [...STS, ...own.credentials], true],
    [['sts'], 'filled', [...REGIONS, ...own.credentials], true],
    [['credentials', 'region'], 'filled', STS, true],
    [['credentials', 'sts'], 'filled', REGIONS, true],
    [['region', 'sts'], 'filled', own.credentials, true],
    [['credentials', 'region', 'sts'], 'untouched', [], false],
  ] as const)('of the groups %j is %s: %j is added', (groups, outcome, env, mounted) => {
    const present = groups.flatMap((group) => own[group]).map((name) => ({ name }));
    const { patch } = patched({ containers: [container('c', { env: present })] }, wanted);
    expect(patch.containers).toEqual([
      { list: 'containers', index: 0, name: 'c', outcome, env, mountedAt: mounted ? MOUNT_PATH : undefined },
    ]);
  });

  it('is mounted the token even where only region and STS setting are missing and unwanted', () => {
    const { patch } = patched({ containers: [container('c', { env: [...own.credentials, ...own.sts].map((name) => ({ name })) })] });
    expect(patch.containers).toMatchObject([{ outcome: 'filled', env: [], mountedAt: MOUNT_PATH }]);
  });
});

describe('half a pair of variables', () => {
  const half = { containers: [container('c', { env: [{ name: 'AWS_ROLE_ARN', value: 'mine' }] })] };

  it('is left half and reported', () => {
    const { patch, reasons } = patched(half);
    expect(patch.containers).toMatchObject([{ outcome: 'filled', env: [], mountedAt: MOUNT_PATH }]);
    expect(reasons).toEqual(['HalfSetCredentials']);
  });

  it('is completed by the token file when that is asked for', () => {
    const { after, reasons } = patched(half, { completePairs: true });
    expect(after.spec.containers).toMatchObject([
      {
        env: [
          { name: 'AWS_ROLE_ARN', value: 'mine' },
          { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${MOUNT_PATH}/token` },
        ],
      },
    ]);
    expect(reasons).toEqual([]);
  });

  it('is completed even where region and STS setting are there too', () => {
    const env = ['AWS_ROLE_ARN', 'AWS_REGION', 'AWS_STS_REGIONAL_ENDPOINTS'].map((name) => ({ name }));
    const { patch } = patched({ containers: [container('c', { env })] }, { completePairs: true });
    expect(patch.containers).toMatchObject([{ outcome: 'filled', env: ['AWS_WEB_IDENTITY_TOKEN_FILE'] }]);
  });

  it('that lacks the role is not completed: whose token would it be', () => {
    const { patch, reasons } = patched(
      { containers: [container('c', { env: [{ name: 'AWS_WEB_IDENTITY_TOKEN_FILE' }] })] },
      { completePairs: true },
    );
    expect(patch.containers).toMatchObject([{ env: [] }]);
    expect(reasons).toEqual(['HalfSetCredentials']);
  });
});

describe('lists of containers', () => {
  const spec = { containers: [container('a'), container('b')], initContainers: [container('i')] };

  it('leave out the skipped, wherever they stand', () => {
    expect(patched(spec, { skip: ['b', 'i'] }).patch.containers.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['a', 'filled'],
      ['b', 'skipped'],
      ['i', 'skipped'],
    ]);
  });

  it('fill only the included, and skipping wins', () => {
    expect(patched(spec, { include: ['a', 'b'], skip: ['b'] }).patch.containers.map(({ outcome }) => outcome)).toEqual([
      'filled',
      'skipped',
      'skipped',
    ]);
  });

  it('report names that no container has, with the one that was meant', () => {
    const { patch } = patched(spec, { skip: [' b', 'nobody'] });
    expect(patch.notes).toEqual([
      { reason: 'UnknownContainer', message: 'the pod has no container " b", names are not trimmed: did you mean "b"' },
      { reason: 'UnknownContainer', message: 'the pod has no container "nobody"' },
    ]);
  });
});

describe('a session name from the pod', () => {
  it('comes after the pair, by the downward API', () => {
    const { after } = patched({ containers: [container('c')] }, { sessionNameFromPod: true });
    expect(after.spec.containers).toMatchObject([
      { env: [{}, {}, { name: 'AWS_ROLE_SESSION_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
    ]);
  });

  it('is left out and reported where the name has more than 64 characters', () => {
    const { patch, reasons } = patched({ containers: [container('c')] }, { sessionNameFromPod: true }, { name: 'x'.repeat(65) });
    expect(patch.containers).toMatchObject([{ env: ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'] }]);
    expect(reasons).toEqual(['SessionNameTooLong']);
    expect(patched({ containers: [] }, { sessionNameFromPod: true }, { name: 'x'.repeat(64) }).reasons).toEqual([]);
  });
});

describe('the label of container credentials', () => {
  const cc = { method: 'container-credentials' } as const;
  it('overwrites another value and says so', () => {
    const { after, reasons } = patched({ containers: [] }, cc, { labels: { 'eks.amazonaws.com/pod-identity': 'mine' } });
    expect(after.metadata.labels).toEqual({ 'eks.amazonaws.com/pod-identity': 'enabled' });
    expect(reasons).toEqual(['LabelOverwritten']);
  });

  it('makes metadata where there is none', () => {
    const pod = { spec: { containers: [] } };
    expect(patchPod(outlineOf(pod, []), { ...base, ...cc }).operations[0]).toEqual({
      op: 'add',
      path: '/metadata',
      value: { labels: { 'eks.amazonaws.com/pod-identity': 'enabled' } },
    });
  });
});

/** Everything of `before` is in `after`, at the same place in objects and in the same order in lists. */
function survives(before: unknown, after: unknown): boolean {
  if (Array.isArray(before)) {
    if (!Array.isArray(after)) return false;
    let from = 0;
    return before.every((item) => {
      while (from < after.length && !survives(item, after[from])) from += 1;
      from += 1;
      return from <= after.length;
    });
  }
  if (typeof before === 'object' && before !== null) {
    return (
      typeof after === 'object' &&
      after !== null &&
      Object.entries(before).every(([key, value]) => survives(value, (after as Record<string, unknown>)[key]))
    );
  }
  return before === after || before === null;
}

describe('every patch', () => {
  const injections: fc.Arbitrary<Injection> = fc
    .record({
      region: fc.constantFrom(undefined, 'us-west-2'),
      stsRegional: fc.boolean(),
      sessionNameFromPod: fc.boolean(),
      completePairs: fc.boolean(),
      volumeClash: fc.constantFrom('keep', 'rename'),
      skip: fc.subarray(['main', 'sidecar', 'nobody']),
      include: fc.constantFrom(undefined, ['main'], []),
      method: fc.constantFrom('web-identity', 'container-credentials'),
    })
    .map((over) => ({ ...base, ...over }) as Injection);
  const all = { numRuns: 400 };

  it('applies under two implementations of RFC 6902, with the same result', () => {
    fc.assert(
      fc.property(pods, injections, (pod, injection) => {
        const { operations } = patchPod(outlineOf(pod, []), injection);
        const one = structuredClone(pod);
        expect(applyPatch(one, structuredClone(operations) as never).filter((result) => result !== null)).toEqual([]);
        const other = fastJsonPatch.applyPatch(structuredClone(pod), structuredClone(operations) as never, true).newDocument;
        expect(other).toEqual(one);
      }),
      all,
    );
  });

  it('keeps everything that was there, known or not', () => {
    fc.assert(
      fc.property(pods, injections, (pod, injection) => {
        const after = structuredClone(pod);
        // The one value that is overwritten on purpose, as upstream does.
        if (injection.method === 'container-credentials')
          delete (pod.metadata.labels as Record<string, unknown> | undefined)?.['eks.amazonaws.com/pod-identity'];
        applyPatch(after, structuredClone(patchPod(outlineOf(after, []), injection).operations) as never);
        expect(survives(pod, after)).toBe(true);
      }),
      all,
    );
  });

  it('leaves nothing to do for a second pass', () => {
    fc.assert(
      fc.property(pods, injections, (pod, injection) => {
        const after = structuredClone(pod);
        applyPatch(after, structuredClone(patchPod(outlineOf(after, []), injection).operations) as never);
        expect(patchPod(outlineOf(after, []), injection).operations).toEqual([]);
      }),
      all,
    );
  });

  it('never makes two mounts at one path, nor two volumes of one name, out of a pod that has neither', () => {
    const doubles = (values: readonly string[]): boolean => new Set(values).size < values.length;
    const listOf = (value: unknown): readonly Record<string, string>[] => (Array.isArray(value) ? (value as Record<string, string>[]) : []);
    const pathsOf = (spec: Readonly<Record<string, unknown>>): boolean =>
      [...listOf(spec.containers), ...listOf(spec.initContainers)].some((c) =>
        doubles(listOf(c.volumeMounts).map((m) => m.mountPath ?? '')),
      );
    fc.assert(
      fc.property(pods, injections, (pod, injection) => {
        fc.pre(!pathsOf(pod.spec) && !doubles(listOf(pod.spec.volumes).map((volume) => volume.name ?? '')));
        const after = structuredClone(pod);
        applyPatch(after, structuredClone(patchPod(outlineOf(after, []), injection).operations) as never);
        expect(pathsOf(after.spec)).toBe(false);
        expect(doubles(listOf(after.spec.volumes).map((volume) => volume.name ?? ''))).toBe(false);
      }),
      all,
    );
  });
});
