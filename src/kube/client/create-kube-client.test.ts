import v8 from 'node:v8';
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import { resources } from '../core/resource.ts';
import type { Status } from '../core/status.ts';
import { createKubeClient, type KubeClientOptions } from './create-kube-client.ts';
import { KubeApiError, KubeTransportError } from './errors.ts';

interface Seen {
  readonly line: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A client whose server is a function. */
function world(answer: (request: Request, count: number) => Response | Promise<Response>, options: Partial<KubeClientOptions> = {}) {
  const seen: Seen[] = [];
  const client = createKubeClient({
    server: 'https://api/',
    userAgent: 'podrole-test/1',
    fetch: async (request) => {
      const text = await request.clone().text();
      seen.push({
        line: `${request.method} ${request.url.replace('https://api', '')}`,
        headers: Object.fromEntries(request.headers),
        body: text === '' ? undefined : JSON.parse(text),
      });
      return answer(request, seen.length);
    },
    ...options,
  });
  return { client, seen };
}

const ok = (body: unknown = {}): Response => Response.json(body);
const refusal = (code: number, extra: Partial<Status> = {}): Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'no',
  reason: 'Because',
  code,
  ...extra,
});
const cm = { metadata: { namespace: 'n', name: 'c' } };

describe('requests', () => {
  it.each<[string, (client: ReturnType<typeof world>['client']) => unknown, Seen['line'], unknown, string?]>([
    [
      'get',
      (client) => client.get(resources.configMaps, { namespace: 'n', name: 'c' }),
      'GET /api/v1/namespaces/n/configmaps/c',
      undefined,
    ],
    [
      'list',
      (client) => client.list(resources.profiles, { labelSelector: 'a=b,c!=d', limit: 5, continue: 'x y' }),
      'GET /apis/kubeflow.org/v1/profiles?labelSelector=a%3Db%2Cc%21%3Dd&limit=5&continue=x+y',
      undefined,
    ],
    [
      'create',
      (client) => client.create(resources.configMaps, cm, { fieldManager: 'm', dryRun: true }),
      'POST /api/v1/namespaces/n/configmaps?fieldManager=m&dryRun=All',
      { ...cm, apiVersion: 'v1', kind: 'ConfigMap' },
      'application/json',
    ],
    [
      'replace',
      (client) =>
        client.replace(resources.configMaps, { ...cm, apiVersion: 'v1', kind: 'ConfigMap', unknown: [1] }, { subresource: 'status' }),
      'PUT /api/v1/namespaces/n/configmaps/c/status',
      { ...cm, apiVersion: 'v1', kind: 'ConfigMap', unknown: [1] },
      'application/json',
    ],
    [
      'apply',
      (client) => client.apply(resources.configMaps, cm, { fieldManager: 'm', force: true }),
      'PATCH /api/v1/namespaces/n/configmaps/c?fieldManager=m&force=true',
      { ...cm, apiVersion: 'v1', kind: 'ConfigMap' },
      'application/apply-patch+yaml',
    ],
    [
      'mergePatch',
      (client) => client.mergePatch(resources.configMaps, { namespace: 'n', name: 'c' }, { data: null }),
      'PATCH /api/v1/namespaces/n/configmaps/c',
      { data: null },
      'application/merge-patch+json',
    ],
    [
      'jsonPatch',
      (client) =>
        client.jsonPatch(resources.configMaps, { namespace: 'n', name: 'c' }, [{ op: 'remove', path: '/data' }], { fieldManager: 'm' }),
      'PATCH /api/v1/namespaces/n/configmaps/c?fieldManager=m',
      [{ op: 'remove', path: '/data' }],
      'application/json-patch+json',
    ],
    ['delete', (client) => client.delete(resources.namespaces, { name: 'n' }), 'DELETE /api/v1/namespaces/n', undefined],
    [
      'delete with preconditions',
      (client) => client.delete(resources.namespaces, { name: 'n' }, { preconditions: { uid: 'u' }, propagationPolicy: 'Foreground' }),
      'DELETE /api/v1/namespaces/n',
      { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u' }, propagationPolicy: 'Foreground' },
      'application/json',
    ],
    ['raw', (client) => client.raw('GET', '/openid/v1/jwks'), 'GET /openid/v1/jwks', undefined],
  ])('%s', async (_, call, line, body, type) => {
    const { client, seen } = world(() => ok());
    await call(client);
    expect(seen).toHaveLength(1);
    expect([seen[0]?.line, seen[0]?.body, seen[0]?.headers['content-type']]).toEqual([line, body, type]);
    expect(seen[0]?.headers['user-agent']).toBe('podrole-test/1');
  });

  it('keeps fields that nobody knows', async () => {
    const { client } = world(() => ok({ ...cm, future: { deep: [1, null] } }));
    expect(await client.get(resources.configMaps, cm.metadata)).toEqual({ ...cm, future: { deep: [1, null] } });
  });

  it('asks for a token of a service account', async () => {
    const { client, seen } = world(() => ok({ status: { token: 't', expirationTimestamp: '2026-01-01T00:00:00Z' } }));
    expect(await client.createToken({ namespace: 'n', name: 's' }, { audiences: ['a'], expirationSeconds: 600 })).toEqual({
      token: 't',
      expiresAt: new Date('2026-01-01T00:00:00Z'),
    });
    expect(seen[0]).toMatchObject({
      line: 'POST /api/v1/namespaces/n/serviceaccounts/s/token',
      body: { spec: { audiences: ['a'], expirationSeconds: 600 } },
    });
  });

  it('hands out text where a path has no JSON', async () => {
    const { client } = world(() => new Response('ok', { headers: { 'content-type': 'text/plain' } }));
    expect(await client.raw('GET', '/readyz')).toBe('ok');
  });

  it('passes warnings on', async () => {
    const warnings: unknown[] = [];
    const { client } = world(
      () => new Response('{}', { headers: { 'content-type': 'application/json', warning: '299 - "one", 299 - "two"' } }),
      {
        onWarning: (texts, request) => warnings.push([texts, request]),
      },
    );
    await client.create(resources.configMaps, cm);
    expect(warnings).toEqual([[['one', 'two'], 'POST /api/v1/namespaces/n/configmaps']]);
  });
});

describe('refusals', () => {
  it('carry the Status and say what to do', async () => {
    for (const [code, headers, retry, afterMs] of [
      [403, {}, 'never', undefined],
      [409, {}, 'backoff', undefined],
      [500, {}, 'backoff', undefined],
      [429, { 'retry-after': '3' }, 'after', 3_000],
    ] as const) {
      const { client } = world(() => Response.json(refusal(code), { status: code, headers }));
      const error = await client.get(resources.pods, { namespace: 'n', name: 'p' }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(KubeApiError);
      expect(error).toMatchObject({
        httpStatus: code,
        status: refusal(code),
        retry,
        retryAfterMs: afterMs,
        message: 'GET /api/v1/namespaces/n/pods/p: no',
      });
    }
  });

  it('take the seconds of a Status that asks to wait', async () => {
    const { client } = world(() => Response.json(refusal(504, { details: { retryAfterSeconds: 2 } }), { status: 504 }));
    await expect(client.list(resources.pods, {})).rejects.toMatchObject({ retry: 'after', retryAfterMs: 2_000 });
  });

  it('make a Status of what is none', async () => {
    const { client } = world(() => new Response('404 page not found\n', { status: 404 }));
    await expect(client.list(resources.profiles, {})).rejects.toMatchObject({
      status: { reason: 'NotFound', message: '404 page not found', code: 404 },
    });
  });

  it('are a value to find, where 404 is one', async () => {
    const { client } = world((_, count) => Response.json(refusal(count === 1 ? 404 : 403), { status: count === 1 ? 404 : 403 }));
    expect(await client.find(resources.pods, { namespace: 'n', name: 'p' })).toBeUndefined();
    await expect(client.find(resources.pods, { namespace: 'n', name: 'p' })).rejects.toMatchObject({ httpStatus: 403 });
  });

  it('do not include redirects that are followed', async () => {
    const { client, seen } = world(() => new Response(null, { status: 302, headers: { location: 'https://evil/' } }));
    await expect(client.get(resources.pods, {})).rejects.toMatchObject({ httpStatus: 302 });
    expect(seen).toHaveLength(1);
  });
});

describe('no answer', () => {
  it('is a transport error that names the request and the cause', async () => {
    const { client } = world(() => {
      throw new Error('connect ECONNREFUSED');
    });
    await expect(client.list(resources.pods, {})).rejects.toMatchObject({
      name: 'KubeTransportError',
      retry: 'backoff',
      message: 'GET /api/v1/pods: no answer from the API server (connect ECONNREFUSED)',
    });
  });

  it('is what a body that is not JSON comes to', async () => {
    const { client } = world(() => new Response('<html>', { status: 200 }));
    await expect(client.list(resources.pods, {})).rejects.toBeInstanceOf(KubeTransportError);
  });

  it('is waited for only so long, also inside the body', async () => {
    const silent = (request: Request): Promise<Response> =>
      new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)));
    await expect(world(silent, { timeoutMs: 20 }).client.list(resources.pods, {})).rejects.toMatchObject({
      cause: { message: 'no answer within 20 ms' },
    });
    const halfway = (request: Request): Response =>
      new Response(
        new ReadableStream({
          start: (controller) => request.signal.addEventListener('abort', () => controller.error(request.signal.reason)),
        }),
      );
    await expect(world(halfway, { timeoutMs: 20 }).client.list(resources.pods, {})).rejects.toBeInstanceOf(KubeTransportError);
  });

  it('is the caller’s own reason when the caller aborts', async () => {
    const reason = new Error('stop');
    const stop = new AbortController();
    const { client } = world(
      (request) => new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason))),
    );
    const pending = client.list(resources.pods, {}, stop.signal);
    stop.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await expect(client.list(resources.pods, {}, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('tokens', () => {
  it('are read again once after a 401', async () => {
    const asked: boolean[] = [];
    const { client, seen } = world(
      (request) => (request.headers.get('authorization') === 'Bearer new' ? ok() : Response.json(refusal(401), { status: 401 })),
      {
        token: async ({ fresh }) => {
          asked.push(fresh);
          return fresh ? 'new' : 'old';
        },
      },
    );
    await client.create(resources.configMaps, cm);
    expect(asked).toEqual([false, true]);
    expect(seen.map((one) => [one.headers.authorization, one.body !== undefined])).toEqual([
      ['Bearer old', true],
      ['Bearer new', true],
    ]);
  });

  it('are not sent again when there is no other', async () => {
    const { client, seen } = world(() => Response.json(refusal(401), { status: 401 }), { token: async () => 'same' });
    await expect(client.list(resources.pods, {})).rejects.toMatchObject({ httpStatus: 401 });
    expect(seen).toHaveLength(1);
  });
});

it('reaches a fetch that kept nothing but the request’s signal, after any number of garbage collections', async () => {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  const stop = new AbortController();
  const reason = new Error('stop');
  const client = createKubeClient({
    server: 'https://api',
    userAgent: 'x',
    fetch: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  });
  const pending = client.list(resources.pods, {}, stop.signal);
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    collect();
  }
  stop.abort(reason);
  await expect(pending).rejects.toBe(reason);
});
