import { describe, expect, it } from 'vitest';
import { aws, red, walkWith } from '../support/worlds/sabotage.ts';
import { worldSkipped } from '../support/worlds/world.ts';

const emptyAnswer = (action: string): Response =>
  new Response(
    `<${action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`,
    {
      headers: { 'content-type': 'text/xml' },
    },
  );

describe.skipIf(worldSkipped() !== undefined)('a broken component turns its step red, up to the pod’s admission', () => {
  it('setup that creates the user role open: step 1', async () => {
    const steps = await walkWith({
      replace: (world) => ({
        ...world,
        setup: {
          ...world.setup,
          aws: {
            ...world.setup.aws,
            createRole: (role, signal) => {
              if (!role.name.startsWith('kf-user')) return world.setup.aws.createRole(role, signal);
              const open = JSON.parse(role.trustPolicy) as { Statement: { Effect: string; Sid?: string }[] };
              for (const statement of open.Statement) Object.assign(statement, { Effect: 'Allow', Sid: 'Open' });
              return world.setup.aws.createRole({ ...role, trustPolicy: JSON.stringify(open) }, signal);
            },
          },
        },
      }),
    });
    expect(steps[0]?.observed).toContain('NOT closed');
    expect(red(steps)).toContain(1);
  });

  it('IAM that says yes and forgets the trust policy: step 2', async () => {
    const steps = await walkWith({
      intercept: { aws: aws((action) => (action === 'UpdateAssumeRolePolicy' ? Promise.resolve(emptyAnswer(action)) : undefined)) },
    });
    expect(steps[0]?.ok).toBe(true);
    expect(red(steps)).toContain(2);
  });

  it('a controller that is cut off from the API server: step 2', async () => {
    const steps = await walkWith({
      intercept: {
        kubeApi: (handler) => async (request) =>
          request.headers.get('user-agent')?.startsWith('podrole-controller') && new URL(request.url).pathname.includes('/namespaces/user-')
            ? new Response('{}', { status: 503 })
            : handler(request),
      },
    });
    expect(red(steps)).toContain(2);
  });

  it('a webhook that lets every pod pass as it is: step 3', async () => {
    const steps = await walkWith({
      intercept: {
        webhook: (handle) => async (request, signal) => {
          const answer = await handle(request, signal);
          const review = JSON.parse(Buffer.from(answer.body).toString()) as { response?: { patch?: string; patchType?: string } };
          delete review.response?.patch;
          delete review.response?.patchType;
          return { ...answer, body: Buffer.from(JSON.stringify(review)) };
        },
      },
    });
    expect(red(steps).slice(0, 1)).toEqual([3]);
  });
});
