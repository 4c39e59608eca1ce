import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Log, silentLog } from '../../base/log.ts';
import { ListenError } from '../errors.ts';
import { DEFAULT_LIMITS, type HttpLimits, type TlsOptions } from '../http-limits.ts';

export interface HttpServerOptions {
  readonly tls?: TlsOptions | undefined;
  readonly limits?: Partial<HttpLimits> | undefined;
  readonly log?: Log | undefined;
  /** A connection beyond the limit was shut. Default: a log line. */
  readonly onDrop?: (() => void) | undefined;
  /** A connection came to nothing before it was a TLS session; debug lines say why. */
  readonly onFailedHandshake?: (() => void) | undefined;
  readonly onRequest: (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => void;
}

const REASONS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
};

/**
 * One HTTP/1.1 server with the limits of `HttpLimits`, which ends in an orderly way. Node's own defaults keep a client
 * that drips one byte every half second for minutes, and drop headers beyond the hundredth without a word.
 */
export class HttpServer {
  readonly limits: HttpLimits;
  readonly #server: http.Server | https.Server;
  readonly #secure: boolean;
  readonly #log: Log;
  #draining = false;
  #sendsAway = false;
  #inFlight = 0;

  constructor(options: HttpServerOptions) {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.limits = limits;
    this.#log = options.log ?? silentLog;
    this.#secure = options.tls !== undefined;
    const settings: http.ServerOptions = {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      maxHeaderSize: limits.maxHeaderBytes,
      requireHostHeader: true,
      insecureHTTPParser: false,
      noDelay: true,
    };
    const onAnswered = (): void => {
      this.#inFlight -= 1;
      if (this.#draining) this.#server.closeIdleConnections();
    };
    const onRequest = (incoming: http.IncomingMessage, outgoing: http.ServerResponse): void => {
      if (this.#sendsAway) outgoing.shouldKeepAlive = false;
      this.#inFlight += 1;
      outgoing.on('close', onAnswered);
      options.onRequest(incoming, outgoing);
    };
    this.#server = options.tls
      ? https.createServer({ ...settings, ...tlsSettings(options.tls, limits) }, onRequest)
      : http.createServer(settings, onRequest);
    // One more than allowed, so that the surplus is seen and refused instead of dropped.
    this.#server.maxHeadersCount = limits.maxHeaders + 1;
    this.#server.maxConnections = limits.maxConnections;
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => this.#refuseClient(error, socket));
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
      this.#log.debug('refused tls client', { error: error.code ?? error.message });
      options.onFailedHandshake?.();
    });
    const onDrop = options.onDrop ?? (() => this.#log.warn('dropped connection', { limit: limits.maxConnections }));
    this.#server.on('drop', onDrop);
    this.#server.on('upgrade', (_incoming, socket: Duplex) => {
      socket.end('HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    this.#server.on('connect', (_incoming, socket: Duplex) => {
      socket.end('HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    // A reset between accept and handshake must never become an uncaught exception.
    this.#server.on('connection', (socket: Socket) => socket.on('error', () => undefined));
  }

  /** Resolves with the port once it accepts. Rejects with `ListenError`. */
  async start(address: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => reject(new ListenError(address, port, error));
      this.#server.once('error', onError);
      this.#server.listen({ host: address, port, backlog: 1024 }, () => {
        this.#server.off('error', onError);
        resolve();
      });
    });
    this.#server.on('error', (error: NodeJS.ErrnoException) => this.#log.error('listener failed', { error: error.code ?? error.message }));
    return (this.#server.address() as AddressInfo).port;
  }

  /** New handshakes take this certificate; connections that exist keep theirs. */
  setSecureContext(tls: TlsOptions): void {
    if (this.#server instanceof https.Server) this.#server.setSecureContext(tlsSettings(tls, this.limits));
  }

  /** Requests whose headers were read and which are not yet answered. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Answers as before, and hangs up after each answer, so that clients with open connections turn elsewhere before the end. */
  sendAway(): void {
    this.#sendsAway = true;
  }

  get secure(): boolean {
    return this.#secure;
  }

  /** Accepts no more, lets requests in flight end within `graceMs`, then cuts what is left. Resolves when nothing is open. */
  async close(graceMs: number): Promise<void> {
    this.#draining = true;
    this.#sendsAway = true;
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
      this.#server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  #refuseClient(error: NodeJS.ErrnoException, socket: Duplex): void {
    this.#log.debug('refused client', { error: error.code ?? error.message });
    // Who has not finished a handshake cannot read an answer.
    if (error.code === 'ECONNRESET' || error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT' || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = REASONS[error.code ?? ''] ?? '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
  }
}

/** Node turns TLS 1.3 off when a list of suites names none of its own. */
const TLS13_SUITES = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];

function tlsSettings(tls: TlsOptions, limits: HttpLimits): https.ServerOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    minVersion: tls.minVersion ?? 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.headersTimeoutMs,
    ...(tls.ciphers === undefined || tls.ciphers.length === 0 ? {} : { ciphers: [...TLS13_SUITES, ...tls.ciphers].join(':') }),
    ...(tls.ca === undefined ? {} : { ca: tls.ca, requestCert: true, rejectUnauthorized: true }),
  };
}
