import { describe, expect, it } from 'vitest';
import { operationsOf, WebhookWorld } from '../../test/support/webhook-world.ts';

describe('the patch of an answer', () => {
  it.each([
    ['Latin letters', 'arn:aws:iam::111122223333:role/caf\u00e9'],
    ['letters beyond Latin', 'arn:aws:iam::111122223333:role/\u8cc7\u6599'],
    ['characters beyond 16 bits', 'arn:aws:iam::111122223333:role/\u{1f511}'],
    ['quotes and control characters', 'arn:aws:iam::111122223333:role/"\\\u0000\u007f\n'],
  ])('carries %s of an annotation as they are, in ASCII', async (_what, role) => {
    const world = new WebhookWorld().know('default/sa', { 'eks.amazonaws.com/role-arn': role });
    const answer = await world.admit({ metadata: {}, spec: { serviceAccountName: 'sa', containers: [{ name: 'c' }] } });
    const variables = operationsOf(answer).flatMap(({ path, value }) =>
      path.endsWith('/env') ? (value as { name: string; value: string }[]) : [],
    );
    expect(variables.find(({ name }) => name === 'AWS_ROLE_ARN')?.value).toBe(role);
    expect(atob(answer.response.patch ?? '')).toMatch(/^[ -~]+$/);
  });
});
