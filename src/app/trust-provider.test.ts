import { describe, expect, it } from 'vitest';
import { explainClaims } from './run-explain.ts';
import { chooseProvider } from './trust-provider.ts';

const PROVIDER = 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/A1';
const OTHER = 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/B2';
const trusting = (...providers: readonly string[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: providers.map((Federated) => ({ Effect: 'Allow', Principal: { Federated } })) });

describe('chooseProvider', () => {
  it('takes the only provider that the policy names', () => {
    expect(chooseProvider(trusting(PROVIDER, PROVIDER), {})).toEqual({
      ok: true,
      providerArn: PROVIDER,
      issuer: 'https://oidc.example.com/id/A1',
    });
  });

  it('asks where the policy names several, or none', () => {
    expect(chooseProvider(trusting(PROVIDER, OTHER), {})).toEqual({
      ok: false,
      problems: [{ path: '--provider-arn', message: `the policy names 2 OIDC providers, choose one: ${PROVIDER}, ${OTHER}` }],
    });
    expect(chooseProvider(trusting(), {})).toMatchObject({ ok: false, problems: [{ path: '--provider-arn' }] });
  });
});

describe.each(['', '{"Statement": [],}', '{"Statement": 1, "Statement": 2}'])('a policy that is not strict JSON: %j', (policy) => {
  it('is told as such, not as one that names no provider', () => {
    const unreadable = { ok: false, problems: [{ message: expect.stringMatching(/^the policy cannot be read: /) }] };
    expect(chooseProvider(policy, {})).toMatchObject(unreadable);
    const claims = { iss: 'https://oidc.example.com/id/A1' };
    expect(explainClaims({ policy, claims, sessionName: 's1' })).toMatchObject(unreadable);
  });
});
