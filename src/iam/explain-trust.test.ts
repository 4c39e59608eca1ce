import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateTrust } from './evaluate-trust.ts';
import { EXPLAIN_CODES } from './explain-codes.data.ts';
import { applyOperations } from './internal/smallest-change.ts';
import { renderExplanation, renderStatements } from './render-explanation.ts';
import type { TrustRequest } from './trust-request.ts';

interface Row {
  readonly id: number;
  readonly policy: object;
  readonly request: TrustRequest;
  readonly expected: 'allow' | 'deny';
}

const { rows } = JSON.parse(readFileSync(new URL('../../test/vectors/trust-sample.json', import.meta.url), 'utf8')) as { rows: Row[] };
const I = 'oidc.example.com/id/A1';
const P = `arn:aws:iam::123456789012:oidc-provider/${I}`;
const SA = 'system:serviceaccount:team-a:default-editor';
const base = rows[0]?.request as TrustRequest;

function explain(condition: unknown, more: object = {}, request: Partial<TrustRequest> = {}) {
  const statement = {
    Effect: 'Allow',
    Principal: { Federated: P },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: condition,
    ...more,
  };
  return evaluateTrust({ Version: '2012-10-17', Statement: [statement] }, { ...base, ...request }).explain();
}

describe('the nearest miss', () => {
  const sub = (value: string | string[], operator = 'StringEquals'): object => ({ [operator]: { [`${I}:sub`]: value } });

  it.each<[string, unknown, string, string]>([
    [
      'another namespace',
      sub('system:serviceaccount:team-b:default-editor'),
      'value-other-namespace',
      'the policy names namespace team-b, the token says team-a',
    ],
    [
      'another account',
      sub('system:serviceaccount:team-a:builder'),
      'value-other-account',
      'the policy names service account builder of namespace team-a, the token says default-editor',
    ],
    [
      'a typing error',
      sub('system:serviceaccount:team-a:defualt-editor'),
      'value-similar',
      `the policy wants "system:serviceaccount:team-a:defualt-editor", the token says "${SA}": they differ by a letter or two, look for a typing error`,
    ],
    [
      'case',
      sub('system:serviceaccount:Team-A:default-editor'),
      'value-case',
      `the policy wants "system:serviceaccount:Team-A:default-editor", the token says "${SA}": they differ only in upper and lower case, and StringEquals minds it`,
    ],
    [
      'white space',
      sub(`${SA} `),
      'value-white-space',
      `the policy wants "${SA} ", the token says "${SA}": they differ only in white space, which counts`,
    ],
    [
      'a wildcard under StringEquals',
      sub('system:serviceaccount:team-a:*'),
      'value-wildcard-literal',
      '"system:serviceaccount:team-a:*" stands under StringEquals, which takes * and ? literally; wildcards work only under StringLike',
    ],
    [
      'the closest of several subjects',
      sub(['x', 'system:serviceaccount:team-b:default-editor', 'y']),
      'value-other-namespace',
      'the policy names namespace team-b, the token says team-a',
    ],
    ['an excluded subject', sub(SA, 'StringNotEquals'), 'value-excluded', `StringNotEquals excludes "${SA}"`],
    ['no value', sub([]), 'no-values', `the condition on ${I}:sub lists no value, so nothing meets it`],
    [
      'another audience',
      { StringEquals: { [`${I}:aud`]: 'kubernetes.default.svc' } },
      'value-other',
      `the policy wants the audience "kubernetes.default.svc", the token's is "sts.amazonaws.com" (a token's azp, where it has one, stands in for its aud)`,
    ],
    [
      "another issuer's key",
      { StringEquals: { 'oidc.example.com/id/OLD:sub': SA } },
      'key-other-issuer',
      `the policy looks at oidc.example.com/id/OLD:sub, but the token comes from ${I}, so that key is absent`,
    ],
    [
      'a scheme in the key',
      { StringEquals: { [`https://${I}:sub`]: SA } },
      'key-has-scheme',
      `the key https://${I}:sub is written with a scheme; keys start with the host, ${I}:sub`,
    ],
    [
      'an unpublished claim',
      { StringEquals: { [`${I}:groups`]: 'x' } },
      'key-not-published',
      `the policy looks at ${I}:groups, which AWS never shows to policies; only sub, aud, oaud, amr and email exist`,
    ],
    [
      'a key that must be absent',
      { Null: { [`${I}:sub`]: 'true' } },
      'key-present',
      `the policy asks that ${I}:sub be absent, but the request has it`,
    ],
    ['a value of another type', { NumericEquals: { [`${I}:sub`]: '1' } }, 'value-type', `NumericEquals cannot compare "${SA}" with "1"`],
    [
      'an unresolved variable',
      { StringEquals: { [`${I}:sub`]: `\${${I}:email}` } },
      'value-variable-unresolved',
      `the policy variable in "\${${I}:email}" stands for a key that this request does not have, so the value equals nothing`,
    ],
  ])('%s', (_, condition, reason, sentence) => {
    const explanation = explain(condition);
    expect(explanation.nearest?.reason).toBe(reason);
    expect(renderExplanation(explanation)[1]).toBe(sentence);
  });

  it.each<[object, string, string]>([
    [{ Principal: { Federated: `${P}/` } }, 'principal-trailing-slash', 'the slash at the end makes it another provider'],
    [{ Principal: { Federated: P.replace('A1', 'a1') } }, 'principal-case', 'upper and lower case make it another provider'],
    [{ Principal: { Federated: P.replace('123456789012', '999999999999') } }, 'principal-other-account', 'a provider of another account'],
    [{ Principal: { Federated: P.replace('A1', 'B2') } }, 'principal-other-provider', "the token's provider is"],
    [{ Principal: { AWS: '*' } }, 'principal-not-federated', 'is no identity provider'],
    [{ Principal: undefined, NotPrincipal: { Federated: P } }, 'principal-excluded', 'NotPrincipal leaves'],
    [{ Action: 'sts:AssumeRole' }, 'action-other', 'the statement is about "sts:AssumeRole"'],
    [{ Action: undefined, NotAction: 'sts:*' }, 'action-excluded', 'NotAction leaves'],
  ])('of the element %j', (more, reason, sentence) => {
    const explanation = explain({}, more);
    expect(explanation.nearest?.reason).toBe(reason);
    expect(renderExplanation(explanation)[1]).toContain(sentence);
  });

  it('is the statement with the smallest failures, and says how many more there are', () => {
    const statement = (subject: string, aud: string): object => ({
      Effect: 'Allow',
      Principal: { Federated: P },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { [`${I}:sub`]: subject, [`${I}:aud`]: aud } },
    });
    const policy = { Version: '2012-10-17', Statement: [statement('x', 'y'), { ...statement(SA, 'STS.amazonaws.com'), Sid: 'Close' }] };
    const explanation = evaluateTrust(policy, base).explain();
    expect(explanation.nearest).toMatchObject({
      statement: 1,
      failures: 1,
      reason: 'value-case',
      path: `/Statement/1/Condition/StringEquals/${I.replaceAll('/', '~1')}:aud`,
    });
    expect(renderExplanation(explanation)[1]).toMatch(/^closest is statement "Close": /);
    expect(renderStatements(explanation)[0]).toContain('and the policy wants the audience');
  });
});

