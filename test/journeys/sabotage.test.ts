import { generateKeyPairSync } from 'node:crypto';
import events from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runUp, type UpOptions } from '../../src/app/run-up.ts';
import type { WalkStep } from '../../src/app/walk/walk.ts';
import { importSigningKey } from '../../src/oidc/signing-key.ts';
import type { Kubelet } from '../../src/sandbox/kubelet/kubelet.ts';
import { existingCluster, worldSkipped } from '../support/worlds/world.ts';

type Sabotage = Pick<UpOptions, 'intercept' | 'replace'>;
type Handler = (request: Request) => Promise<Response>;

events.setMaxListeners(1_000);

const existing = existingCluster();
/** A real control plane takes seconds to delete a namespace. */
const patienceMs = existing === undefined ? 2_500 : 15_000;

/** Walks with one component broken; answers the steps. */
async function walkWith(sabotage: Sabotage): Promise<readonly WalkStep[]> {
  const running = await runUp(
    {
      account: '111122223333',
      region: 'us-west-2',
      cluster: 'demo',
      port: 0,
      awsTls: false,
      logTo: undefined,
      patienceMs,
      existing,
      onStep: () => undefined,
      ...sabotage,
    },
    AbortSignal.timeout(110_000),
  );
  await running.close();
  return running.steps;
}

const red = (steps: readonly WalkStep[]): readonly number[] => steps.filter(({ ok }) => !ok).map(({ step }) => step);

/** The action of an AWS Query request. */
async function actionOf(request: Request): Promise<string> {
  return new URLSearchParams(await request.clone().text()).get('Action') ?? '';
}

/** AWS with one answer replaced. */
const aws =
  (instead: (action: string, request: Request, handler: Handler) => Promise<Response> | undefined) =>
  (handler: Handler): Handler =>
  async (request) =>
    (await instead(await actionOf(request), request, handler)) ?? handler(request);

const emptyAnswer = (action: string): Response =>
  new Response(
    `<${action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`,
    {
      headers: { 'content-type': 'text/xml' },
    },
  );

async function otherKeySet(): Promise<string> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return JSON.stringify({ keys: [(await importSigningKey(privateKey)).publicJwk] });
}

/** Faults of the API server are planted in the sandbox's, which is ours to break. */
const ownApi = it.skipIf(existing !== undefined);

describe.skipIf(worldSkipped() !== undefined)('a broken component turns its step red', () => {
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

  ownApi('a controller that is cut off from the API server: step 2', async () => {
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

  it('an issuer that publishes another key: step 4', async () => {
    const keys = await otherKeySet();
    const steps = await walkWith({
      intercept: {
        issuer: (handler) => async (request) =>
          new URL(request.url).pathname.endsWith('/keys')
            ? new Response(keys, { headers: { 'content-type': 'application/json' } })
            : handler(request),
      },
    });
    // The controller's own token is not believed either, so nothing gets in at all.
    expect(red(steps)).toEqual(expect.arrayContaining([2, 4]));
  });

  ownApi('an API server that issues tokens for another audience: step 4', async () => {
    const steps = await walkWith({
      intercept: {
        kubeApi: (handler) => async (request) => {
          if (!new URL(request.url).pathname.endsWith('/user-a/serviceaccounts/default-editor/token')) return handler(request);
          const body = (await request.json()) as { spec: { audiences: string[] } };
          body.spec.audiences = ['elsewhere'];
          return handler(new Request(request.url, { method: 'POST', headers: request.headers, body: JSON.stringify(body) }));
        },
      },
    });
    expect(red(steps).slice(0, 1)).toEqual([4]);
    expect(steps[3]?.observed).toContain('InvalidIdentityToken');
  });

  it('a kubelet that runs something else: step 4', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'podrole-kubelet-'));
    const steps = await walkWith({
      replace: (world) => ({ ...world, kubelet: new OtherKubelet(world.kubelet) as unknown as Kubelet }),
    });
    await rm(folder, { recursive: true, force: true });
    expect(red(steps).slice(0, 1)).toEqual([4]);
  });

  it('S3 that asks nobody for permission: step 5', async () => {
    const steps = await walkWith({
      intercept: {
        aws: (handler) => async (request) =>
          request.method === 'GET' && new URL(request.url).pathname.endsWith('/hello.txt')
            ? new Response('hello from a bucket')
            : handler(request),
      },
    });
    expect(red(steps)).toEqual([5]);
  });

  it('STS that answers everybody with the credentials of the first: step 5', async () => {
    let first: { readonly text: string; readonly headers: Headers } | undefined;
    const steps = await walkWith({
      intercept: {
        aws: aws(async (action, request, handler) => {
          const role = new URLSearchParams(await request.clone().text()).get('RoleArn') ?? '';
          if (action !== 'AssumeRoleWithWebIdentity' || !role.endsWith('kf-user-demo')) return handler(request);
          const answer = await handler(request);
          if (answer.ok && first === undefined) first = { text: await answer.clone().text(), headers: answer.headers };
          return first !== undefined && !answer.ok ? new Response(first.text, { headers: { 'content-type': 'text/xml' } }) : answer;
        }),
      },
    });
    expect(red(steps)).toEqual([5, 6]);
  });

  it('IAM that refuses the revocation: step 6', async () => {
    const steps = await walkWith({
      intercept: {
        aws: aws(async (action, request) => {
          const document = new URLSearchParams(await request.clone().text()).get('PolicyDocument') ?? '';
          if (action !== 'UpdateAssumeRolePolicy' || document.includes('user-a')) return undefined as unknown as Response;
          return new Response(
            '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>',
            { status: 403, headers: { 'content-type': 'text/xml' } },
          );
        }),
      },
    });
    expect(red(steps)).toEqual([6]);
  });
});

/** Runs pods as asked but shows the output of none. */
class OtherKubelet {
  readonly #real: Kubelet;

  constructor(real: Kubelet) {
    this.#real = real;
  }

  async run(...args: Parameters<Kubelet['run']>): ReturnType<Kubelet['run']> {
    return { ...(await this.#real.run(...args)), logs: () => '' };
  }

  exec(...args: Parameters<Kubelet['exec']>): ReturnType<Kubelet['exec']> {
    return this.#real.exec(...args);
  }

  stop(...args: Parameters<Kubelet['stop']>): ReturnType<Kubelet['stop']> {
    return this.#real.stop(...args);
  }
}
