import { describe, expect, it } from 'vitest';
import { parseForm } from './form.ts';
import { boolean, integer, list, optional, readInput, structure, text } from './shape.ts';

const SHAPE = {
  RoleName: text({ min: 1, max: 4, pattern: '[a-z]+' }),
  Count: optional(integer({ min: 1, max: 9 })),
  Force: optional(boolean()),
  Tags: list(structure({ Key: text({ min: 1 }), Value: text() }), { max: 2 }),
  Scope: optional(text({ oneOf: ['All', 'Local'] })),
};

const read = (form: string) => readInput(SHAPE, parseForm(form));

describe('readInput', () => {
  it('gives typed members, absent ones undefined and absent lists empty', () => {
    expect(read('RoleName=abc&Count=7&Force=1&Tags.member.1.Key=k&Tags.member.1.Value=')).toEqual({
      RoleName: 'abc',
      Count: 7,
      Force: true,
      Tags: [{ Key: 'k', Value: '' }],
      Scope: undefined,
    });
    expect(read('RoleName=a')).toEqual({ RoleName: 'a', Count: undefined, Force: undefined, Tags: [], Scope: undefined });
  });

  it.each([
    ['', "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null"],
    [
      'RoleName=abcde',
      "1 validation error detected: Value 'abcde' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 4",
    ],
    [
      'RoleName=A',
      "1 validation error detected: Value 'A' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
    ],
    [
      'RoleName=a&Count=10',
      "1 validation error detected: Value '10' at 'count' failed to satisfy constraint: Member must have value less than or equal to 9",
    ],
    [
      'RoleName=a&Scope=x',
      "1 validation error detected: Value 'x' at 'scope' failed to satisfy constraint: Member must satisfy enum value set: [All, Local]",
    ],
    [
      'RoleName=a&Tags.member.1.Value=v',
      "1 validation error detected: Value null at 'tags.1.member.key' failed to satisfy constraint: Member must not be null",
    ],
    [
      'RoleName=a&Tags.member.1.Key=a&Tags.member.1.Value=a&Tags.member.3.Key=c&Tags.member.3.Value=c',
      "2 validation errors detected: Value '[3 elements]' at 'tags' failed to satisfy constraint: Member must have length less than or equal to 2; Value null at 'tags.2.member' failed to satisfy constraint: Member must not be null",
    ],
  ])('%s', (form, message) => {
    expect(() => read(form)).toThrow(expect.objectContaining({ code: 'ValidationError', status: 400, message }));
  });

  it.each([
    ['a whole token', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_bmF0dXJl', "'<token>'"],
    ['a token without its signature', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0', "'<token>'"],
    ['a token after its scheme', 'Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln,', "'Bearer <token>,'"],
    ['a token behind other characters', 'web-eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln', "'web-<token>'"],
    ['what only begins like one', 'eyJhbGciOiJSUzI1NiJ9', "'eyJhbGciOiJSUzI1NiJ9'"],
  ])('shows in a message not the token of %s', (_what, value, shown) => {
    const message = `1 validation error detected: Value ${shown} at 'scope' failed to satisfy constraint: Member must satisfy enum value set: [All, Local]`;
    expect(() => read(`RoleName=a&Scope=${encodeURIComponent(value)}`)).toThrow(expect.objectContaining({ message }));
  });

  it.each(['True', 'yes', '', '2'])('cannot read %j as a boolean', (value) => {
    expect(() => read(`RoleName=a&Force=${value}`)).toThrow(expect.objectContaining({ code: 'MalformedInput' }));
  });
});
