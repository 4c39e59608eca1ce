import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { importSigningKey } from '../../src/oidc/signing-key.ts';
import type { Kubelet } from '../../src/sandbox/kubelet/kubelet.ts';
import { aws, red, walkWith } from '../support/worlds/sabotage.ts';
import { worldSkipped } from '../support/worlds/world.ts';

async function otherKeySet(): Promise<string> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return JSON.stringify({ keys: [(await importSigningKey(privateKey)).publicJwk] });
}

describe.skipIf(worldSkipped() !== undefined)('a broken component turns its step red, from the pod’s identity on', () => {
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

  it('an API server that issues tokens for another audience: step 4', async () => {
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
    const steps = await walkWith({
      replace: (world) => ({ ...world, kubelet: new OtherKubelet(world.kubelet) as unknown as Kubelet }),
    });
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
