import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readAgentAnswer } from './pod-identity-source.ts';

it('an agent’s answer is read from anything without throwing, and is credentials only when it is whole', () => {
  const member = fc.oneof(fc.string(), fc.constant('2100-01-01T00:00:00Z'), fc.jsonValue());
  const near = fc.record(
    { AccessKeyId: member, SecretAccessKey: member, Token: member, Expiration: member, AccountId: member, code: member, message: member },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        near.map((value) => JSON.stringify(value)),
      ),
      (text) => {
        const answer = readAgentAnswer(text);
        if (answer?.kind !== 'credentials') return;
        const { accessKeyId, secretAccessKey, sessionToken, expiration } = answer.credentials;
        expect([accessKeyId, secretAccessKey, sessionToken].map((each) => typeof each)).toEqual(['string', 'string', 'string']);
        expect(Number.isNaN(expiration.getTime())).toBe(false);
      },
    ),
    { numRuns: 2_000 },
  );
});
