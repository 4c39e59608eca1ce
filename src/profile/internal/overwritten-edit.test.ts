import { describe, expect, it } from 'vitest';
import { foreignEdit, lostOf } from './overwritten-edit.ts';

const ours = (...subjects: string[]): object => ({ Sid: 'Podrole0123456789ab', Effect: 'Allow', Subjects: subjects });
const ec2 = { Sid: 'Ec2', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
const unnamed = { Effect: 'Deny', Principal: '*', Action: 'sts:TagSession' };
const doc = (...statements: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });

const write = { base: doc(ours('a'), ec2), document: doc(ours('a', 'b'), ec2) };

describe('an edit beside a write', () => {
  it.each([
    ['the base', write.base],
    ['our own document', write.document],
    ['what is no document', '{'],
  ])('is not seen in a read of %s', (_, read) => {
    expect(foreignEdit(read, write)?.added ?? []).toEqual([]);
    expect(lostOf(foreignEdit(read, write) ?? { added: [], removed: [] }, read)).toEqual([]);
  });

  it('is lost when the next read does not show it, and named so that it can be made again', () => {
    const edit = foreignEdit(doc(ours('a'), unnamed), write);
    expect(edit && lostOf(edit, write.document)).toEqual([`statement ${JSON.stringify(unnamed)} was added`, 'statement Ec2 was taken out']);
  });

  it('is not lost when it came on top of our write', () => {
    const read = doc(ours('a', 'b'), ec2, unnamed);
    const edit = foreignEdit(read, write);
    expect(edit).toEqual({ added: [JSON.stringify(unnamed)], removed: [] });
    expect(edit && lostOf(edit, doc(ours('a', 'b'), ec2, unnamed, { Sid: 'More' }))).toEqual([]);
  });

  it('counts a subject that somebody added to our statement', () => {
    const edit = foreignEdit(doc(ours('a', 'x'), ec2), write);
    expect(edit && lostOf(edit, write.document)).toEqual(['statement Podrole0123456789ab was added']);
  });
});
