import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { signToken } from '../../../oidc/sign-token.ts';
import { postForm, testAccount } from '../testing/sandbox-account.ts';

interface Row {
  readonly id: number;
  readonly policy: object;
  readonly request: {
    readonly account: string;
    readonly roleArn: string;
    readonly providerArn: string;
    readonly sessionName: string;
    readonly claims: Readonly<Record<string, never>>;
  };
  readonly expected: 'allow' | 'deny';
  readonly reason: string;
}

const rows: readonly Row[] = JSON.parse(readFileSync(new URL('../../../../test/vectors/trust-sample.json', import.meta.url), 'utf8')).rows;
const EPOCH = { createDate: '2026-03-01T12:00:00Z', tags: [] };

/** Puts the row's policy in place as if IAM had stored it, and sends a signed token with the row's claims over the wire. */
async function exchange({ policy, request }: Row): Promise<string | undefined> {
  const { aws, clock, key } = await testAccount({
    account: request.account,
    issuerKeys: { fetchKeys: async () => ({ ok: true, keys: [key.publicJwk] }) },
  });
  const name = request.roleArn.split('/').at(-1) ?? '';
  const url = request.providerArn.replace(/^.*oidc-provider\//, '');
  aws.restore({
    ...aws.snapshot(),
    providers: [{ arn: request.providerArn, url, clientIds: ['sts.amazonaws.com', 'client-a', 'client-b'], thumbprints: [], ...EPOCH }],
    roles: [
      {
        name,
        path: '/',
        arn: request.roleArn,
        id: 'AROAAAAAAAAAAAAAAAAAA',
        trust: JSON.stringify(policy),
        trustPrincipals: {},
        maxSessionDuration: 3600,
        inline: [],
        attached: [],
        ...EPOCH,
      },
    ],
  });
  const now = clock.now().getTime() / 1000;
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: request.roleArn,
    RoleSessionName: request.sessionName,
    WebIdentityToken: await signToken({ key, claims: { ...request.claims, iat: now, exp: now + 600 } }),
  });
  const answer = await postForm(aws, form.toString());
  return answer.status === 200 ? 'allow' : answer.code;
}

describe('the exchange decides as the trust policy oracle says', () => {
  it.each(rows.map((row) => [row.id, row.reason, row] as const))('row %d: %s', async (_id, _reason, row) => {
    expect(await exchange(row)).toBe(row.expected === 'allow' ? 'allow' : 'AccessDenied');
  });
});
