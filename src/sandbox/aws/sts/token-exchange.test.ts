import { describe, expect, it } from 'vitest';
import { accountWithRole, exchange, ISSUER } from '../testing/sandbox-account.ts';

const COULD_NOT_BE_VALIDATED =
  'The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.';

describe('a token whose iss is no issuer', () => {
  it.each([
    ['lacks the scheme', ISSUER.replace('https://', ''), 'provider-not-found'],
    ['has another scheme', ISSUER.replace('https://', 'http://'), 'provider-not-found'],
    ['is a number', 7, 'token-invalid'],
    ['is empty', '', 'provider-not-found'],
  ])('is refused like one of an unknown issuer when it %s, and the log says why', async (_name, iss, reason) => {
    const account = await accountWithRole();
    expect(await exchange(account, { WebIdentityToken: await account.token({ iss }) })).toMatchObject({
      status: 400,
      code: 'InvalidIdentityToken',
      message: COULD_NOT_BE_VALIDATED,
    });
    expect(account.aws.decisions.list().map((decision) => decision.reason)).toEqual([reason]);
  });
});
