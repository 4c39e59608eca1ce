import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { messageOf } from '../../../base/errors.ts';
import { type CallWebhook, printedUrl, type WebhookAnswer, type WebhookCall, webhookUrl } from './webhook-call.ts';

/** Where a service of the cluster is reached from this process. */
export interface ServiceAddress {
  readonly host: string;
  readonly port: number;
}

export interface HttpsCallOptions {
  /** Finds the address of `clientConfig.service`; undefined when nothing serves it. */
  readonly resolveService: (service: NonNullable<WebhookCall['clientConfig']['service']>) => ServiceAddress | undefined;
}

/** A caller of webhooks over real sockets, and the way to close those that are kept open. */
export interface HttpsCall {
  readonly call: CallWebhook;
  close(): void;
}

const unzip = promisify(gunzip);

/** Idle connections kept per webhook (`maxIdleConnectionsPerHost` of client-go's webhook transport). */
const MAX_IDLE = 25;
/** Bytes of the largest answer that is read. */
const MAX_ANSWER = 10 * 1024 * 1024;

/**
 * Calls webhooks as a kube-apiserver does: HTTP/1.1 over TLS with keep-alive, the same headers in the same order, a body with a length.
 * The certificate must chain to `caBundle` (to the system's roots without one) and name the host called.
 */
export function httpsCall({ resolveService }: HttpsCallOptions): HttpsCall {
  const agents = new Map<string, Agent>();
  const agentFor = (caBundle: string | undefined): Agent => {
    const key = caBundle ?? '';
    let agent = agents.get(key);
    if (agent === undefined) {
      agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_IDLE, ...(caBundle ? { secureContext: trust(caBundle) } : {}) });
      agents.set(key, agent);
    }
    return agent;
  };
  const call: CallWebhook = async (webhook, signal) => {
    const { service, caBundle } = webhook.clientConfig;
    const address = service === undefined ? undefined : resolveService(service);
    if (service !== undefined && address === undefined) return failed(webhook, `service "${service.name}" not found`);
    let agent: Agent;
    try {
      agent = agentFor(caBundle);
    } catch (thrown) {
      return failed(webhook, `unable to load root certificates: ${messageOf(thrown)}`);
    }
    const url = webhookUrl(webhook);
    return post(webhook, { agent, host: address?.host ?? bare(url.hostname), port: address?.port ?? (Number(url.port) || 443) }, signal);
  };
  return {
    call,
    close: () => {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

function trust(caBundle: string): SecureContext {
  return createSecureContext({ ca: Buffer.from(caBundle, 'base64') });
}

function failed(call: WebhookCall, reason: string): WebhookAnswer {
  return { kind: 'failed', reason: `Post ${JSON.stringify(printedUrl(call))}: ${reason}` };
}

interface Route {
  readonly agent: Agent;
  readonly host: string;
  readonly port: number;
}

async function post(call: WebhookCall, route: Route, signal: AbortSignal): Promise<WebhookAnswer> {
  const deadline = AbortSignal.timeout(call.timeoutSeconds * 1000);
  const either = AbortSignal.any([signal, deadline]);
  try {
    return await send(call, route, either);
  } catch (thrown) {
    signal.throwIfAborted();
    return failed(call, deadline.aborted ? 'context deadline exceeded' : failureText(thrown, route));
  }
}

async function send(call: WebhookCall, route: Route, signal: AbortSignal): Promise<WebhookAnswer> {
  try {
    return await sendOnce(call, route, signal);
  } catch (thrown) {
    // The webhook closed an idle connection while we took it up: nothing was processed, as Go's transport assumes too.
    if (thrown instanceof StaleConnection) return sendOnce(call, route, signal);
    throw thrown;
  }
}

class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

function sendOnce(call: WebhookCall, { agent, host, port }: Route, signal: AbortSignal): Promise<WebhookAnswer> {
  const url = webhookUrl(call);
  return new Promise((resolve, reject) => {
    const outgoing = request({
      agent,
      method: 'POST',
      host,
      port,
      path: `${url.pathname}${url.search}`,
      // The name in the certificate is that of the service, wherever it is reached.
      ...(isIP(bare(url.hostname)) === 0 ? { servername: url.hostname } : {}),
      setHost: false,
      headers: {
        Host: url.host,
        'User-Agent': 'kube-apiserver-admission',
        'Content-Length': Buffer.byteLength(call.body),
        Accept: 'application/json, */*',
        'Content-Type': 'application/json',
        'Accept-Encoding': 'gzip',
      },
      signal,
    });
    // HTTP/1.1 keeps connections by default; Go does not say so again.
    outgoing.removeHeader('connection');
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const stale = outgoing.reusedSocket && error.code === 'ECONNRESET' && !signal.aborted;
      reject(stale ? new StaleConnection('connection was closed while idle', { cause: error }) : error);
    });
    outgoing.on('response', (incoming) => {
      readAnswer(incoming).then(resolve, reject);
    });
    outgoing.end(call.body);
  });
}

async function readAnswer(incoming: IncomingMessage): Promise<WebhookAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_ANSWER) throw new Error(`answer is larger than ${MAX_ANSWER} bytes`);
    chunks.push(bytes);
  }
  const raw = Buffer.concat(chunks);
  const plain = incoming.headers['content-encoding'] === 'gzip' ? await unzip(raw, { maxOutputLength: MAX_ANSWER }) : raw;
  return {
    kind: 'answered',
    status: incoming.statusCode ?? 0,
    contentType: incoming.headers['content-type'] ?? '',
    body: plain.toString('utf8'),
  };
}

const UNKNOWN_AUTHORITY = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** A failure of the connection in the words of Go's net and crypto packages. */
function failureText(thrown: unknown, { host, port }: Route): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  if (UNKNOWN_AUTHORITY.has(code)) return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${address}: connect: connection refused`;
    case 'ECONNRESET':
      return 'EOF';
    case 'ENOTFOUND':
      return `dial tcp: lookup ${host}: no such host`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: ${messageOf(thrown)}`;
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
    default:
      return messageOf(thrown);
  }
}

/** A host without the brackets that a URL puts around an IPv6 address. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
