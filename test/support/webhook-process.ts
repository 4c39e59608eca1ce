import { writeFile } from 'node:fs/promises';
import https from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Authority } from '../../src/host/authority.ts';
import { type Running, startPodrole } from './run-podrole.ts';

/** A `podrole webhook` process that was started as upstream's is. */
export interface WebhookProcess {
  readonly port: number;
  readonly metricsPort: number;
  readonly running: Running;
  /** `/mutate` with any body. */
  post(body: string | Uint8Array, options?: { readonly path?: string; readonly type?: string }): Promise<HttpsAnswer>;
  /** A GET of the HTTPS port. */
  get(path: string): Promise<HttpsAnswer>;
  /** Resolves once `/readyz` is 200. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A port that was free a moment ago: flags, as upstream's, name ports and cannot be told one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Starts it with a certificate of `authority` and resolves when it listens. */
export async function startWebhook(options: {
  readonly home: string;
  readonly kubeApi: string;
  readonly authority: Authority;
  readonly flags?: readonly string[];
}): Promise<WebhookProcess> {
  const { home, authority } = options;
  const [port, metricsPort] = [await freePort(), await freePort()];
  const issued = await authority.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });
  const [cert, key] = [join(home, `tls-${port}.crt`), join(home, `tls-${port}.key`)];
  await writeFile(cert, issued.certPem);
  await writeFile(key, issued.keyPem, { mode: 0o600 });
  const running = startPodrole(
    [
      'webhook',
      '--in-cluster=false',
      `--kube-api=${options.kubeApi}`,
      `--port=${port}`,
      `--metrics-port=${metricsPort}`,
      `--tls-cert=${cert}`,
      `--tls-key=${key}`,
      ...(options.flags ?? []),
    ],
    { home },
  );
  const agent = new https.Agent({ keepAlive: true, ca: authority.caPem });
  const send = (method: string, path: string, body?: string | Uint8Array, type?: string): Promise<HttpsAnswer> =>
    new Promise((resolve, reject) => {
      const sent = https.request(
        { host: '127.0.0.1', port, agent, method, path, headers: type === undefined ? {} : { 'content-type': type } },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }));
          answer.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  const get = (path: string): Promise<HttpsAnswer> => send('GET', path);
  const over = { ended: false };
  void running.ended.then(() => {
    over.ended = true;
  });
  const until = async (path: string): Promise<void> => {
    for (;;) {
      const answer = await get(path).catch(() => undefined);
      if (answer?.status === 200) return;
      if (over.ended) throw new Error(`the webhook ended: ${(await running.ended).stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await until('/livez');
  return {
    port,
    metricsPort,
    running,
    post: (body, { path = '/mutate?timeout=10s', type = 'application/json' } = {}) => send('POST', path, body, type),
    get,
    ready: () => until('/readyz'),
    stop: async () => {
      agent.destroy();
      running.child.kill('SIGKILL');
      await running.ended;
    },
  };
}
