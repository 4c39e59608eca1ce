/** `clientConfig` of a webhook: a URL, or a service of the cluster. */
export interface WebhookClientConfig {
  readonly url?: string;
  readonly service?: { readonly namespace: string; readonly name: string; readonly path?: string; readonly port?: number };
  /** Base64 of the PEM bundle that the webhook's certificate must chain to. */
  readonly caBundle?: string;
}

/** One call of a webhook. */
export interface WebhookCall {
  readonly clientConfig: WebhookClientConfig;
  /** Told to the webhook in the query and kept by the caller. */
  readonly timeoutSeconds: number;
  /** An AdmissionReview as JSON on one line. */
  readonly body: string;
}

/** What came back: an HTTP answer, or the reason why there was none, in the words of the API server. */
export type WebhookAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly contentType: string; readonly body: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** Calls a webhook. Never rejects for what the webhook does; rejects only when `signal` aborts. */
export type CallWebhook = (call: WebhookCall, signal: AbortSignal) => Promise<WebhookAnswer>;

/** The URL that is called: the service's name in place of an address, and the deadline in the query. */
export function webhookUrl({ clientConfig, timeoutSeconds }: WebhookCall): URL {
  const { url, service } = clientConfig;
  const target =
    service === undefined
      ? new URL(url ?? '')
      : new URL(service.path ?? '/', `https://${service.name}.${service.namespace}.svc:${service.port ?? 443}`);
  target.searchParams.set('timeout', `${timeoutSeconds}s`);
  return target;
}

/** The URL as messages of the API server print it: with the port of a service even where it is the usual one. */
export function printedUrl(call: WebhookCall): string {
  const url = webhookUrl(call);
  const { service } = call.clientConfig;
  return service === undefined ? url.href : `${url.protocol}//${url.hostname}:${service.port ?? 443}${url.pathname}${url.search}`;
}
