import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { watchTlsFiles } from '../../host/tls-files.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { ServingOptions } from '../../webhook/options-from-flags.ts';
import { keepCertificates } from './kept-certificates.ts';

interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateSourceOptions {
  readonly client: KubeClient;
  readonly serving: ServingOptions;
  readonly clock: Clock;
  readonly log: Log;
  /** Another pair is to be served. */
  readonly onPair: (pair: Pair) => void;
}

/** Where the serving certificate comes from. */
export interface CertificateSource {
  current(): Pair;
  close(): void;
}

/** Files, or with `--in-cluster` a Secret that the webhook looks after itself. Rejects with `TlsPairError` when the files are no good. */
export async function certificateSource(options: CertificateSourceOptions, signal: AbortSignal): Promise<CertificateSource> {
  const { client, serving, clock, log, onPair } = options;
  if (!serving.ownCertificate) {
    return watchTlsFiles({ certFile: serving.tlsCertFile, keyFile: serving.tlsKeyFile, clock, log, onChange: onPair });
  }
  let current: Pair | undefined;
  const ending = new AbortController();
  await keepCertificates(
    {
      client,
      namespace: serving.namespace,
      secret: serving.tlsSecret,
      service: serving.serviceName,
      configuration: serving.webhookConfiguration,
      clock,
      log,
      onPair: (pair) => {
        current = pair;
        onPair(pair);
      },
    },
    AbortSignal.any([signal, ending.signal]),
  );
  return {
    current: () => {
      if (current === undefined) throw new Error('a certificate is there once it was kept');
      return current;
    },
    close: () => ending.abort(new Error('the webhook ended')),
  };
}
