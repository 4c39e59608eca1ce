/** What a server of ours takes from one client before it hangs up. All times in milliseconds. */
export interface HttpLimits {
  /** From the first byte (or the handshake) to the end of the headers. */
  readonly headersTimeoutMs: number;
  /** To the end of the request's body. Responses may take as long as they like. */
  readonly requestTimeoutMs: number;
  /** How long an idle connection is kept: above the 90 s of Go's HTTP client, so that the client closes first. */
  readonly keepAliveMs: number;
  /** How often slow connections are looked for. */
  readonly checkIntervalMs: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxConnections: number;
  readonly maxBodyBytes: number;
  /** Whole requests that wait for their answers at once; more than three API servers have in flight by default. `listenBytes` alone. */
  readonly maxWaiting: number;
  /** Bytes of all bodies that are there in part or wait for their answers, but for the first piece of each; `listenBytes` alone. */
  readonly maxHeldBytes: number;
}

/** The limits of an admission webhook; every server of ours starts from them. 3 MiB is what a kube-apiserver accepts from its own clients. */
export const DEFAULT_LIMITS: HttpLimits = {
  headersTimeoutMs: 3_000,
  requestTimeoutMs: 5_000,
  keepAliveMs: 95_000,
  checkIntervalMs: 500,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
  maxConnections: 1_000,
  maxBodyBytes: 3 * 1024 * 1024,
  maxWaiting: 750,
  maxHeldBytes: 64 * 1024 * 1024,
};

/** A certificate chain and its key, PEM. `ca`: ask clients for a certificate of this authority and refuse others. */
export interface TlsOptions {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  /** Default `TLSv1.3`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's names of TLS 1.2 suites, best first; the suites of TLS 1.3 are always offered. Default: the platform's choice. */
  readonly ciphers?: readonly string[];
}
