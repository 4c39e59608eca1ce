import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../../host/authority.ts';
import { systemClock } from '../../../host/system-clock.ts';
import { type HttpsCall, httpsCall } from './https-call.ts';

let authority: Authority;
let caBundle: string;
beforeAll(async () => {
  authority = await createAuthority({ clock: systemClock(), commonName: 'test' });
  caBundle = Buffer.from(authority.caPem).toString('base64');
});

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

interface Seen {
  readonly raw: readonly string[];
  readonly url: string;
  readonly httpVersion: string;
  readonly body: string;
  readonly socket: number;
}

async function hook(
  answer: (seen: Seen) => { status?: number; headers?: Record<string, string>; body: string | Buffer } | 'never' | 'hang up',
) {
  const { certPem, keyPem } = await authority.issue({ commonName: 'hook', dnsNames: ['hook.ns.svc'], ipAddresses: ['127.0.0.1'] });
  const seen: Seen[] = [];
  const server: Server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {
        raw: request.rawHeaders,
        url: request.url ?? '',
        httpVersion: request.httpVersion,
        body: Buffer.concat(chunks).toString(),
        socket: request.socket.remotePort ?? 0,
      };
      seen.push(one);
      const reply = answer(one);
      if (reply === 'never') return;
      if (reply === 'hang up') request.socket.destroy();
      else response.writeHead(reply.status ?? 200, reply.headers ?? { 'content-type': 'application/json' }).end(reply.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  const { port } = server.address() as AddressInfo;
  return { seen, port, server };
}

function caller(port?: number): HttpsCall {
  const call = httpsCall({ resolveService: () => (port === undefined ? undefined : { host: '127.0.0.1', port }) });
  open.push(call);
  return call;
}
const never = new AbortController().signal;

describe('httpsCall', () => {
  it('sends what a kube-apiserver sends, in its order, over one connection', async () => {
    const { seen, port } = await hook(() => ({ body: '{}' }));
    const { call } = caller();
    const request = { clientConfig: { url: `https://127.0.0.1:${port}/mutate`, caBundle }, timeoutSeconds: 10, body: '{"é":1}' };
    const answers = [await call(request, never), await call(request, never)];
    expect(answers).toEqual([0, 1].map(() => ({ kind: 'answered', status: 200, contentType: 'application/json', body: '{}' })));
    expect(seen[0]).toMatchObject({
      url: '/mutate?timeout=10s',
      httpVersion: '1.1',
      body: '{"é":1}',
      raw: [
        ...['Host', `127.0.0.1:${port}`],
        ...['User-Agent', 'kube-apiserver-admission'],
        ...['Content-Length', '8'],
        ...['Accept', 'application/json, */*'],
        ...['Content-Type', 'application/json'],
        ...['Accept-Encoding', 'gzip'],
      ],
    });
    expect(new Set(seen.map(({ socket }) => socket)).size).toBe(1);
  });

  it('finds a service by the resolver and checks its certificate by the name of the service', async () => {
    const { seen, port } = await hook(() => ({ body: '{}' }));
    const service = { namespace: 'ns', name: 'hook', path: '/mutate', port: 443 };
    expect(await caller(port).call({ clientConfig: { service, caBundle }, timeoutSeconds: 5, body: '{}' }, never)).toMatchObject({
      kind: 'answered',
    });
    expect(seen[0]?.raw.slice(0, 2)).toEqual(['Host', 'hook.ns.svc']);
    const other = { clientConfig: { service: { ...service, name: 'other' }, caBundle }, timeoutSeconds: 5, body: '{}' };
    expect(await caller(port).call(other, never)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('x509: ') });
    expect(await caller().call(other, never)).toEqual({
      kind: 'failed',
      reason: 'Post "https://other.ns.svc:443/mutate?timeout=5s": service "other" not found',
    });
  });

  it('unpacks what comes packed', async () => {
    const { port } = await hook(() => ({
      headers: { 'content-encoding': 'gzip', 'content-type': 'application/json' },
      body: gzipSync('{"a":1}'),
    }));
    const answer = await caller().call(
      { clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle }, timeoutSeconds: 5, body: '{}' },
      never,
    );
    expect(answer).toMatchObject({ body: '{"a":1}' });
  });

  it('says in the words of the API server why there is no answer', async () => {
    const { port, server } = await hook((seen) => (seen.url.startsWith('/slow') ? 'never' : 'hang up'));
    const { call } = caller();
    const reasonOf = async (path: string, clientConfig: object = { caBundle }) => {
      const answer = await call(
        { clientConfig: { url: `https://127.0.0.1:${port}${path}`, ...clientConfig }, timeoutSeconds: 1, body: '{}' },
        never,
      );
      return answer.kind === 'failed' ? answer.reason.replaceAll(String(port), 'PORT') : answer;
    };
    expect(await reasonOf('/slow')).toBe('Post "https://127.0.0.1:PORT/slow?timeout=1s": context deadline exceeded');
    expect(await reasonOf('/hang-up')).toBe('Post "https://127.0.0.1:PORT/hang-up?timeout=1s": EOF');
    expect(await reasonOf('/unknown', {})).toBe(
      'Post "https://127.0.0.1:PORT/unknown?timeout=1s": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await reasonOf('/mutate')).toBe(
      'Post "https://127.0.0.1:PORT/mutate?timeout=1s": dial tcp 127.0.0.1:PORT: connect: connection refused',
    );
  });

  it('tries once more when the webhook closed an idle connection', async () => {
    const { seen, port } = await hook((one) => (seen.length === 2 && one.socket === seen[0]?.socket ? 'hang up' : { body: '{}' }));
    const { call } = caller();
    const request = { clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle }, timeoutSeconds: 5, body: '{}' };
    expect([(await call(request, never)).kind, (await call(request, never)).kind, seen.length]).toEqual(['answered', 'answered', 3]);
  });

  it('rejects only when its caller gives up', async () => {
    const { port } = await hook(() => 'never');
    const controller = new AbortController();
    const answer = caller().call(
      { clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle }, timeoutSeconds: 30, body: '{}' },
      controller.signal,
    );
    controller.abort(new Error('the client hung up'));
    await expect(answer).rejects.toThrow('the client hung up');
  });
});
