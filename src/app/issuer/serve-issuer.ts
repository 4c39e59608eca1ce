import { createHash, X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { PodroleError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Authority } from '../../host/authority.ts';
import { healthHandler } from '../../host/health.ts';
import type { LogDestination } from '../../host/json-log.ts';
import { type Listener, listen } from '../../host/listen.ts';
import { systemClock } from '../../host/system-clock.ts';
import { textLog } from '../../host/text-log.ts';
import { watchTlsFiles } from '../../host/tls-files.ts';
import { checkIssuer, DISCOVERY_NAME } from '../../issuer/documents.ts';
import { createIssuerSite } from '../../issuer/issuer-site.ts';
import { parseDiscovery } from '../../oidc/discovery.ts';
import { readIfThere, replaceFile } from '../atomic-file.ts';
import { ended } from '../ended.ts';

export interface ServeIssuerOptions {
  /** Folder of published documents; read at each request. */
  readonly folder: string;
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly cacheSeconds: number;
  /** A certificate and its key in files, or a folder for an authority of one's own. */
  readonly tls:
    | { readonly kind: 'files'; readonly certFile: string; readonly keyFile: string }
    | { readonly kind: 'own-ca'; readonly folder: string };
  readonly log: Log;
}

export interface ServedIssuer {
  readonly issuer: string;
  readonly url: string;
  /** `HOST=ADDRESS:PORT`, for clients that do not find it by DNS. */
  readonly resolve: string;
  /** Of an authority of one's own: its file, and what IAM needs to know of it. */
  readonly ownCa: { readonly caFile: string; readonly thumbprint: string } | undefined;
  /** Resolves when the signal aborts. */
  ended(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const GRACE_MS = 5_000;
const HEALTH_MS = 5_000;
/** Renewed long before its ninety days are over. */
const RENEW_MS = 24 * 3600 * 1000;

/**
 * Serves an issuer's published documents over HTTPS. TLS 1.2 is let in, because AWS falls back to thumbprints for hosts that insist on 1.3.
 * `/healthz` and `/readyz` answer under any name. Rejects with `issuer-not-published`, `TlsPairError` or `ListenError`.
 */
export async function serveIssuer(options: ServeIssuerOptions): Promise<ServedIssuer> {
  const { folder, address, port, cacheSeconds, log } = options;
  const clock = systemClock();
  const read = (name: string): Promise<string | undefined> => readIfThere(join(folder, name));
  const issuer = await issuerIn(folder, await read(DISCOVERY_NAME));
  const site = createIssuerSite({ issuer, read, cacheSeconds });
  let complaints = await site.problems();
  const health = healthHandler({ ready: () => complaints });
  const pair = await openTls(options, new URL(issuer).hostname, clock);
  let listener: Listener;
  try {
    listener = await listen({
      handler: (request) => (isProbe(request) ? health(request) : site.handle(request)),
      tls: { ...pair.tls, minVersion: 'TLSv1.2' },
      address,
      port,
      log,
    });
  } catch (error) {
    pair.close();
    throw error;
  }
  pair.onChange((tls) => listener.setSecureContext({ ...tls, minVersion: 'TLSv1.2' }));
  const timer = setInterval(() => {
    site.problems().then(
      (found) => {
        if (found.length > 0 && complaints.length === 0) log.warn('issuer documents not fit to be served', { problems: found });
        complaints = found;
      },
      (error: unknown) => {
        complaints = [`the documents cannot be read: ${(error as Error).message}`];
      },
    );
  }, HEALTH_MS);
  timer.unref();
  return {
    issuer,
    url: listener.url,
    resolve: `${new URL(issuer).hostname}=${address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address}:${listener.port}`,
    ownCa: pair.ownCa,
    ended,
    close: async () => {
      clearInterval(timer);
      pair.close();
      await listener.close(GRACE_MS);
    },
  };
}

function isProbe(request: Request): boolean {
  return /^\/(?:healthz|livez|readyz)$/.test(new URL(request.url).pathname);
}

async function issuerIn(folder: string, text: string | undefined): Promise<string> {
  const parsed = text === undefined ? undefined : parseDiscovery(text);
  if (parsed?.ok !== true)
    throw new PodroleError(`${folder} holds no issuer's documents`, {
      code: 'issuer-not-published',
      hint: `podrole issuer publish --issuer URL --key FILE --to ${folder}`,
    });
  checkIssuer(parsed.document.issuer);
  return parsed.document.issuer;
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

interface OpenedTls {
  readonly tls: Pair;
  readonly ownCa: ServedIssuer['ownCa'];
  onChange(take: (tls: Pair) => void): void;
  close(): void;
}

async function openTls({ tls, log }: ServeIssuerOptions, hostname: string, clock: Clock): Promise<OpenedTls> {
  let take: (pair: Pair) => void = () => undefined;
  const onChange = (next: typeof take): void => {
    take = next;
  };
  if (tls.kind === 'files') {
    const files = await watchTlsFiles({ certFile: tls.certFile, keyFile: tls.keyFile, clock, log, onChange: (pair) => take(pair) });
    return { tls: files.current(), ownCa: undefined, onChange, close: () => files.close() };
  }
  const authority = await ownAuthority(resolve(tls.folder), clock);
  const issue = async (): Promise<Pair> => {
    const { certPem, keyPem } = await authority.issue({ commonName: hostname.slice(0, 64), dnsNames: [hostname] });
    return { cert: certPem, key: keyPem };
  };
  const timer = setInterval(() => {
    issue().then(
      (pair) => take(pair),
      (error: unknown) => log.error('certificate not renewed', { error: (error as Error).message }),
    );
  }, RENEW_MS);
  timer.unref();
  const thumbprint = createHash('sha1').update(new X509Certificate(authority.caPem).raw).digest('hex');
  return {
    tls: await issue(),
    ownCa: { caFile: join(resolve(tls.folder), CA_FILE), thumbprint },
    onChange,
    close: () => clearInterval(timer),
  };
}

const CA_FILE = 'ca.crt';
const CA_KEY_FILE = 'ca.key';
/** AWS keeps the thumbprint of this authority: it should outlive a few changes of staff. */
const CA_DAYS = 3650;

async function ownAuthority(folder: string, clock: Clock): Promise<Authority> {
  const { createAuthority, openAuthority } = await import('../../host/authority.ts');
  const [caPem, keyPem] = await Promise.all([readIfThere(join(folder, CA_FILE)), readIfThere(join(folder, CA_KEY_FILE))]);
  if (caPem !== undefined && keyPem !== undefined) return openAuthority({ clock, caPem, keyPem });
  if (caPem !== undefined || keyPem !== undefined)
    throw new PodroleError(`${folder} has only one of ${CA_FILE} and ${CA_KEY_FILE}`, {
      code: 'issuer-authority-incomplete',
      hint: 'restore the other from a backup, or empty the folder and tell IAM the new thumbprint',
    });
  const authority = await createAuthority({ clock, commonName: 'podrole issuer', days: CA_DAYS });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await replaceFile(join(folder, CA_KEY_FILE), authority.keyPem, 0o600);
  await replaceFile(join(folder, CA_FILE), authority.caPem, 0o644);
  return authority;
}

/** What the server has to say, for people. */
export function serveLog(destination: LogDestination): Log {
  return textLog({ destination });
}
