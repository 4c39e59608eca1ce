import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isEmptyRecord, parseRecord, type RoleRecord, recordObject, sameRecord } from './role-record.ts';

const record: RoleRecord = {
  role: 'arn:aws:iam::111122223333:role/a',
  provider: 'arn:aws:iam::111122223333:oidc-provider/x',
  granted: [{ subject: 's1', profile: 'p1', uid: 'u1' }],
  tombstones: [
    { subject: 's2', profile: 'p2', revokedAt: '2026-01-01T00:00:00.000Z', returned: 0 },
    { subject: 's3', profile: 'p3', revokedAt: '2026-01-01T00:00:00.000Z', goneAt: '2026-01-01T00:01:00.000Z', returned: 2 },
  ],
  writer: 'p',
  writtenAt: '2026-01-01T00:00:00.000Z',
  unknown: {},
};
const withBody = (body: unknown) => ({ metadata: { name: 'r' }, data: { record: JSON.stringify(body) } });

describe('the record of a role', () => {
  it('survives its ConfigMap', () => {
    expect(parseRecord(recordObject('r', record, undefined))).toEqual({ kind: 'record', record });
  });

  it('keeps members that it does not know, in the record and around it', () => {
    const stored = withBody({ version: 1, role: 'r', provider: 'p', granted: [], tombstones: [], later: { a: 1 } });
    const parsed = parseRecord(stored);
    if (parsed.kind !== 'record') throw new Error(parsed.kind);
    const before = {
      ...stored,
      metadata: { name: 'r', resourceVersion: '7', annotations: { a: 'b' } },
      data: { ...stored.data, other: 'x' },
      immutable: false,
    };
    const next = recordObject('r', { ...parsed.record, granted: record.granted }, before);
    expect(next.metadata).toEqual({ name: 'r', resourceVersion: '7', annotations: { a: 'b' }, labels: { 'podrole.dev/record': 'role' } });
    expect((next.data as Record<string, string>).other).toBe('x');
    expect(JSON.parse((next.data as Record<string, string>).record ?? '')).toMatchObject({
      version: 1,
      later: { a: 1 },
      granted: record.granted,
    });
    expect(isEmptyRecord(parsed.record)).toBe(false);
  });

  it('is too new above the version it knows', () => {
    expect(parseRecord(withBody({ version: 2 }))).toEqual({ kind: 'too-new', version: 2 });
  });

  it.each([
    ['no data', { metadata: {} }],
    ['no JSON', { metadata: {}, data: { record: '{' } }],
    ['no version', withBody({})],
    ['no role', withBody({ version: 1 })],
    ['a bad entry', withBody({ version: 1, role: 'r', provider: 'p', granted: [{ subject: 1 }] })],
  ])('is unusable with %s', (_what, object) => {
    expect(parseRecord(object).kind).toBe('unusable');
  });

  it('never throws on anything', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue().map((body) => JSON.stringify(body)),
          fc.string(),
        ),
        (text) => {
          expect(['record', 'too-new', 'unusable']).toContain(parseRecord({ metadata: {}, data: { record: text } }).kind);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('says the same whoever wrote it and when', () => {
    expect(sameRecord(record, { ...record, writer: 'q', writtenAt: '' })).toBe(true);
    expect(sameRecord(record, { ...record, granted: [] })).toBe(false);
  });
});
