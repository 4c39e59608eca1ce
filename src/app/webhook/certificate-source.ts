import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { watchTlsFiles } from '../../host/tls-files.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { keepCertificates } from './kept-certificates.ts';
import type { WebhookConfigurationRef } from './published-authorities.ts';

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Files that somebody else keeps, or a Secret of our own with the Service that it is for. */
export type CertificateOrigin =
  | { readonly kind: 'files'; readonly certFile: string; readonly keyFile: string }
  | {
      readonly kind: 'own';
      readonly namespace: string;
      readonly secret: string;
      readonly service: string;
      readonly configuration: WebhookConfigurationRef | undefined;
      readonly fieldManager: string;
    };

export interface CertificateSourceOptions {
  readonly client: KubeClient;
  readonly origin: CertificateOrigin;
  readonly clock: Clock;
  readonly log: Log;
  /** Another pair is to be served. */
  readonly onPair: (pair: Pair) => void;
}

/** Where the serving certificate comes from. */
export interface CertificateSource {
  current(): Pair;
  /** What is wrong with the source as it is now, while an older pair is served. */
  problem(): string | undefined;
  close(): void;
}

/** Opens a source; the first pair is there when it resolves. Rejects with `TlsPairError` when the files are no good. */
export async function certificateSource(options: CertificateSourceOptions, signal: AbortSignal): Promise<CertificateSource> {
  const { client, origin, clock, log, onPair } = options;
  if (origin.kind === 'files') return watchTlsFiles({ certFile: origin.certFile, keyFile: origin.keyFile, clock, log, onChange: onPair });
  let current: Pair | undefined;
  let problem: string | undefined;
  const ending = new AbortController();
  await keepCertificates(
    {
      ...origin,
      client,
      clock,
      log,
      onPair: (pair) => {
        current = pair;
        onPair(pair);
      },
      onLook: (failure) => {
        problem = failure;
      },
    },
    AbortSignal.any([signal, ending.signal]),
  );
  return {
    current: () => {
      if (current === undefined) throw new Error('a certificate is there once it was kept');
      return current;
    },
    problem: () => problem,
    close: () => ending.abort(new Error('the webhook ended')),
  };
}
