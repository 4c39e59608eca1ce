import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileTrust, evaluateTrust } from './evaluate-trust.ts';
import type { TrustRequest } from './trust-request.ts';

interface Row {
  readonly id: number;
  readonly policy: object;
  readonly request: TrustRequest;
  readonly expected: 'allow' | 'deny';
  readonly reason: string;
}

const { rows } = JSON.parse(readFileSync(new URL('../../test/vectors/trust-sample.json', import.meta.url), 'utf8')) as { rows: Row[] };

describe('the oracle of trust policies', () => {
  it.each(rows)('row $id: $expected, $reason', ({ policy, request, expected }) => {
    const fromObject = evaluateTrust(policy, request);
    const fromText = evaluateTrust(JSON.stringify(policy), request);
    expect([fromObject.verdict, fromText.verdict, fromObject.error]).toEqual([expected, expected, undefined]);
    expect(fromObject.explain()).toMatchObject({ verdict: expected });
    expect(compileTrust(policy)).toMatchObject({ ok: true });
  });
});
