import { PodroleError } from '../base/errors.ts';

/** A server could not start: the address is taken or not ours (`listen-failed`). */
export class ListenError extends PodroleError {
  override readonly name = 'ListenError';

  constructor(address: string, port: number, cause: NodeJS.ErrnoException) {
    const why = cause.code === 'EADDRINUSE' ? 'the port is taken' : cause.message;
    super(`cannot listen on ${address}:${port}: ${why}`, {
      code: 'listen-failed',
      detail: { address, port, errno: cause.code ?? '' },
      hint: 'choose another port, or port 0 for any free one',
      cause,
    });
  }
}

/** A certificate and key that cannot serve TLS (`tls-pair-invalid`): unreadable, malformed, expired or not of each other. */
export class TlsPairError extends PodroleError {
  override readonly name = 'TlsPairError';

  constructor(message: string, cause?: unknown) {
    super(message, { code: 'tls-pair-invalid', retry: 'backoff', hint: 'replace both files with one matching pair', cause });
  }
}
