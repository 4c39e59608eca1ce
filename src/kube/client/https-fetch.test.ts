import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, type IssuedCertificate } from '../../host/authority.ts';
import { systemClock } from '../../host/system-clock.ts';
import { type HttpsFetch, httpsFetch } from './https-fetch.ts';

let ca: Authority;
let leaf: IssuedCertificate;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  ca = await createAuthority({ clock: systemClock(), commonName: 'test' });
  leaf = await ca.issue({ commonName: 'server', dnsNames: ['api.test'], ipAddresses: ['127.0.0.1'] });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function server(
  listener: http.RequestListener,
  options: https.ServerOptions = {},
): Promise<{ readonly url: string; readonly connections: () => number; readonly server: https.Server }> {
  let connections = 0;
  const made = https.createServer({ cert: leaf.certPem, key: leaf.keyPem, ...options }, listener);
  made.on('secureConnection', () => (connections += 1));
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    made.closeAllConnections();
    return new Promise((resolve) => made.close(resolve));
  });
  return { url: `https://127.0.0.1:${(made.address() as AddressInfo).port}`, connections: () => connections, server: made };
}

function client(options = {}): HttpsFetch {
  const fetch = httpsFetch({ ca: ca.caPem, ...options });
  cleanups.push(() => fetch.close());
  return fetch;
}

describe('httpsFetch', () => {
  it('uses one connection for a hundred requests in a row', async () => {
    const { url, connections } = await server((_, response) => response.end('x'));
    const fetch = client();
    for (let index = 0; index < 100; index += 1) expect(await (await fetch(new Request(url))).text()).toBe('x');
    expect(connections()).toBe(1);
  });

  it('sends the body whole with its length, and hands headers over both ways', async () => {
    const { url } = await server((request, response) => {
      response.setHeader('x-length', request.headers['content-length'] ?? '');
      response.setHeader('x-encoding', request.headers['transfer-encoding'] ?? 'none');
      response.setHeader('warning', ['299 - "a"', '299 - "b"']);
      request.pipe(response);
    });
    const answer = await client()(new Request(url, { method: 'PATCH', body: 'grüße' }));
    expect(await answer.text()).toBe('grüße');
    expect([answer.headers.get('x-length'), answer.headers.get('x-encoding'), answer.headers.get('warning')]).toEqual([
      '7',
      'none',
      '299 - "a", 299 - "b"',
    ]);
  });

  it('streams, and lets the connection go when the reader does', async () => {
    let closed: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const { url } = await server((_, response) => {
      response.write('one');
      response.on('close', () => closed());
    });
    const answer = await client()(new Request(url));
    const reader = answer.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('one');
    await reader.cancel();
    await gone;
  });

  it('does not read ahead of a slow reader without end', async () => {
    let sent = 0;
    const { url } = await server((_, response) => {
      const more = (): void => {
        while (sent < 64 && response.write(Buffer.alloc(1024 * 1024))) sent += 1;
        if (sent < 64) sent += 1;
      };
      response.on('drain', more);
      more();
    });
    const answer = await client()(new Request(url));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sent).toBeLessThan(32);
    await answer.body?.cancel();
  });

  it('rejects with the reason of an abort, before, during and after the headers', async () => {
    const { url } = await server((request, response) => {
      if (request.url === '/stream') response.write('x');
    });
    const fetch = client();
    const reason = new Error('enough');
    await expect(fetch(new Request(url, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    const during = new AbortController();
    const pending = fetch(new Request(url, { signal: during.signal }));
    setTimeout(() => during.abort(reason), 30);
    await expect(pending).rejects.toBe(reason);
    const after = new AbortController();
    const answer = await fetch(new Request(`${url}/stream`, { signal: after.signal }));
    const reader = answer.body!.getReader();
    await reader.read();
    after.abort(reason);
    await expect(reader.read()).rejects.toBe(reason);
  });

  it('fails when the answer breaks off inside its body', async () => {
    const { url } = await server((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    await expect(client()(new Request(url)).then((answer) => answer.text())).rejects.toThrow();
  });

  it('tries a read again when a kept connection was closed under it, never a write', async () => {
    let requests = 0;
    const { url } = await server((request, response) => {
      requests += 1;
      request.resume();
      if (requests === 2) request.socket.destroy();
      else response.end('x');
    });
    const fetch = client();
    await (await fetch(new Request(url))).text();
    expect(await (await fetch(new Request(url))).text()).toBe('x');
    expect(requests).toBe(3);
    requests = 1;
    await expect(fetch(new Request(url, { method: 'POST', body: 'x' }))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(requests).toBe(2);
  });

  it('does not follow redirects, and knows answers without a body', async () => {
    const { url } = await server((request, response) => {
      response.writeHead(request.url === '/moved' ? 302 : 204, { location: 'https://example.invalid/' });
      response.end();
    });
    expect((await client()(new Request(`${url}/moved`, { redirect: 'manual' }))).status).toBe(302);
    const empty = await client()(new Request(url));
    expect([empty.status, empty.body]).toEqual([204, null]);
  });

  it('trusts only the authority it was given, and checks the name it was told', async () => {
    const { url } = await server((_, response) => response.end('x'));
    await expect(httpsFetch({})(new Request(url))).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    await expect(client({ servername: 'other.test' })(new Request(url))).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect((await client({ servername: 'api.test' })(new Request(url))).status).toBe(200);
    expect((await httpsFetch({ rejectUnauthorized: false, keepAlive: false })(new Request(url))).status).toBe(200);
  });

  it('presents a client certificate', async () => {
    const { url } = await server(
      (request, response) => response.end((request.socket as import('node:tls').TLSSocket).getPeerCertificate().subject.CN),
      {
        ca: ca.caPem,
        requestCert: true,
      },
    );
    const own = await ca.issue({ commonName: 'admin', usages: ['client'] });
    expect(await (await client({ cert: own.certPem, key: own.keyPem })(new Request(url))).text()).toBe('admin');
  });

  it('does not wait for ever for a handshake', async () => {
    const mute = net.createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    await expect(client({ connectTimeoutMs: 50 })(new Request(`https://127.0.0.1:${port}`))).rejects.toThrow(
      `no connection to 127.0.0.1:${port} within 50 ms`,
    );
    mute.close();
  });

  it('goes through a proxy where one is configured', async () => {
    const { url } = await server((_, response) => response.end('through'));
    const asked: string[] = [];
    const proxy = http.createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      const target = net.connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => socket.destroy());
      socket.on('error', () => target.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const fetch = client({ proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    expect(await (await fetch(new Request(url, { method: 'POST', body: 'x' }))).text()).toBe('through');
    expect(asked).toEqual([new URL(url).host]);
    fetch.close();
    proxy.close();
  });
});
