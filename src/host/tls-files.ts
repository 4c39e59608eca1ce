import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { type Log, silentLog } from '../base/log.ts';
import { TlsPairError } from './errors.ts';

/** A certificate and key that were found to belong together. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Checks a pair. Throws `TlsPairError`: malformed, not of each other, or already expired. */
export function checkTlsPair(cert: string, key: string, now: Date): TlsPair {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
    createSecureContext({ cert, key });
  } catch (error) {
    throw new TlsPairError(`the certificate and key cannot be used: ${messageOf(error)}`, error);
  }
  const notBefore = new Date(leaf.validFrom);
  const notAfter = new Date(leaf.validTo);
  if (notAfter <= now) throw new TlsPairError(`the certificate expired at ${notAfter.toISOString()}`);
  return { cert, key, notBefore, notAfter };
}

/** From this long before its end on a certificate counts as ended, in milliseconds: clocks differ, and endpoints take their time. */
const END_LEAD_MS = 60_000;

/** Why a pair is of no use now, or will not be in a minute; `undefined`: it is good. */
export function pairProblem({ notBefore, notAfter }: TlsPair, now: Date): string | undefined {
  if (notAfter <= now) return `the certificate expired at ${notAfter.toISOString()}`;
  if (notAfter.getTime() - now.getTime() <= END_LEAD_MS) return `the certificate expires at ${notAfter.toISOString()}`;
  return notBefore > now ? `the certificate is not valid before ${notBefore.toISOString()}` : undefined;
}

export interface TlsFilesOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clock: Clock;
  /** Default 10,000. */
  readonly intervalMs?: number;
  /** A new good pair is there. */
  readonly onChange: (pair: TlsPair) => void;
  readonly log?: Log;
}

/** A watched pair. */
export interface TlsFiles {
  /** The last good pair. */
  current(): TlsPair;
  /** What is wrong with the files as they are now, while an older pair is used. */
  problem(): string | undefined;
  close(): void;
}

/**
 * Loads a pair and looks at the files again and again: by content, so that the symlink swap of a mounted Secret, a copy in place and a file
 * system without events all count. A bad pair (half written, not of each other, expired, not yet valid) is reported and the last good one kept.
 * Rejects with `TlsPairError` when there is none to begin with.
 */
export async function watchTlsFiles(options: TlsFilesOptions): Promise<TlsFiles> {
  const log = options.log ?? silentLog;
  const intervalMs = options.intervalMs ?? 10_000;
  let pair = await load(options);
  let problem: string | undefined;
  let timer: Timer | undefined;
  let closed = false;

  async function look(): Promise<void> {
    try {
      const found = await load(options);
      const now = options.clock.now();
      // It will be taken over when its time has come, unless there is nothing better to serve.
      if (found.notBefore > now && pairProblem(pair, now) === undefined)
        throw new TlsPairError(`the certificate is not valid before ${found.notBefore.toISOString()}`);
      problem = undefined;
      if (found.cert !== pair.cert || found.key !== pair.key) {
        pair = found;
        if (!closed) {
          log.info('certificate changed', { notAfter: found.notAfter.toISOString() });
          options.onChange(found);
        }
      }
    } catch (error) {
      if (!(error instanceof TlsPairError)) throw error;
      if (problem !== error.message) log.warn('certificate not taken over', { error: error.message });
      problem = error.message;
    }
  }

  const next = (): void => {
    if (closed) return;
    timer = options.clock.after(intervalMs, () => void look().finally(next));
  };
  next();
  return {
    current: () => pair,
    problem: () => problem,
    close: () => {
      closed = true;
      timer?.cancel();
    },
  };
}

async function load({ certFile, keyFile, clock }: TlsFilesOptions): Promise<TlsPair> {
  const [cert, key] = await Promise.allSettled([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  if (cert.status === 'fulfilled' && key.status === 'fulfilled') return checkTlsPair(cert.value, key.value, clock.now());
  const told = [cannotRead(certFile, cert), cannotRead(keyFile, key)].filter((problem) => problem !== undefined);
  throw new TlsPairError(told.join('; '));
}

function cannotRead(file: string, read: PromiseSettledResult<string>): string | undefined {
  return read.status === 'rejected' ? `cannot read ${file}: ${messageOf(read.reason)}` : undefined;
}