describe('explanations', () => {
  it('name the statement that decided', () => {
    const allowed = explain({ StringEquals: { [`${I}:sub`]: SA } }, { Sid: 'Mine' });
    expect(renderExplanation(allowed)).toEqual([`allowed: statement "Mine" lets "${SA}" in`]);
    expect(allowed).toMatchObject({ reason: 'allowed', decidedBy: 0, change: undefined, nearest: undefined });
    const denied = explain({ StringEquals: { [`${I}:sub`]: SA } }, { Effect: 'Deny' });
    expect(renderExplanation(denied)[0]).toBe(`denied: statement 1 is a Deny that matches "${SA}", and no Allow outweighs a Deny`);
  });

  it('hold every operator and value with its outcome', () => {
    expect(explain({ StringEquals: { [`${I}:sub`]: [SA, 'x'] }, Bool: { 'aws:SecureTransport': true } }).statements[0]).toMatchObject({
      matched: false,
      principal: { matched: true, reason: 'matched' },
      conditions: [
        {
          operator: 'StringEquals',
          matched: true,
          reason: 'matched',
          actual: SA,
          values: [
            { compared: true, reason: 'matched' },
            { compared: false, reason: 'value-other' },
          ],
        },
        {
          operator: 'Bool',
          key: 'aws:SecureTransport',
          matched: false,
          reason: 'key-absent',
          actual: undefined,
          values: [{ value: 'true', compared: false }],
        },
      ],
    });
  });

  it('say why a policy cannot be read', () => {
    expect(renderExplanation(evaluateTrust('{"a":1,}', base).explain())).toEqual([
      'denied: the trust policy cannot be read at "" (a comma stands before the closing brace, remove it), so it lets nobody in',
    ]);
  });
});

