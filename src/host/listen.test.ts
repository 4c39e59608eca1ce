import net from 'node:net';
import v8 from 'node:v8';
import vm from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryLog } from '../../test/support/memory-log.ts';
import { rawExchange } from '../../test/support/raw-client.ts';
import { TextResponse } from '../base/text-response.ts';
import { type Listener, type ListenOptions, listen } from './listen.ts';

const open: Listener[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close(0)));
});

const quick = { headersTimeoutMs: 150, requestTimeoutMs: 300, checkIntervalMs: 30 };

async function serve(handler: ListenOptions['handler'], options: Partial<ListenOptions> = {}): Promise<Listener> {
  const listener = await listen({ handler, port: 0, ...options });
  open.push(listener);
  return listener;
}

const echo = async (request: Request): Promise<Response> =>
  Response.json({
    method: request.method,
    url: new URL(request.url).pathname,
    body: await request.text(),
    type: request.headers.get('content-type'),
  });

describe('listen', () => {
  it('serves requests with bodies, and answers with a length', async () => {
    const { url } = await serve(echo);
    const answer = await fetch(`${url}/a%20b?x=1`, { method: 'POST', body: 'grüße', headers: { 'content-type': 'text/x' } });
    expect(await answer.json()).toEqual({ method: 'POST', url: '/a%20b', body: 'grüße', type: 'text/x' });
    expect(answer.headers.get('content-length')).toBe('65');
  });

  it.each([
    ['in one piece', (text: string) => text],
    [
      'as it comes',
      (text: string) => new Blob([text]).stream().pipeThrough(new TransformStream({ flush: () => new Promise(setImmediate) })),
    ],
  ])('frames an answer of another server anew, sent %s', async (_, body) => {
    const { port } = await serve(async () => new Response(body('handed on'), { headers: { 'transfer-encoding': 'chunked' } }));
    const { text } = await rawExchange(port, ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n']);
    expect(text).toContain('handed on');
    expect(text.match(/^(transfer-encoding|content-length):/gim)).toHaveLength(1);
  });

  it('sends a text that is at hand in one piece, with its length in bytes', async () => {
    const { port, url } = await serve(async () => new TextResponse('grüße', { status: 202, headers: { 'content-type': 'text/x' } }));
    const { text } = await rawExchange(port, ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n']);
    expect(text).toMatch(/^HTTP\/1\.1 202 [\s\S]*content-type: text\/x\r\ncontent-length: 7\r\n/);
    expect(text).not.toMatch(/transfer-encoding/i);
    expect(await (await fetch(url)).text()).toBe('grüße');
    expect(await (await fetch(url, { method: 'HEAD' })).text()).toBe('');
  });

  it('hands the handler a request that the platform itself takes', async () => {
    const { url } = await serve(async (request) => new Response(await new Request(request, { method: 'PUT' }).text()));
    expect(await (await fetch(url, { method: 'POST', body: 'x' })).text()).toBe('x');
  });

  it('answers HEAD without a body and 204 without one', async () => {
    const { url } = await serve(async (request) =>
      request.method === 'HEAD' ? new Response('text') : new Response(null, { status: 204 }),
    );
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
    const empty = await fetch(url, { method: 'DELETE' });
    expect([empty.status, await empty.text()]).toEqual([204, '']);
  });

  it('keeps several cookies apart', async () => {
    const headers = new Headers([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    const { url } = await serve(async () => new Response('x', { headers }));
    expect((await fetch(url)).headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('turns a throw into a 500 and one log line without the query', async () => {
    const log = memoryLog();
    const { url } = await serve(
      async () => {
        throw new Error('boom');
      },
      { log },
    );
    const answer = await fetch(`${url}/path?token=secret`);
    expect([answer.status, await answer.json()]).toEqual([500, { message: 'internal error' }]);
    expect(log.lines).toEqual([{ level: 'error', message: 'request failed', fields: { error: 'boom', method: 'GET', path: '/path' } }]);
  });

  it('streams: headers before the first byte, every piece as it comes, and cancels when the client goes', async () => {
    let cancelled: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (cancelled = resolve));
    let push: (text: string) => void = () => undefined;
    let aborted = false;
    const { url } = await serve(async (request) => {
      request.signal.addEventListener('abort', () => (aborted = true));
      return new Response(
        new ReadableStream({
          start: (controller) => {
            push = (text) => controller.enqueue(new TextEncoder().encode(text));
          },
          cancel: () => cancelled(),
        }),
      );
    });
    const stop = new AbortController();
    const answer = await fetch(url, { signal: stop.signal });
    const reader = answer.body!.getReader();
    for (const piece of ['one\n', 'two\n']) {
      push(piece);
      expect(new TextDecoder().decode((await reader.read()).value)).toBe(piece);
    }
    stop.abort();
    await gone;
    expect(aborted).toBe(true);
  });

  it('cuts the connection when a stream fails half-way, so that nobody takes the torso for the whole', async () => {
    const log = memoryLog();
    const { url } = await serve(
      async () => {
        let sent = false;
        return new Response(
          new ReadableStream({
            pull: async (controller) => {
              if (sent) throw new Error('torn');
              sent = true;
              controller.enqueue(new TextEncoder().encode('half'));
              await new Promise((resolve) => setTimeout(resolve, 10));
            },
          }),
        );
      },
      { log },
    );
    await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow();
    expect(log.lines).toMatchObject([{ level: 'warn', message: 'response was cut', fields: { error: 'torn' } }]);
  });

  it('refuses bodies above the limit, declared or not', async () => {
    const { port } = await serve(echo, { maxBodyBytes: 10 });
    const declared = await rawExchange(port, ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n']);
    expect(declared.text).toMatch(/^HTTP\/1.1 413 /);
    const chunked = await rawExchange(port, [
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n',
    ]);
    expect(chunked.text).toMatch(/^HTTP\/1.1 413 /);
    const fits = await rawExchange(port, [
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\na\r\n1234567890\r\n0\r\n\r\n',
    ]);
    expect(fits.text).toContain('"body":"1234567890"');
  });

  it.each([
    ['two Host headers', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['an absolute-form target', 'GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['no Host header', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['another version', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
    ['length and chunks at once', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['a header above 16 KiB', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
    ['101 headers', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(100)}\r\n`, 431],
    ['an asterisk for a target', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['an upgrade', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n', 501],
    ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 501],
    ['no HTTP at all', '\x16\x03\x01 hello\r\n\r\n', 400],
  ])('refuses %s before any handler runs', async (_, bytes, status) => {
    let calls = 0;
    const { port } = await serve(async () => {
      calls += 1;
      return new Response('x');
    });
    const answer = await rawExchange(port, [bytes]);
    expect(answer.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer.closed).toBe(true);
    expect(calls).toBe(0);
  });

  it('takes a hundred headers', async () => {
    const { port } = await serve(async () => new Response('x'));
    const answer = await rawExchange(port, [`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'X: y\r\n'.repeat(98)}\r\n`]);
    expect(answer.text).toMatch(/^HTTP\/1.1 200 /);
  });

  it('cuts clients that say nothing, drip headers or drip a body', async () => {
    const { port } = await serve(echo, { limits: quick });
    const silent = await rawExchange(port, ['']);
    const header = await rawExchange(port, ['GET / HTTP/1.1\r\n', ...Array.from({ length: 1_000 }, () => 'X: y\r\n')], { pauseMs: 20 });
    const body = await rawExchange(
      port,
      ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n', ...Array.from({ length: 1_000 }, () => 'x')],
      { pauseMs: 20 },
    );
    expect([silent.closed, header.closed, body.closed]).toEqual([true, true, true]);
    expect(header.text).toMatch(/^HTTP\/1.1 408 /);
    expect(body.text).toMatch(/^HTTP\/1.1 408 /);
  });

  it('lets an answer take longer than a request may', async () => {
    const { url } = await serve(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 500));
        return new Response('late');
      },
      { limits: quick },
    );
    expect(await (await fetch(url)).text()).toBe('late');
  });

  it('survives a client that leaves at any byte', async () => {
    const { url, port } = await serve(echo);
    const bytes = 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n12345678901234567890';
    for (let length = 0; length <= bytes.length; length += 1) {
      await new Promise<void>((resolve) => {
        const socket = net.connect({ host: '127.0.0.1', port }, () => socket.write(bytes.slice(0, length), () => socket.resetAndDestroy()));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
      });
    }
    expect((await fetch(url)).status).toBe(200);
  });

  it('says who holds the port', async () => {
    const { port } = await serve(echo);
    await expect(listen({ handler: echo, port })).rejects.toMatchObject({
      code: 'listen-failed',
      message: `cannot listen on 127.0.0.1:${port}: the port is taken`,
    });
  });
});

describe('allowed hosts', () => {
  const get = (port: number, headers: string): Promise<{ readonly text: string }> =>
    rawExchange(port, [`GET / HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`]);

  it.each([
    ['Host: 127.0.0.1\r\n', 200],
    ['Host: LOCALHOST:9\r\n', 200],
    ['Host: pinned:8080\r\n', 200],
    ['Host: pinned:8081\r\n', 421],
    ['Host: evil.example\r\n', 421],
    ['Host: localhost.evil.example\r\n', 421],
    ['Host: \r\n', 421],
    ['Host: localhost\r\nOrigin: http://localhost:3000\r\n', 200],
    ['Host: localhost\r\nOrigin: http://evil.example\r\n', 403],
    ['Host: localhost\r\nOrigin: null\r\n', 403],
    ['Host: localhost\r\nOrigin: http://localhost@evil.example\r\n', 403],
    ['Host: localhost\r\nOrigin: file:///localhost\r\n', 403],
  ])('%j gives %d', async (headers, status) => {
    const { port } = await serve(async () => new Response('x'), { allowedHosts: ['127.0.0.1', 'localhost', 'Pinned:8080'] });
    expect((await get(port, headers)).text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});

describe('closing', () => {
  it('lets a request in flight end, closes its connection, and takes no new one', async () => {
    let answer: () => void = () => undefined;
    let arrived: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const listener = await listen({
      port: 0,
      handler: async () => {
        arrived();
        await new Promise<void>((resolve) => (answer = resolve));
        return new Response('done');
      },
    });
    const pending = fetch(listener.url);
    await arrival;
    const closing = listener.close(10_000);
    await expect(fetch(listener.url)).rejects.toThrow();
    answer();
    expect(await (await pending).text()).toBe('done');
    await closing;
  });

  it('cuts what does not end within the grace', async () => {
    const listener = await listen({ port: 0, handler: () => new Promise(() => undefined) });
    const pending = fetch(listener.url);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await listener.close(20);
    await expect(pending).rejects.toThrow();
  });

  it('does not wait for idle connections', async () => {
    const listener = await listen({ port: 0, handler: async () => new Response('x') });
    await (await fetch(listener.url)).text();
    await listener.close(60_000);
  });
});

it('tells a handler that kept nothing but the signal, after any number of garbage collections', async () => {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  let told: () => void = () => undefined;
  const heard = new Promise<void>((resolve) => (told = resolve));
  const { url } = await serve(async ({ signal }) => {
    signal.addEventListener('abort', () => told());
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) }));
  });
  const stop = new AbortController();
  const reader = (await fetch(url, { signal: stop.signal })).body!.getReader();
  await reader.read();
  for (let round = 0; round < 3; round += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  stop.abort();
  await heard;
});
