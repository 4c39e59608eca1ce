import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '../../host/authority.ts';
import { systemClock } from '../../host/system-clock.ts';
import { documentFetcher, type FetchDocumentOptions } from './fetch-document.ts';

const HOST = 'issuer.podrole.test';
let answer: (response: ServerResponse) => void;
let server: Server;
let access: FetchDocumentOptions;
beforeAll(async () => {
  const authority = await createAuthority({ clock: systemClock(), commonName: 'test', days: 1 });
  const { certPem, keyPem } = await authority.issue({ commonName: HOST, dnsNames: [HOST, 'localhost'] });
  server = createServer({ cert: certPem, key: keyPem }, (_, response) => answer(response));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  access = { ca: authority.caPem, resolve: new Map([[HOST, { address: '127.0.0.1', port }]]) };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('documentFetcher', () => {
  const get = (more: Partial<FetchDocumentOptions> = {}, signal = new AbortController().signal) =>
    documentFetcher({ ...access, ...more })(`https://${HOST}/keys`, signal);
  const begun = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{');
  };

  it('follows nothing and unpacks nothing', async () => {
    answer = (response) => response.writeHead(302, { location: 'https://elsewhere.test/', 'content-encoding': 'gzip' }).end('x');
    expect(await get()).toMatchObject({ ok: true, status: 302, text: 'x' });
  });

  it('trusts the given authority and no other', async () => {
    answer = (response) => response.end('{}');
    expect(await get()).toMatchObject({ ok: true, status: 200, text: '{}' });
    expect(await get({ ca: undefined })).toMatchObject({ ok: false, reason: 'certificate-refused' });
  });

  it('tells an address that the internet does not reach, unless it was given', async () => {
    answer = (response) => response.end('{}');
    expect(await get()).not.toHaveProperty('privateAddress');
    const port = access.resolve.get(HOST)?.port ?? 0;
    const local = documentFetcher({ ca: access.ca, resolve: new Map() });
    expect(await local(`https://localhost:${port}/keys`, new AbortController().signal)).toMatchObject({
      ok: true,
      privateAddress: expect.stringMatching(/^127\./),
    });
  });

  it('gives up on an answer that does not end', async () => {
    answer = begun;
    expect(await get({ timeoutMs: 100 })).toMatchObject({ ok: false, reason: 'timeout' });
  });

  it('rejects with the reason of its caller, also in the middle of an answer', async () => {
    const caller = new AbortController();
    answer = (response) => {
      begun(response);
      setTimeout(() => caller.abort(new Error('enough')), 50);
    };
    await expect(get({}, caller.signal)).rejects.toThrow('enough');
  });

  it('tells a document that is too large or no text', async () => {
    answer = (response) => response.end(Buffer.alloc(1024 * 1024 + 1, 0x20));
    expect(await get()).toMatchObject({ ok: false, reason: 'document-too-large' });
    answer = (response) => response.end(Buffer.from([0xff]));
    expect(await get()).toMatchObject({ ok: false, reason: 'document-not-utf8' });
  });
});
