import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../errors.ts';
import { listElements, parseForm } from './form.ts';

describe('parseForm', () => {
  it('decodes plus and percent sequences', () => {
    expect([...parseForm('Action=GetRole&RoleName=a+b%2Bc%C3%BC&Empty=&Bare')]).toEqual([
      ['Action', 'GetRole'],
      ['RoleName', 'a b+cü'],
      ['Empty', ''],
      ['Bare', ''],
    ]);
  });

  it.each(['a=%', 'a=%zz', 'a=%C3', '%=1'])('refuses the broken sequence in %j', (text) => {
    expect(() => parseForm(text)).toThrow(expect.objectContaining({ code: 'MalformedInput', status: 400 }));
  });

  it('refuses a parameter given twice', () => {
    expect(() => parseForm('Action=GetRole&Action=DeleteRole')).toThrow(
      expect.objectContaining({ code: 'MalformedInput', message: 'Duplicate parameter: Action' }),
    );
  });

  it('reads back whatever URLSearchParams writes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' })), (parameters) => {
        const entries = Object.entries(parameters);
        expect([...parseForm(new URLSearchParams(entries).toString())]).toEqual(entries);
      }),
    );
  });

  it('answers any text with parameters or a refusal, never with a defect', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('%', '=', '&', '+', 'a', 'é', '0', 'F', '.') }), (text) => {
        try {
          expect(parseForm(text)).toBeInstanceOf(Map);
        } catch (error) {
          expect(error).toBeInstanceOf(AwsError);
        }
      }),
    );
  });
});

describe('listElements', () => {
  const elements = (text: string) => listElements(parseForm(text), 'L');

  it('keeps the order of the indexes, not of the text', () => {
    expect(elements('L.member.2=b&L.member.1=a')).toEqual(['L.member.1', 'L.member.2']);
  });

  it('takes member.01 for member.1', () => {
    expect(elements('L.member.01=a')).toEqual(['L.member.01']);
  });

  it('keeps gaps', () => {
    expect(elements('L.member.1=a&L.member.3=c')).toEqual(['L.member.1', undefined, 'L.member.3']);
  });

  it('tells an empty list from an absent one', () => {
    expect(elements('L=')).toEqual([]);
    expect(elements('M=')).toBeUndefined();
  });

  it('names a structure once for all its members', () => {
    expect(elements('L.member.1.Key=a&L.member.1.Value=b')).toEqual(['L.member.1']);
  });

  it.each(['L.member.0=a', 'L.member.-1=a', 'L.member.x=a', 'L.member.12=a', 'L.member.99999999=a', 'L.member.1=a&L.member.01=b'])(
    'refuses %s',
    (text) => {
      expect(() => elements(text)).toThrow(expect.objectContaining({ code: 'MalformedInput' }));
    },
  );
});
