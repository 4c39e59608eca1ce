import { describe, expect, it } from 'vitest';
import { saysAlready, statusFor } from './conditions.ts';
import type { Profile } from './profile.ts';
import { isStale, type PodContainer, type RunningPod, stalePodsOf } from './stale-pods.ts';

const ROLE = 'arn:aws:iam::111122223333:role/kf-user';
const plain: PodContainer = { name: 'main' };
const withRole = (value?: string): PodContainer => ({
  name: 'main',
  env: [{ name: 'AWS_ROLE_ARN', ...(value === undefined ? {} : { value }) }],
});
const pod = (name: string, containers: readonly PodContainer[], metadata: object = {}): RunningPod =>
  ({ metadata: { name, ...metadata }, spec: { containers } }) as RunningPod;

describe('a pod', () => {
  it.each<readonly [string, RunningPod, boolean]>([
    ['without the role', pod('p', [plain]), true],
    ['with another role', pod('p', [withRole(`${ROLE}-former`)]), true],
    ['with the role', pod('p', [withRole(ROLE)]), false],
    ['whose sidecar came later', pod('p', [withRole(ROLE), { name: 'proxy' }]), false],
    ['with a role by reference', pod('p', [withRole()]), false],
    ['of EKS Pod Identity', pod('p', [{ env: [{ name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'x' }] }]), false],
    ['that is going', pod('p', [plain], { deletionTimestamp: 't' }), false],
    ['that wants to be left alone', pod('p', [plain], { annotations: { 'eks.amazonaws.com/skip-containers': 'a, main' } }), false],
    [
      'that wants one container left alone',
      pod('p', [plain, { name: 'b' }], { annotations: { 'eks.amazonaws.com/skip-containers': 'main' } }),
      true,
    ],
    ['without containers', pod('p', []), false],
  ])('%s is stale: %s', (_, one, stale) => {
    expect(isStale(one, ROLE)).toBe(stale);
  });
});

describe('the pods of a profile', () => {
  const account = (pods: readonly RunningPod[], more = false) => [{ serviceAccount: 'default-editor', role: ROLE, pods, more }];

  it('are current when each has the role', () => {
    expect(stalePodsOf(account([pod('a', [withRole(ROLE)])]))).toEqual({
      verdict: { reason: 'PodsCurrent', message: 'every pod of the annotated service accounts has their role' },
      stale: undefined,
    });
    expect(stalePodsOf(account([], true)).verdict.message).toContain('as far as they were looked at');
  });

  it('are named with the remedy, sorted', () => {
    expect(stalePodsOf(account([pod('b', [plain]), pod('c', [withRole(ROLE)]), pod('a', [plain])]))).toEqual({
      verdict: { reason: 'PodsNeedRestart', message: `2 pods were made before, and without, ${ROLE} of default-editor: restart a, b` },
      stale: { count: 2, names: ['a', 'b'] },
    });
  });

  it('are counted, and ten of them named', () => {
    const many = Array.from({ length: 12 }, (_, index) => pod(`p${index + 10}`, [plain]));
    const { verdict, stale } = stalePodsOf(account(many, true));
    expect([stale?.count, stale?.names.length]).toEqual([12, 10]);
    expect(verdict.message).toMatch(/^at least 12 pods were made before, .*, p19 and 2 more$/);
  });
});

describe('the status', () => {
  const profile = { metadata: { name: 'p', generation: 1 } } as Profile;
  const verdict = { reason: 'Reconciled', message: '' } as const;
  const parts = { namespace: verdict, access: verdict, awsIam: verdict, roles: [] };
  const at = new Date(0);
  const status = (pods?: ReturnType<typeof stalePodsOf>) => statusFor(profile, { ...parts, pods }, at);
  const stale = stalePodsOf([{ serviceAccount: 's', role: ROLE, pods: [pod('a', [plain])], more: false }]);

  it('says pods beside a profile that is ready all the same', () => {
    const { conditions, stalePods } = status(stale);
    expect(conditions.map(({ type, status: is }) => [type, is])).toEqual([
      ['Ready', 'True'],
      ['NamespaceReady', 'True'],
      ['AccessReady', 'True'],
      ['AwsIamReady', 'True'],
      ['PodsCurrent', 'False'],
    ]);
    expect(stalePods).toEqual({ count: 1, names: ['a'] });
    const unknown = status({ verdict: { reason: 'PodsUnknown', message: '' }, stale: undefined });
    expect(unknown.conditions.at(-1)?.status).toBe('Unknown');
  });

  it('is not written again for the same pods, and is for others and for none', () => {
    const said = { ...profile, status: status(stale) };
    expect(saysAlready(said, status(stale))).toBe(true);
    expect(saysAlready(said, { ...status(stale), stalePods: { count: 1, names: ['b'] } })).toBe(false);
    expect(saysAlready(said, status())).toBe(false);
    const current = stalePodsOf([]);
    expect(saysAlready({ ...profile, status: status(current) }, status())).toBe(false);
    expect(saysAlready({ ...profile, status: status() }, status())).toBe(true);
  });
});
