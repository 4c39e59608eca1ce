import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../base/clock.ts';
import { silentLog } from '../../../base/log.ts';
import { type Authority, createAuthority } from '../../../host/authority.ts';
import { listen } from '../../../host/listen.ts';
import { generateSigningKeyPem } from '../../../host/signing-key.ts';
import { systemClock } from '../../../host/system-clock.ts';
import { signToken } from '../../../oidc/sign-token.ts';
import { importSigningKey } from '../../../oidc/signing-key.ts';
import { verifyToken } from '../../../oidc/verify-token.ts';
import { issuerHandler } from '../../issuer/issuer-handler.ts';
import { createIssuerKeys, type IssuerKeys, type IssuerKeysOptions } from './create-issuer-keys.ts';

const HOST = 'oidc.eks.us-west-2.podrole.test';
const ISSUER = `https://${HOST}/id/A1`;
const KEYS = [{ kty: 'RSA', kid: 'one', n: 'AQAB', e: 'AQAB' }];
const DISCOVERY = {
  issuer: ISSUER,
  jwks_uri: `${ISSUER}/keys`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Wall time and timers are real, since sockets are; monotonic time moves when told. */
class TestClock implements Clock {
  #monotonic = 0;
  readonly #real = systemClock();
  now = (): Date => this.#real.now();
  monotonic = (): number => this.#monotonic;
  after = this.#real.after;
  advance(ms: number): void {
    this.#monotonic += ms;
  }
}

const json =
  (body: unknown, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

describe('createIssuerKeys', () => {
  const clock = new TestClock();
  const servers: Server[] = [];
  let authority: Authority;
  let otherAuthority: Authority;
  let credentials: { readonly cert: string; readonly key: string };

  beforeAll(async () => {
    authority = await createAuthority({ clock: systemClock(), commonName: 'test' });
    otherAuthority = await createAuthority({ clock: systemClock(), commonName: 'other' });
    const { certPem, keyPem } = await authority.issue({ commonName: HOST, dnsNames: [HOST] });
    credentials = { cert: certPem, key: keyPem };
  });

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  interface Issuer {
    readonly port: number;
    readonly requests: string[];
    readonly seen: { readonly headers: IncomingMessage['headers']; readonly serverName: unknown }[];
    readonly answers: Record<string, Answer>;
  }

  /** An issuer that works, but for the answers that a test puts in the place of its own. */
  const startIssuer = async (answers: Record<string, Answer> = {}, tls = credentials): Promise<Issuer> => {
    const requests: string[] = [];
    const seen: Issuer['seen'] = [];
    const all: Record<string, Answer> = {
      '/id/A1/.well-known/openid-configuration': json(DISCOVERY),
      '/id/A1/keys': json({ keys: KEYS }, { 'cache-control': 'public, max-age=3600' }),
      ...answers,
    };
    const server = createServer(tls, (request, response) => {
      const { pathname } = new URL(request.url ?? '', 'https://x');
      requests.push(pathname);
      seen.push({ headers: request.headers, serverName: (request.socket as { servername?: unknown }).servername });
      const answer = all[pathname];
      if (answer) answer(request, response);
      else response.writeHead(404).end();
    });
    // A client that gives up on us resets the connection; that is what these tests provoke.
    server.on('tlsClientError', () => undefined);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as AddressInfo).port, requests, seen, answers: all };
  };

  const fetcher = (port: number, options: Partial<IssuerKeysOptions> = {}): IssuerKeys =>
    createIssuerKeys({
      resolve: new Map([[HOST, { address: '127.0.0.1', port }]]),
      ca: authority.caPem,
      clock,
      log: silentLog,
      ...options,
    });

  const forever = (): AbortSignal => new AbortController().signal;
  const fetchWith = async (answers: Record<string, Answer>, options: Partial<IssuerKeysOptions> = {}) => {
    const issuer = await startIssuer(answers);
    return fetcher(issuer.port, options).fetchKeys(ISSUER, undefined, forever());
  };

  it('finds the keys by way of discovery, with the name of the issuer on the wire', async () => {
    const issuer = await startIssuer();
    expect(await fetcher(issuer.port).fetchKeys(ISSUER, 'one', forever())).toEqual({ ok: true, keys: KEYS });
    expect(issuer.requests).toEqual(['/id/A1/.well-known/openid-configuration', '/id/A1/keys']);
    for (const { headers, serverName } of issuer.seen) {
      expect(headers.host).toBe(HOST);
      expect(headers['accept-encoding']).toBe('identity');
      expect(serverName).toBe(HOST);
    }
  });

  it("fetches from the sandbox's own issuer what verifies its tokens", async () => {
    const key = await importSigningKey(await generateSigningKeyPem());
    const listener = await listen({
      handler: issuerHandler({ issuer: ISSUER, keys: () => [key.publicJwk] }),
      tls: credentials,
      port: 0,
      allowedHosts: [HOST],
    });
    const fetched = await fetcher(listener.port).fetchKeys(ISSUER, key.kid, forever());
    await listener.close(0);
    const now = new Date('2026-11-24T08:00:00Z');
    const seconds = now.getTime() / 1000;
    const token = await signToken({
      key,
      claims: { aud: ['a'], exp: seconds + 60, iat: seconds, iss: ISSUER, sub: 'system:serviceaccount:a:b' },
    });
    const verdict = await verifyToken(token, { issuer: ISSUER, clientIds: ['a'], jwks: { keys: fetched.ok ? fetched.keys : [] }, now });
    expect(verdict).toMatchObject({ ok: true, subject: 'system:serviceaccount:a:b', audience: 'a', warnings: [] });
  });

  describe('cache', () => {
    it('keeps keys for the age that the issuer gives, and not longer', async () => {
      const issuer = await startIssuer();
      const keys = fetcher(issuer.port);
      const first = await keys.fetchKeys(ISSUER, 'one', forever());
      clock.advance(3_599_999);
      const second = await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(2);
      expect(first.ok && second.ok && first.keys === second.keys).toBe(true);
      clock.advance(1);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });

    it('looks again within a day, whatever age the issuer gives', async () => {
      const issuer = await startIssuer({ '/id/A1/keys': json({ keys: KEYS }, { 'cache-control': 'max-age=31536000' }) });
      const keys = fetcher(issuer.port);
      await keys.fetchKeys(ISSUER, 'one', forever());
      clock.advance(24 * 3_600_000 - 1);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(2);
      clock.advance(1);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });

    it('keeps keys of a silent issuer for the default age', async () => {
      const issuer = await startIssuer({ '/id/A1/keys': json({ keys: KEYS }) });
      const keys = fetcher(issuer.port, { defaultTtlMs: 90_000 });
      await keys.fetchKeys(ISSUER, 'one', forever());
      clock.advance(89_999);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(2);
      clock.advance(1);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });

    it('asks an issuer that forbids caching once per cooldown', async () => {
      const issuer = await startIssuer({ '/id/A1/keys': json({ keys: KEYS }, { 'cache-control': 'no-store' }) });
      const keys = fetcher(issuer.port);
      for (let index = 0; index < 20; index++) expect((await keys.fetchKeys(ISSUER, 'one', forever())).ok).toBe(true);
      expect(issuer.requests.length).toBe(2);
      clock.advance(30_000);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });

    it('fetches at most once per cooldown for a thousand unknown kids, asked one by one or at once', async () => {
      const issuer = await startIssuer();
      const keys = fetcher(issuer.port);
      for (let index = 0; index < 500; index++) expect((await keys.fetchKeys(ISSUER, `unknown-${index}`, forever())).ok).toBe(true);
      expect(issuer.requests.length).toBe(2);
      clock.advance(30_000);
      await Promise.all(Array.from({ length: 500 }, (_, index) => keys.fetchKeys(ISSUER, `other-${index}`, forever())));
      expect(issuer.requests.length).toBe(4);
    });

    it('finds a new key once the cooldown is over', async () => {
      const issuer = await startIssuer();
      const keys = fetcher(issuer.port);
      await keys.fetchKeys(ISSUER, 'one', forever());
      const rotated = [...KEYS, { kty: 'RSA', kid: 'two', n: 'AQAB', e: 'AQAB' }];
      issuer.answers['/id/A1/keys'] = json({ keys: rotated });
      clock.advance(29_999);
      expect(await keys.fetchKeys(ISSUER, 'two', forever())).toEqual({ ok: true, keys: KEYS });
      clock.advance(1);
      expect(await keys.fetchKeys(ISSUER, 'two', forever())).toEqual({ ok: true, keys: rotated });
    });

    it('shares one fetch among all who ask at once', async () => {
      const issuer = await startIssuer();
      const keys = fetcher(issuer.port);
      const results = await Promise.all(Array.from({ length: 50 }, () => keys.fetchKeys(ISSUER, 'one', forever())));
      expect(new Set(results.map((result) => result.ok && result.keys)).size).toBe(1);
      expect(issuer.requests.length).toBe(2);
    });

    it('serves the last keys of a failing issuer until their age, then its failure', async () => {
      const issuer = await startIssuer();
      const keys = fetcher(issuer.port);
      await keys.fetchKeys(ISSUER, 'one', forever());
      issuer.answers['/id/A1/keys'] = (_request, response) => response.writeHead(503).end();
      clock.advance(60_000);
      expect(await keys.fetchKeys(ISSUER, 'unknown', forever())).toEqual({ ok: true, keys: KEYS });
      expect(issuer.requests.length).toBe(4);
      clock.advance(3_540_000);
      expect(await keys.fetchKeys(ISSUER, 'one', forever())).toMatchObject({ ok: false, reason: 'status-unexpected' });
    });

    it('asks a failing issuer once per cooldown', async () => {
      const issuer = await startIssuer({ '/id/A1/keys': (_request, response) => response.writeHead(500).end() });
      const keys = fetcher(issuer.port);
      for (let index = 0; index < 20; index++) await keys.fetchKeys(ISSUER, `kid-${index}`, forever());
      expect(issuer.requests.length).toBe(2);
    });

    it('forgets an issuer when told', async () => {
      const issuer = await startIssuer();
      const keys = fetcher(issuer.port);
      await keys.fetchKeys(ISSUER, 'one', forever());
      keys.invalidate(ISSUER);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });

    it('does not keep what was asked before it was told to forget', async () => {
      const issuer = await startIssuer();
      const keys = fetcher(issuer.port);
      const early = keys.fetchKeys(ISSUER, 'one', forever());
      keys.invalidate(ISSUER);
      await early;
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });
  });

  it('stops waiting when the signal aborts, and fetches on for the others', async () => {
    const issuer = await startIssuer();
    const keys = fetcher(issuer.port);
    const controller = new AbortController();
    const impatient = keys.fetchKeys(ISSUER, 'one', controller.signal);
    const patient = keys.fetchKeys(ISSUER, 'one', forever());
    controller.abort(new Error('gone'));
    await expect(impatient).rejects.toThrow('gone');
    expect(await patient).toEqual({ ok: true, keys: KEYS });
    await expect(keys.fetchKeys(ISSUER, 'one', AbortSignal.abort(new Error('gone before')))).rejects.toThrow('gone before');
  });

  describe('a hostile or broken issuer', () => {
    const DISCOVERY_AT = '/id/A1/.well-known/openid-configuration';
    const KEYS_AT = '/id/A1/keys';

    it.each([DISCOVERY_AT, KEYS_AT])('may not redirect from %s, not even to itself', async (path) => {
      const redirect: Answer = (_request, response) => response.writeHead(302, { location: `https://${HOST}/elsewhere` }).end();
      const result = await fetchWith({ [path]: redirect, '/elsewhere': json({ keys: KEYS }) });
      expect(result).toMatchObject({ ok: false, reason: 'redirect-refused' });
    });

    it.each([DISCOVERY_AT, KEYS_AT])('may not send more than the limit from %s, announced or not', async (path) => {
      const announced: Answer = (_request, response) => response.writeHead(200, { 'content-length': '2000000' }).end('x'.repeat(2_000_000));
      const endless: Answer = (_request, response) => {
        response.writeHead(200);
        const write = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', write);
        write();
      };
      expect(await fetchWith({ [path]: announced })).toMatchObject({ ok: false, reason: 'document-too-large' });
      expect(await fetchWith({ [path]: endless })).toMatchObject({ ok: false, reason: 'document-too-large' });
    });

    it('has a limit for all of a document, however steadily it drips', async () => {
      const drip: Answer = (_request, response) => {
        const timer = setInterval(() => response.write(' '), 5);
        response.on('close', () => clearInterval(timer));
      };
      expect(await fetchWith({ [KEYS_AT]: drip }, { timeoutMs: 60 })).toMatchObject({ ok: false, reason: 'timeout' });
      expect(await fetchWith({ [DISCOVERY_AT]: () => undefined }, { timeoutMs: 60 })).toMatchObject({ ok: false, reason: 'timeout' });
    });

    it('may not compress', async () => {
      const gzip: Answer = (_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify({ keys: KEYS })));
      expect(await fetchWith({ [KEYS_AT]: gzip })).toMatchObject({ ok: false, reason: 'encoding-refused' });
    });

    it('may not break off', async () => {
      const breakOff: Answer = (request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"keys":', () => request.socket.destroy());
      };
      expect(await fetchWith({ [KEYS_AT]: breakOff })).toMatchObject({ ok: false, reason: 'connection-failed' });
    });

    it('may not name another issuer', async () => {
      const issuer = `${ISSUER}/`;
      expect(await fetchWith({ [DISCOVERY_AT]: json({ ...DISCOVERY, issuer }) })).toEqual({
        ok: false,
        reason: 'issuer-mismatch',
        message: `${ISSUER}/.well-known/openid-configuration names issuer ${issuer}; it must name ${ISSUER}`,
      });
    });

    it.each([
      'https://attacker.podrole.test/keys',
      `https://${HOST}:8443/keys`,
      `https://${HOST}@attacker.podrole.test/keys`,
      `https://user@${HOST}/id/A1/keys`,
    ])('may not have its keys at %s', async (jwksUri) => {
      expect(await fetchWith({ [DISCOVERY_AT]: json({ ...DISCOVERY, jwks_uri: jwksUri }) })).toMatchObject({
        ok: false,
        reason: 'jwks-uri-refused',
      });
    });

    it('may not have its keys on plain http', async () => {
      expect(await fetchWith({ [DISCOVERY_AT]: json({ ...DISCOVERY, jwks_uri: `http://${HOST}/keys` }) })).toEqual({
        ok: false,
        reason: 'discovery-invalid',
        message: `${ISSUER}/.well-known/openid-configuration: /jwks_uri must be a URL that starts with https://`,
      });
    });

    it('must have all five members in its discovery document', async () => {
      const { id_token_signing_alg_values_supported: _, ...incomplete } = DISCOVERY;
      expect(await fetchWith({ [DISCOVERY_AT]: json(incomplete) })).toMatchObject({ ok: false, reason: 'discovery-invalid' });
    });

    it.each(['<html>', '[]', '{"keys":1}', '{"keys":[1]}', `{"keys":${'['.repeat(100_000)}`])(
      'must publish a key set, not %s',
      async (body) => {
        const answer: Answer = (_request, response) => response.writeHead(200).end(body);
        expect(await fetchWith({ [KEYS_AT]: answer })).toMatchObject({ ok: false, reason: 'key-set-invalid' });
      },
    );

    it('must write UTF-8', async () => {
      const answer: Answer = (_request, response) => response.writeHead(200).end(Buffer.from([0x7b, 0xff, 0x7d]));
      expect(await fetchWith({ [KEYS_AT]: answer })).toMatchObject({ ok: false, reason: 'document-not-utf8' });
    });

    it('must answer 200', async () => {
      const answer: Answer = (_request, response) => response.writeHead(403).end();
      expect(await fetchWith({ [KEYS_AT]: answer })).toMatchObject({ ok: false, reason: 'status-unexpected' });
    });

    it('must have a certificate of the given authority, for its name', async () => {
      const foreign = await otherAuthority.issue({ commonName: HOST, dnsNames: [HOST] });
      const misnamed = await authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] });
      for (const { certPem, keyPem } of [foreign, misnamed]) {
        const issuer = await startIssuer({}, { cert: certPem, key: keyPem });
        expect(await fetcher(issuer.port).fetchKeys(ISSUER, undefined, forever())).toMatchObject({
          ok: false,
          reason: 'certificate-refused',
        });
        expect(issuer.requests).toEqual([]);
      }
    });

    it('must listen', async () => {
      const { port } = await startIssuer();
      servers.at(-1)?.close();
      expect(await fetcher(port).fetchKeys(ISSUER, undefined, forever())).toMatchObject({ ok: false, reason: 'connection-failed' });
    });
  });

  it('connects to no host that is not mapped', async () => {
    const issuer = await startIssuer();
    expect(await fetcher(issuer.port).fetchKeys('https://169.254.169.254/latest', undefined, forever())).toEqual({
      ok: false,
      reason: 'issuer-not-mapped',
      message: '169.254.169.254 has no address; give one with --issuer-resolve 169.254.169.254=ADDRESS:PORT',
    });
    expect(issuer.requests).toEqual([]);
  });

  it.each(['http://x.test', 'https://x.test:8443', 'https://x.test/?a', 'file:///etc/passwd', ''])(
    'does not ask %j, which is no issuer',
    async (issuer) => {
      expect(await fetcher(1).fetchKeys(issuer, undefined, forever())).toMatchObject({ ok: false, reason: 'issuer-invalid' });
    },
  );
});
