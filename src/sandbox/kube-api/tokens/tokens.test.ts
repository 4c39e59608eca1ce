import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { decodeToken } from '../../../oidc/decode-token.ts';
import { importSigningKey, type SigningKey } from '../../../oidc/signing-key.ts';
import { issueToken, type TokenIssue } from './token-request.ts';
import { reviewToken } from './token-review.ts';

const sample = (name: string) => JSON.parse(readFileSync(new URL(`../../../../test/conformance/samples/${name}`, import.meta.url), 'utf8'));

let signingKey: SigningKey;
let otherKey: SigningKey;
beforeAll(async () => {
  const pem = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  [signingKey, otherKey] = await Promise.all([importSigningKey(pem()), importSigningKey(pem())]);
});

const API = 'https://kubernetes.default.svc';
const ISSUER = 'https://oidc.podrole.local/id/test';
const NOW = new Date('2026-11-24T06:50:43.700Z');
const account: KubeObject = { metadata: { name: 'default', namespace: 'alpha', uid: 'cec616a9-8965-4c30-9e2e-cf4b94f537bf' } };
const pod: KubeObject = {
  metadata: { name: 'web', namespace: 'alpha', uid: 'b0fdeaaa-8c79-4ffd-ad92-17a7c24b325a' },
  spec: { serviceAccountName: 'default' },
};
const podRef = { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: 'b0fdeaaa-8c79-4ffd-ad92-17a7c24b325a' };

const issue = (spec: JsonObject, more: Partial<TokenIssue> = {}) =>
  issueToken({
    body: { spec },
    serviceAccount: account,
    boundPod: pod,
    signingKey,
    issuer: ISSUER,
    apiAudiences: [API],
    now: NOW,
    newId: () => '465894fc-5e1d-4c3d-a026-13d1b13ff054',
    ...more,
  });
const bodyOf = async (spec: JsonObject, more: Partial<TokenIssue> = {}) => {
  const outcome = await issue(spec, more);
  if (!outcome.ok) throw new Error(outcome.status.message);
  return outcome.body;
};
const tokenOf = async (spec: JsonObject, more: Partial<TokenIssue> = {}): Promise<string> =>
  ((await bodyOf(spec, more)).status as { token: string }).token;
const decoded = (token: string) => {
  const result = decodeToken(token);
  if (!result.ok) throw new Error(result.message);
  return { header: result.token.header, claims: result.token.claims };
};

