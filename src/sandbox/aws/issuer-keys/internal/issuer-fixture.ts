import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../../base/clock.ts';
import { silentLog } from '../../../../base/log.ts';
import { type Authority, createAuthority } from '../../../../host/authority.ts';
import { systemClock } from '../../../../host/system-clock.ts';
import { createIssuerKeys, type IssuerKeys, type IssuerKeysOptions } from '../create-issuer-keys.ts';

export const HOST = 'oidc.eks.us-west-2.podrole.test';
export const ISSUER = `https://${HOST}/id/A1`;
export const DISCOVERY_AT = '/id/A1/.well-known/openid-configuration';
export const KEYS_AT = '/id/A1/keys';
export const KEYS = [{ kty: 'RSA', kid: 'one', n: 'AQAB', e: 'AQAB' }];
export const DISCOVERY = {
  issuer: ISSUER,
  jwks_uri: `${ISSUER}/keys`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
};

/** How a test's issuer answers one path. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A 200 with JSON. */
export function json(body: unknown, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
}

/** A signal that never aborts. */
export function forever(): AbortSignal {
  return new AbortController().signal;
}

/** Wall time and timers are real, since sockets are; monotonic time moves when told. */
class FixtureClock implements Clock {
  #monotonic = 0;
  readonly #real = systemClock();
  now = (): Date => this.#real.now();
  monotonic = (): number => this.#monotonic;
  after = this.#real.after;
  advance(ms: number): void {
    this.#monotonic += ms;
  }
}

interface TlsCredentials {
  readonly cert: string;
  readonly key: string;
}

/** An issuer that listens, and what it was asked. */
export interface StartedIssuer {
  readonly port: number;
  /** Paths, in the order in which they were asked. */
  readonly requests: readonly string[];
  readonly seen: readonly { readonly headers: IncomingMessage['headers']; readonly serverName: unknown }[];
  /** By path; may be changed while the issuer runs. */
  readonly answers: Record<string, Answer>;
  stop(): void;
}

/** Real issuers over HTTPS on loopback, and fetchers that find them. */
export class IssuerFixture {
  readonly clock = new FixtureClock();
  readonly authority: Authority;
  readonly credentials: TlsCredentials;
  readonly #servers: Server[] = [];

  private constructor(authority: Authority, credentials: TlsCredentials) {
    this.authority = authority;
    this.credentials = credentials;
  }

  static async create(): Promise<IssuerFixture> {
    const authority = await createAuthority({ clock: systemClock(), commonName: 'test' });
    const { certPem, keyPem } = await authority.issue({ commonName: HOST, dnsNames: [HOST] });
    return new IssuerFixture(authority, { cert: certPem, key: keyPem });
  }

  /** An issuer that works, but for the answers that a test puts in the place of its own. */
  async start(answers: Record<string, Answer> = {}, tls: TlsCredentials = this.credentials): Promise<StartedIssuer> {
    const requests: string[] = [];
    const seen: { readonly headers: IncomingMessage['headers']; readonly serverName: unknown }[] = [];
    const all: Record<string, Answer> = {
      [DISCOVERY_AT]: json(DISCOVERY),
      [KEYS_AT]: json({ keys: KEYS }, { 'cache-control': 'public, max-age=3600' }),
      ...answers,
    };
    const server = createServer(tls, (request, response) => {
      const { pathname } = new URL(request.url ?? '', ISSUER);
      requests.push(pathname);
      seen.push({ headers: request.headers, serverName: 'servername' in request.socket ? request.socket.servername : undefined });
      const answer = all[pathname];
      if (answer) answer(request, response);
      else response.writeHead(404).end();
    });
    // A client that gives up on us resets the connection; that is what these tests provoke.
    server.on('tlsClientError', () => undefined);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as AddressInfo).port, requests, seen, answers: all, stop: () => server.close() };
  }

  /** A fetcher that maps the issuer's host to a port of loopback. */
  fetcher(port: number, options: Partial<IssuerKeysOptions> = {}): IssuerKeys {
    return createIssuerKeys({
      resolve: new Map([[HOST, { address: '127.0.0.1', port }]]),
      ca: this.authority.caPem,
      clock: this.clock,
      log: silentLog,
      ...options,
    });
  }

  /** Stops every issuer that was started. */
  stopAll(): void {
    for (const server of this.#servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  }
}
