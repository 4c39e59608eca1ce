import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyToken } from '../../src/oidc/verify-token.ts';
import { ISSUER, NOW, type Outcome, ROLE_ARN, TokenBuilder, type TokenCase, type TokenTable } from './tokens-builder.ts';

for (const file of ['tokens-sample.json', 'tokens-rules.json']) {
  const table: TokenTable = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
  const builder = new TokenBuilder(table);

  const judge = async (row: TokenCase, mode: 'aws' | 'strict', expected: Outcome): Promise<void> => {
    const { token, jwks } = builder.build(row.change);
    const verdict = await verifyToken(token, {
      issuer: ISSUER,
      clientIds: table.base.provider.clientIds,
      jwks,
      roleArn: ROLE_ARN,
      now: NOW,
      mode,
    });
    if (!verdict.ok) {
      expect({ ok: false, code: verdict.code, http: verdict.status }, verdict.reason).toEqual({
        ok: expected.ok,
        code: expected.code,
        http: expected.http,
      });
      expect(verdict.message).toMatch(new RegExp(expected.message ?? ''));
      if (expected.reason !== undefined) expect(verdict.reason).toBe(expected.reason);
      return;
    }
    expect(expected.ok).toBe(true);
    if (expected.audience !== undefined) expect(verdict.audience).toBe(expected.audience);
    if (expected.subject !== undefined) expect(verdict.subject).toBe(expected.subject);
    const messages = verdict.warnings.map(({ message }) => message);
    expect(messages).toEqual(expected.warn === undefined ? [] : [expect.stringContaining(expected.warn)]);
  };

  describe(file, () => {
    beforeAll(() => builder.prepare());
    for (const row of table.rows.flatMap(({ cases }) => cases)) {
      const strict = row.strict === 'same' ? row.aws : row.strict;
      // In aws mode a token that strict refuses is accepted with a warning: the sample says so of strict alone.
      const { aws } = row;
      const warned = aws?.ok && strict?.ok === false && aws.warn === undefined ? { ...aws, warn: 'stands twice' } : aws;
      if (warned) it(`${row.id} ${row.what} (aws)`, () => judge(row, 'aws', warned));
      if (strict) it(`${row.id} ${row.what} (strict)`, () => judge(row, 'strict', strict));
    }
  });
}
