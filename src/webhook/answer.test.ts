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

describe('a pod that was made to keep the webhook busy', () => {
  const ROLE = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/r' };

  it.each(['containers', 'initContainers'])(
    'is left alone with a warning when it has more than a thousand %s, whatever they hold',
    async (list) => {
      const world = new WebhookWorld().know('default/sa', ROLE);
      const spec = (length: number) => ({ serviceAccountName: 'sa', [list]: Array.from({ length }, () => ({})) });
      expect(operationsOf(await world.admit({ metadata: {}, spec: spec(1_000) }))).toHaveLength(2_001);
      const answer = await world.admit({ metadata: {}, spec: { ...spec(200_000), containers: Array.from({ length: 1_001 }, () => 7) } });
      expect(answer.response).toMatchObject({ allowed: true, warnings: [expect.stringContaining('(UndecodablePod)')] });
      expect(answer.response).not.toHaveProperty('patch');
    },
  );

  it('gets its credentials though a list names two hundred thousand containers that it has not', async () => {
    const world = new WebhookWorld().know('default/sa', ROLE);
    const names = Array.from({ length: 200_000 }, (_, at) => `n${at}`).join(',');
    const answer = await world.admit({
      metadata: { annotations: { 'eks.amazonaws.com/skip-containers': names } },
      spec: { serviceAccountName: 'sa', containers: [{ name: 'c' }] },
    });
    expect(operationsOf(answer)).toHaveLength(3);
    expect(answer.response.warnings).toHaveLength(9);
    expect(answer.response.warnings?.at(-1)).toBe('podrole: and 1 more');
    expect(world.logs.map(({ fields }) => fields.notes)).toEqual([['UnknownContainer']]);
  });
});
