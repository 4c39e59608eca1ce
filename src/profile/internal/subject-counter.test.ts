import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import type { Profile } from '../profile.ts';
import { newRoleMemory } from '../role-book.ts';
import type { RoleReconcilerDeps } from '../role-reconciler.ts';
import type { RoleRecord } from '../role-record.ts';
import { recordOf, SubjectCounter } from './subject-counter.ts';

const ROLE = 'arn:aws:iam::111122223333:role/data';
const PROVIDER = 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/A1';
const record: RoleRecord = {
  role: ROLE,
  provider: PROVIDER,
  granted: [{ subject: 'system:serviceaccount:a:default-editor', profile: 'a', uid: 'uid-a' }],
  tombstones: [],
  writer: 'p1',
  writtenAt: '2026-01-01T00:00:00Z',
  unknown: {},
};

function memory(stored: RoleRecord | undefined) {
  const made = newRoleMemory(
    '111122223333/data',
    { partition: 'aws', account: '111122223333', name: 'data' },
    { providerArn: PROVIDER, recordName: 'podrole-role-x', openUntil: 0, recordAbsent: false },
  );
  made.stored = { object: undefined, record: stored };
  return made;
}

describe('the record of a role', () => {
  it.each([
    ['counts for the role it was written for', { arn: ROLE, document: '{}' }, record],
    ['counts while IAM has no such role, for what was granted went with it', undefined, record],
    [
      'is not inherited by a role that was made again under another path',
      { arn: ROLE.replace('data', 'team/data'), document: '{}' },
      undefined,
    ],
  ])('%s', (_name, trust, expected) => {
    expect(recordOf(memory(record), trust)).toBe(expected);
  });

  it('is none where nothing was stored', () => {
    expect(recordOf(memory(undefined), { arn: ROLE, document: '{}' })).toBeUndefined();
  });
});

describe('a direct look at profiles', () => {
  const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `user-${index}`);

  /** What is asked of the API server in a cluster of so many profiles. */
  async function asked(looks: number, known: number): Promise<{ readonly calls: readonly string[]; readonly found: number }> {
    const calls: string[] = [];
    const profile = (name: string): Profile => ({ metadata: { name } });
    const effects = {
      readProfile: async (name: string) => {
        calls.push('read');
        return profile(name);
      },
      readAllProfiles: async () => {
        calls.push('list');
        return names(known).map(profile);
      },
    };
    const profiles = { list: () => names(known).map(profile), saw: () => undefined };
    const deps = { effects, profiles, clock: new FakeClock() } as unknown as RoleReconcilerDeps;
    const into = new Map<string, Profile | undefined>();
    await new SubjectCounter(deps).look(names(looks), into);
    return { calls, found: [...into.values()].filter((one) => one !== undefined).length };
  }

  it.each([
    [3, 10, Array(3).fill('read')],
    [4, 10, ['list']],
    [24, 500, Array(24).fill('read')],
    [25, 500, ['list']],
  ])('of %i of %i takes what costs less', async (looks, known, calls) => {
    expect(await asked(looks, known)).toEqual({ calls, found: looks });
  });
});
