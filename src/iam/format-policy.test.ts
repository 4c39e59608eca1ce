import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPolicy } from './format-policy.ts';
import { policySize } from './policy-size.ts';

describe('formatting a policy', () => {
  it('orders members, keeps values as they were, ends with a line feed', () => {
    const text =
      '{"Statement":[{"Note":1.0,"Condition":{"StringEquals":{"b":"x","a":["y"]}},"Action":"a","Principal":{},"Effect":"Allow","Sid":"S"}],"Extra":1,"Version":"2012-10-17"}';
    expect(formatPolicy(text)).toEqual({
      ok: true,
      text: `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "S",
      "Effect": "Allow",
      "Principal": {},
      "Action": "a",
      "Condition": {
        "StringEquals": {
          "b": "x",
          "a": [
            "y"
          ]
        }
      },
      "Note": 1.0
    }
  ],
  "Extra": 1
}
`,
    });
  });

  it('a second time changes nothing, and the size stays the same', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const once = formatPolicy(text);
        if (!once.ok) throw new Error(once.problem.message);
        expect(formatPolicy(once.text)).toEqual(once);
        expect(policySize(once.text)).toBe(JSON.stringify(JSON.parse(once.text)).length);
      }),
      { numRuns: 200 },
    );
  });

  it('takes a statement that is an object, and refuses what is not JSON', () => {
    expect(formatPolicy('{"Statement":{"Effect":"Deny","Sid":"S"}}')).toMatchObject({
      text: '{\n  "Statement": {\n    "Sid": "S",\n    "Effect": "Deny"\n  }\n}\n',
    });
    expect(formatPolicy('{"a":1,}')).toMatchObject({ ok: false, problem: { code: 'trailing-comma' } });
  });
});

describe('the size of a policy', () => {
  it.each([
    ['{ "a" :\n\t"b c" }\r\n', 11],
    ['{"a":"\\" x"}', 12],
    ['', 0],
    ['"open \\', 7],
  ])('%j has %i characters', (text, size) => {
    expect(policySize(text)).toBe(size);
  });
});