describe('issueToken', () => {
  it.each([
    ['token-request.json', { audiences: ['sts.amazonaws.com'] }],
    ['token-request.pod-bound.json', { audiences: ['sts.amazonaws.com'], expirationSeconds: 86400, boundObjectRef: podRef }],
  ])('answers as the real API server does: %s', async (name, spec) => {
    const real = sample(name);
    const jti = String(decoded(real.status.token).claims.jti);
    const body = await bodyOf(spec, { manager: 'podrole', newId: () => jti });
    const { token } = body.status as { token: string };
    expect(JSON.stringify({ ...body, status: { ...real.status } })).toBe(JSON.stringify(real));
    expect((body.status as { expirationTimestamp: string }).expirationTimestamp).toBe(real.status.expirationTimestamp);
    expect(JSON.stringify(decoded(token).claims)).toBe(JSON.stringify(decoded(real.status.token).claims));
    expect(Object.keys(decoded(token).header)).toEqual(['alg', 'kid']);
  });

  it('names the node of the bound pod, in the order of the real claims', async () => {
    const real = sample('token.pod-bound-on-node.decoded.json').claims;
    const { claims } = decoded(
      await tokenOf({ audiences: ['sts.amazonaws.com'], boundObjectRef: podRef }, { podNode: { name: 'node-1', uid: 'n' } }),
    );
    expect(Object.keys(claims)).toEqual(Object.keys(real));
    expect(Object.keys(claims['kubernetes.io'] as object)).toEqual(Object.keys(real['kubernetes.io']));
    expect((claims['kubernetes.io'] as { node: object }).node).toEqual({ name: 'node-1', uid: 'n' });
  });

  const lifeOf = async (spec: JsonObject) => {
    const { claims } = decoded(await tokenOf(spec));
    const iat = claims.iat as number;
    const { warnafter } = claims['kubernetes.io'] as { warnafter?: number };
    return [(claims.exp as number) - iat, warnafter === undefined ? undefined : warnafter - iat];
  };
  it('extends to a year only what is for the API, bound to a pod and of 3607 s', async () => {
    const exact = { audiences: [API], expirationSeconds: 3607, boundObjectRef: podRef };
    expect(await lifeOf(exact)).toEqual([31_536_000, 3607]);
    expect(await lifeOf({ ...exact, audiences: ['sts.amazonaws.com'] })).toEqual([3607, undefined]);
    expect(await lifeOf({ ...exact, audiences: [API, 'sts.amazonaws.com'] })).toEqual([3607, undefined]);
    expect(await lifeOf({ ...exact, boundObjectRef: null })).toEqual([3607, undefined]);
    expect(await lifeOf({ ...exact, expirationSeconds: 3600 })).toEqual([3600, undefined]);
  });

  it('is for the API server and an hour when nothing is asked', async () => {
    const body = await bodyOf({});
    expect(body.spec).toEqual({ audiences: [API], expirationSeconds: 3600, boundObjectRef: null });
  });

  const refusalOf = async (spec: JsonObject, more: Partial<TokenIssue> = {}) => {
    const outcome = await issue(spec, more);
    return outcome.ok ? undefined : outcome.status;
  };
  it.each([
    ['token-request.too-short.422.json', { expirationSeconds: 599 }],
    ['token-request.too-long.422.json', { expirationSeconds: 4294967297 }],
    ['token-request.pod-uid-mismatch.409.json', { boundObjectRef: { ...podRef, uid: '00000000-0000-0000-0000-000000000000' } }],
  ])('refuses as the real API server does: %s', async (name, spec) => {
    expect(await refusalOf(spec)).toEqual(sample(name));
  });

  it.each<[number, string, Partial<TokenIssue>]>([
    [404, 'pods "web" not found', { boundPod: undefined }],
    [
      400,
      'cannot bind token for serviceaccount "gone" to pod running with different serviceaccount name.',
      { serviceAccount: { metadata: { name: 'gone', namespace: 'alpha' } } },
    ],
    [
      400,
      'cannot bind token to object of type /v1, Kind=ConfigMap',
      { body: { spec: { boundObjectRef: { ...podRef, kind: 'ConfigMap' } } } },
    ],
    [404, 'nodes "nn" not found', { body: { spec: { boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'nn' } } } }],
    [
      422,
      'TokenRequest.authentication.k8s.io "default" is invalid: metadata.name: Invalid value: "x": must match the service account name if specified',
      { body: { metadata: { name: 'x' } } },
    ],
    [
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
      { body: { metadata: { namespace: 'x' } } },
    ],
    [
      409,
      'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "default": the UID in the token request (x) does not match the UID of the service account (cec616a9-8965-4c30-9e2e-cf4b94f537bf)',
      { body: { metadata: { uid: 'x' } } },
    ],
  ])('refuses with %i: %s', async (code, message, more) => {
    const status = await refusalOf({ boundObjectRef: podRef }, more);
    expect([status?.code, status?.message]).toEqual([code, message]);
  });
});

