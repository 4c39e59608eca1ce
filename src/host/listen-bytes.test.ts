import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { memoryLog } from '../../test/support/memory-log.ts';
import { rawExchange } from '../../test/support/raw-client.ts';
import { type Authority, createAuthority, type IssuedCertificate } from './authority.ts';
import { type BytesListener, type ListenBytesOptions, listenBytes } from './listen-bytes.ts';
import { systemClock } from './system-clock.ts';

const open: BytesListener[] = [];
let ca: Authority;
let leaf: IssuedCertificate;
const text = (body: string, status = 200) => ({ status, contentType: 'text/plain', body: Buffer.from(body) });

beforeAll(async () => {
  ca = await createAuthority({ clock: systemClock(), commonName: 'test' });
  leaf = await ca.issue({ commonName: 'leaf', ipAddresses: ['127.0.0.1'] });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close(0)));
});

async function serve(options: Partial<ListenBytesOptions> = {}): Promise<BytesListener> {
  const listener = await listenBytes({
    port: 0,
    onRequest: ({ method, path, body }) => text(`${method} ${path} ${body.length}`),
    ...options,
  });
  open.push(listener);
  return listener;
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly peer: string;
}

function call(port: number, agent: https.Agent, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = https.request({ host: '127.0.0.1', port, method: 'POST', path: '/mutate?timeout=10s', agent }, (response) => {
      const peer = (response.socket as tls.TLSSocket).getPeerCertificate().serialNumber;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString(), peer }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('listenBytes', () => {
  it('gives bytes and takes bytes over TLS', async () => {
    const { port, url } = await serve({ tls: { cert: leaf.certPem, key: leaf.keyPem } });
    expect(url).toBe(`https://127.0.0.1:${port}`);
    const agent = new https.Agent({ ca: ca.caPem });
    expect(await call(port, agent, 'x'.repeat(100_000))).toMatchObject({ status: 200, body: 'POST /mutate?timeout=10s 100000' });
    agent.destroy();
  });

  it('speaks HTTP/1.1 over TLS 1.3 and nothing else', async () => {
    const { port } = await serve({ tls: { cert: leaf.certPem, key: leaf.keyPem } });
    const socket = tls.connect({ host: '127.0.0.1', port, ca: ca.caPem, ALPNProtocols: ['h2', 'http/1.1'] });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    expect([socket.alpnProtocol, socket.getProtocol()]).toEqual(['http/1.1', 'TLSv1.3']);
    socket.destroy();
    const old = tls.connect({ host: '127.0.0.1', port, ca: ca.caPem, maxVersion: 'TLSv1.2' });
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => old.once('error', resolve));
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('asks for a client certificate where an authority is given', async () => {
    const { port } = await serve({ tls: { cert: leaf.certPem, key: leaf.keyPem, ca: ca.caPem } });
    const client = await ca.issue({ commonName: 'api', usages: ['client'] });
    const known = new https.Agent({ ca: ca.caPem, cert: client.certPem, key: client.keyPem });
    expect((await call(port, known)).status).toBe(200);
    await expect(call(port, new https.Agent({ ca: ca.caPem }))).rejects.toThrow();
    known.destroy();
  });

  it('rotates its certificate without dropping a connection', async () => {
    const listener = await serve({ tls: { cert: leaf.certPem, key: leaf.keyPem } });
    const kept = new https.Agent({ ca: ca.caPem, keepAlive: true, maxSockets: 1 });
    const before = await call(listener.port, kept);
    const next = await ca.issue({ commonName: 'leaf', ipAddresses: ['127.0.0.1'] });
    listener.setSecureContext({ cert: next.certPem, key: next.keyPem });
    expect((await call(listener.port, kept)).peer).toBe(before.peer);
    const fresh = new https.Agent({ ca: ca.caPem });
    expect((await call(listener.port, fresh)).peer).not.toBe(before.peer);
    kept.destroy();
    fresh.destroy();
  });

  it('refuses more than 3 MiB', async () => {
    const { port } = await serve();
    const answer = await rawExchange(port, [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${3 * 1024 * 1024 + 1}\r\n\r\n`]);
    expect(answer.text).toMatch(/^HTTP\/1.1 413 [\s\S]*"message":"the body is larger than 3145728 bytes"/);
  });

  it('turns a throw into a 500 and goes on', async () => {
    const log = memoryLog();
    const { url } = await serve({
      log,
      onRequest: () => {
        throw new Error('boom');
      },
    });
    const answer = await fetch(url, { method: 'POST', body: 'x' });
    expect([answer.status, await answer.text()]).toEqual([500, '{"message":"internal error"}']);
    expect(log.lines.map((line) => line.message)).toEqual(['request failed']);
  });

  it('tells the handler when the client has gone, and forgets the request', async () => {
    let told: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (told = resolve));
    const listener = await serve({
      onRequest: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve(text('late'));
            told();
          });
        }),
    });
    const stop = new AbortController();
    const pending = fetch(listener.url, { method: 'POST', body: 'x', signal: stop.signal });
    while (listener.inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await expect(pending).rejects.toThrow();
    await gone;
    while (listener.inFlight > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('drains: serves on while readiness spreads, ends what is in flight, then is gone', async () => {
    let answer: () => void = () => undefined;
    const listener = await listenBytes({
      port: 0,
      onRequest: ({ path }) => (path === '/slow' ? new Promise((resolve) => (answer = () => resolve(text('slow')))) : text('quick')),
    });
    const slow = fetch(`${listener.url}/slow`, { method: 'POST' });
    while (listener.inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    const drained = listener.drain({ acceptMs: 100, finishMs: 10_000 });
    expect(await (await fetch(`${listener.url}/quick`, { method: 'POST' })).text()).toBe('quick');
    await new Promise((resolve) => setTimeout(resolve, 150));
    await expect(fetch(`${listener.url}/quick`, { method: 'POST' })).rejects.toThrow();
    answer();
    expect(await (await slow).text()).toBe('slow');
    await drained;
  });

  it('turns away what it has no room to hold, at once, and is as before when the others are answered', async () => {
    const answers: (() => void)[] = [];
    const told: string[] = [];
    const listener = await serve({
      limits: { maxWaiting: 2 },
      onOverload: (limit) => {
        told.push(limit);
        return { ...text('full', 503), headers: { 'retry-after': '1' } };
      },
      onRequest: ({ method }) => (method === 'GET' ? text('probe') : new Promise((resolve) => answers.push(() => resolve(text('late'))))),
    });
    const post = () => fetch(listener.url, { method: 'POST', body: 'x' });
    const held = [post(), post()];
    while (answers.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const refused = await Promise.all([post(), post(), post()]);
    expect(refused.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual(Array(3).fill([503, '1']));
    expect(told).toEqual(Array(3).fill('waiting-requests'));
    expect((await fetch(listener.url)).status).toBe(200);
    for (const answer of answers) answer();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    const after = post();
    while (answers.length < 3) await new Promise((resolve) => setImmediate(resolve));
    answers[2]?.();
    expect((await after).status).toBe(200);
  });

  it('holds no more bytes of bodies than it may, and keeps the connection of whoever sent too many', async () => {
    const listener = await serve({ limits: { maxHeldBytes: 1_000_000 } });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const post = (length: number): Promise<readonly [number | undefined, boolean]> =>
      new Promise((resolve, reject) => {
        const request = http.request({ port: listener.port, method: 'POST', agent }, (answer) => {
          answer.resume().on('end', () => resolve([answer.statusCode, request.reusedSocket]));
        });
        request.on('error', reject).end(Buffer.alloc(length));
      });
    expect(await post(900_000)).toEqual([200, false]);
    const slow = net.connect(listener.port, '127.0.0.1');
    slow.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n`);
    slow.write(Buffer.alloc(800_000));
    await expect.poll(async () => (await post(500_000))[0]).toBe(503);
    expect(await post(500_000)).toEqual([503, true]);
    expect(await post(10_000)).toEqual([200, true]);
    slow.destroy();
    await expect.poll(() => post(900_000)).toEqual([200, true]);
    agent.destroy();
  });

  it('shuts connections beyond its limit, and takes new ones when others went', async () => {
    let dropped = 0;
    const listener = await serve({
      limits: { maxConnections: 2 },
      onDrop: () => {
        dropped += 1;
      },
    });
    const open = async () => {
      const socket = net.connect(listener.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve));
      return socket;
    };
    const [one, two, three] = [await open(), await open(), await open()];
    await new Promise((resolve) => three.once('close', resolve));
    expect([dropped, one.destroyed, two.destroyed]).toEqual([1, false, false]);
    one.destroy();
    two.destroy();
    await expect
      .poll(() =>
        fetch(listener.url, { method: 'POST', body: 'x' }).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
  });

  it('survives garbage where a handshake should be', async () => {
    let failed = 0;
    const { port } = await serve({
      tls: { cert: leaf.certPem, key: leaf.keyPem },
      onFailedHandshake: () => {
        failed += 1;
      },
    });
    for (const bytes of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\x16\x03\x01\x00\x05hello', '\x00'.repeat(100)]) {
      expect((await rawExchange(port, [bytes])).closed).toBe(true);
    }
    const agent = new https.Agent({ ca: ca.caPem });
    expect((await call(port, agent)).status).toBe(200);
    expect(failed).toBe(3);
    agent.destroy();
  });

  it('hangs up without a word on who is too slow for a handshake, and says so', async () => {
    let failed = 0;
    const { port } = await serve({
      tls: { cert: leaf.certPem, key: leaf.keyPem },
      limits: { headersTimeoutMs: 50 },
      onFailedHandshake: () => {
        failed += 1;
      },
    });
    const { closed, text } = await rawExchange(port, []);
    expect([closed, text, failed]).toEqual([true, '', 1]);
  });
});
