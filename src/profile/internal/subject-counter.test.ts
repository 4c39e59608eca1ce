import { describe, expect, it } from 'vitest';
import { newRoleMemory } from '../role-book.ts';
import type { RoleRecord } from '../role-record.ts';
import { recordOf } from './subject-counter.ts';

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