describe('reviewToken', () => {
  const objects = { account: account as KubeObject | undefined, pod: pod as KubeObject | undefined };
  const review = (token: string, options: Partial<Parameters<typeof reviewToken>[0]> & Partial<typeof objects> = {}) => {
    const live = { ...objects, ...options };
    return reviewToken({
      token,
      audiences: [],
      apiAudiences: [API],
      issuer: ISSUER,
      keys: [signingKey.publicJwk],
      now: NOW,
      lookup: { serviceAccount: () => live.account, pod: () => live.pod },
      ...options,
    });
  };
  const errorOf = async (token: string, options: Parameters<typeof review>[1] = {}) =>
    ((await review(token, options)).status as { error?: string }).error;

  it('answers as the real API server does', async () => {
    const real = sample('token-review.ok.json');
    const token = await tokenOf({ audiences: ['sts.amazonaws.com'] });
    const body = await review(token, { audiences: ['sts.amazonaws.com'], manager: 'podrole' });
    expect(JSON.stringify({ ...body, spec: { ...real.spec } })).toBe(JSON.stringify(real));
    expect(body.spec).toEqual({ token, audiences: ['sts.amazonaws.com'] });
  });

  it('refuses another audience as the real API server does', async () => {
    const real = sample('token-review.wrong-audience.json');
    const body = await review(await tokenOf({ audiences: ['sts.amazonaws.com'] }), { manager: 'podrole' });
    expect(JSON.stringify({ ...body, spec: real.spec })).toBe(JSON.stringify(real));
  });

  it('names the pod that the token is bound to', async () => {
    const body = await review(await tokenOf({ boundObjectRef: podRef }));
    expect((body.status as { user: { extra: object } }).user.extra).toEqual({
      'authentication.kubernetes.io/credential-id': ['JTI=465894fc-5e1d-4c3d-a026-13d1b13ff054'],
      'authentication.kubernetes.io/pod-name': ['web'],
      'authentication.kubernetes.io/pod-uid': ['b0fdeaaa-8c79-4ffd-ad92-17a7c24b325a'],
    });
  });

  it('answers the audiences that both sides know, in the order asked', async () => {
    const body = await review(await tokenOf({ audiences: ['a', 'b'] }), { audiences: ['b', 'c', 'a'] });
    expect((body.status as { audiences: string[] }).audiences).toEqual(['b', 'a']);
  });

  it('says why a token is refused', async () => {
    const token = await tokenOf({});
    const bound = await tokenOf({ boundObjectRef: podRef });
    const foreign = await tokenOf({}, { signingKey: { ...otherKey, kid: signingKey.kid } });
    const other = { metadata: { ...account.metadata, uid: 'other' } };
    const deletedAt = (seconds: number) => ({ deletionTimestamp: new Date(NOW.getTime() - seconds * 1000).toISOString() });
    expect([
      await errorOf('garbage'),
      await errorOf(token, { issuer: 'https://other' }),
      await errorOf(await tokenOf({}, { signingKey: otherKey })),
      await errorOf(foreign),
      await errorOf(token, { now: new Date(NOW.getTime() + 3_661_000) }),
      await errorOf(token, { now: new Date(NOW.getTime() - 62_000) }),
      await errorOf(token, { account: undefined }),
      await errorOf(token, { account: other }),
      await errorOf(token, { account: { metadata: { ...account.metadata, ...deletedAt(61) } } }),
      await errorOf(bound, { pod: undefined }),
      await errorOf(bound, { pod: { metadata: { ...pod.metadata, uid: 'other' } } }),
      await errorOf(bound, { pod: { metadata: { ...pod.metadata, ...deletedAt(61) } } }),
      await errorOf(bound, { pod: { metadata: { ...pod.metadata, ...deletedAt(59) } } }),
    ]).toEqual([
      'invalid bearer token',
      'invalid bearer token',
      '[invalid bearer token, invalid signature, no keys found]',
      '[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]',
      '[invalid bearer token, service account token has expired]',
      '[invalid bearer token, service account token is not valid yet]',
      '[invalid bearer token, serviceaccounts "default" not found]',
      '[invalid bearer token, service account UID (other) does not match claim (cec616a9-8965-4c30-9e2e-cf4b94f537bf)]',
      '[invalid bearer token, service account alpha/default has been deleted]',
      '[invalid bearer token, service account token has been invalidated]',
      '[invalid bearer token, pod UID (other) does not match service account pod ref claim (b0fdeaaa-8c79-4ffd-ad92-17a7c24b325a)]',
      '[invalid bearer token, service account token has been invalidated]',
      undefined,
    ]);
  });

  it('refuses any text that is not a token it signed', async () => {
    const token = await tokenOf({});
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.nat(token.length - 1), fc.string()).map(([at, text]) => token.slice(0, at) + text),
        ),
        async (text) => {
          expect((await review(text)).status).toHaveProperty('error');
        },
      ),
      { numRuns: 200 },
    );
  });
});