describe('the change that would allow it', () => {
  it.each(rows.filter((row) => row.expected === 'deny'))('row $id: works, or none is offered', ({ policy, request }) => {
    const { change } = evaluateTrust(policy, request).explain();
    if (change !== undefined) expect(evaluateTrust(applyOperations(policy, change.operations) as object, request).verdict).toBe('allow');
  });

  it('never lets a stranger in where none was let in before', () => {
    const key = fc.constantFrom(`${I}:sub`, `${I}:aud`, `${I}:amr`, `${I}:groups`, 'x.example/y:sub', 'sts:RoleSessionName');
    const operator = fc.constantFrom(
      'StringEquals',
      'StringLike',
      'StringNotEquals',
      'ForAllValues:StringEquals',
      'Null',
      'StringEqualsIfExists',
      'Bool',
    );
    const value = fc.constantFrom(SA, '*', 'true', 'false', 'x', 'system:serviceaccount:team-b:default-editor');
    const condition = fc.dictionary(operator, fc.dictionary(key, fc.oneof(value, fc.array(value, { maxLength: 3 })), { maxKeys: 2 }), {
      maxKeys: 2,
    });
    const statement = fc.record({
      Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
      Principal: fc.constantFrom<unknown>({ Federated: P }, { Federated: `${P}/` }, '*'),
      Action: fc.constantFrom('sts:AssumeRoleWithWebIdentity', 'sts:AssumeRole'),
      Condition: condition,
    });
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 3 }), (statements) => {
        const policy = { Version: '2012-10-17', Statement: statements };
        const explanation = evaluateTrust(policy, base).explain();
        renderExplanation(explanation);
        renderStatements(explanation);
        if (explanation.change === undefined) return;
        const changed = applyOperations(policy, explanation.change.operations) as object;
        expect(evaluateTrust(changed, base).verdict).toBe('allow');
        const stranger = { ...base, claims: { ...base.claims, sub: 'system:serviceaccount:elsewhere:nobody' } };
        if (evaluateTrust(changed, stranger).verdict === 'allow') expect(evaluateTrust(policy, stranger).verdict).toBe('allow');
      }),
      { numRuns: 500 },
    );
  });

  it('narrows a Deny rather than removing it', () => {
    const fence = {
      Effect: 'Deny',
      Principal: { Federated: P },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringNotEquals: { [`${I}:sub`]: 'x' } },
    };
    const open = { Effect: 'Allow', Principal: { Federated: P }, Action: 'sts:AssumeRoleWithWebIdentity' };
    const { change } = evaluateTrust({ Version: '2012-10-17', Statement: [open, fence] }, base).explain();
    expect(change?.summary).toBe(`except "${SA}" from the Deny of statement 2`);
  });
});

it('every code of the table says what it means', () => {
  for (const [code, meaning] of Object.entries(EXPLAIN_CODES)) expect([code, meaning.length > 10]).toEqual([code, true]);
});
