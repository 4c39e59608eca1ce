import { messageOf } from '../base/errors.ts';
import type { KubeObject } from '../kube/core/object.ts';
import { type AccountSettings, accountSettings } from './account-settings.ts';
import { answerText, decideReview, settledFor } from './answer.ts';
import type { Binding } from './binding.ts';
import { createBindingLookup } from './binding-lookup.ts';
import { settledDecision } from './decide.ts';
import { LookupError } from './errors.ts';
import {
  failureResponse,
  isWellFormedQuery,
  malformedQuery,
  notFound,
  refusalResponse,
  reviewResponse,
  textResponse,
  type WebhookResponse,
  wrongContentType,
} from './http.ts';
import { createOverload, type OverloadLimit } from './internal/overload.ts';
import { createReporter } from './internal/reporter.ts';
import type { MappingText } from './mapping.ts';
import { defaultWebhookOptions, type WebhookOptions } from './options.ts';
import type { WebhookDeps } from './ports.ts';
import { type PodRef, scan } from './scan.ts';

/** A complete request as bytes. Header names are in lower case. */
export interface WebhookRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** What the informer of ServiceAccounts is told to call. */
export interface ServiceAccountHandlers {
  readonly onUpsert: (key: string, value: AccountSettings | undefined) => void;
  readonly onDelete: (key: string) => void;
  readonly onSynced: () => void;
}

/** The pod identity webhook: admission at `/mutate`, and `/healthz`, `/livez`, `/readyz`. */
export interface PodIdentityWebhook {
  /**
   * Answers one request: at once where everything needed is known. Never throws or rejects. `signal` aborts when the client hangs up.
   */
  handle(request: WebhookRequest, signal: AbortSignal): WebhookResponse | Promise<WebhookResponse>;
  /** The answer to a request that the listener does not hold; counted, and told once a second. */
  turnAway(limit: OverloadLimit): WebhookResponse;
  /** The listener shut a connection as it came. */
  connectionDropped(): void;
  /** A connection came to nothing before anything could be asked on it: the API server's failure policy decides about that pod. */
  handshakeFailed(): void;
  /** Why the webhook is not ready: draining, a source that was not read yet (answers are right all the same), or `deps.unready`. `undefined`: it is. */
  unready(): string | undefined;
  /** From now on not ready; requests are answered as before. */
  startDraining(): void;
  /** To be subscribed to the informer whose store is `deps.serviceAccounts`. */
  readonly serviceAccountHandlers: ServiceAccountHandlers;
  /** What a watcher of the mapping ConfigMap saw. */
  setMapping(text: MappingText): void;
  /** What a watcher of the container credentials file saw; `undefined`: the file does not exist. */
  setIdentities(text: string | undefined): void;
}

/** Labels of nearly every request: the same object each time is what metrics find fastest. */
const POSTED = { verb: 'POST', path: '/mutate' };
const POSTED_OK = { ...POSTED, code: '200' };

/** What the informer keeps of a ServiceAccount: its transform. `undefined`, that is the bare name, for those without an annotation of ours. */
export function serviceAccountKeeper(options: WebhookOptions): (object: KubeObject) => AccountSettings | undefined {
  return (object) => accountSettings(object.metadata.annotations, options);
}

/** The mapping's text as its ConfigMap holds it; `undefined`: there is no such ConfigMap. */
export function mappingTextOf(configMap: KubeObject | undefined, key: string): MappingText {
  if (configMap === undefined) return { absent: true };
  const data: unknown = configMap.data;
  const text: unknown =
    typeof data === 'object' && data !== null && Object.hasOwn(data, key) ? (data as Record<string, unknown>)[key] : undefined;
  return { absent: false, text: typeof text === 'string' ? text : undefined };
}

/** Makes the webhook; members of `options` that are left out have upstream's defaults. */
export function createPodIdentityWebhook(deps: WebhookDeps, partial: Partial<WebhookOptions> = {}): PodIdentityWebhook {
  const options: WebhookOptions = { ...defaultWebhookOptions, ...partial };
  const { clock, log, metrics, random } = deps;
  const lookup = createBindingLookup(deps, options, publishReadiness);
  const reporter = createReporter(deps);
  const overload = createOverload(deps);
  let synced = false;
  let draining = false;

  function unready(): string | undefined {
    const because = draining ? 'draining' : synced && lookup.loaded() ? deps.unready?.() : 'not synced';
    metrics.set('podrole_admission_ready', because === undefined ? 1 : 0);
    return because;
  }

  function publishReadiness(): void {
    unready();
  }

  function readiness(): WebhookResponse {
    const because = unready();
    return because === undefined ? textResponse(200, 'ok') : textResponse(503, `${because}\n`);
  }

  function mutate(request: WebhookRequest, query: string, signal: AbortSignal): WebhookResponse | Promise<WebhookResponse> {
    if (request.method !== 'POST') return textResponse(405, 'method not allowed, use POST\n', { allow: 'POST' });
    if (!isWellFormedQuery(query)) return refused('MalformedQuery', malformedQuery);
    if (request.headers['content-type'] !== 'application/json') return refused('WrongContentType', wrongContentType);
    const ref = scan(request.body);
    if (ref.kind === 'refusal') {
      reporter.failed(ref.reason, { error: ref.message });
      return refusalResponse(ref);
    }
    try {
      const settled = settledFor(ref, options);
      if (settled !== undefined) return decided(ref, settledDecision(settled));
      const binding = lookup.find(ref, signal);
      if (!(binding instanceof Promise)) return admit(request.body, ref, binding);
      return binding.then((found) => admit(request.body, ref, found)).catch((error: unknown) => undecided(error, ref));
    } catch (error) {
      return undecided(error, ref);
    }
  }

  function admit(body: Uint8Array, ref: PodRef, binding: Binding): WebhookResponse {
    return decided(ref, decideReview(body, ref, { binding, options, random }));
  }

  function decided(ref: PodRef, decision: ReturnType<typeof settledDecision>): WebhookResponse {
    const response = reviewResponse(answerText(ref, decision));
    reporter.decided(ref, decision);
    return response;
  }

  function refused(reason: 'MalformedQuery' | 'WrongContentType', response: WebhookResponse): WebhookResponse {
    reporter.failed(reason, { error: `status ${response.status}` });
    return response;
  }

  /** The listener's boundary: whatever went wrong becomes an answer, and the failure policy decides about the pod. */
  function undecided(error: unknown, ref: PodRef): WebhookResponse {
    const reason = error instanceof LookupError ? error.reason : 'Internal';
    reporter.failed(reason, { error: messageOf(error), ref });
    return failureResponse(500, reason, error instanceof LookupError ? error.message : 'the webhook failed, see its log');
  }

  function measured(request: WebhookRequest, query: string, signal: AbortSignal): WebhookResponse | Promise<WebhookResponse> {
    const started = clock.monotonic();
    const response = mutate(request, query, signal);
    if (response instanceof Promise) return response.then((later) => answered(request, later, started));
    return answered(request, response, started);
  }

  function answered({ method }: WebhookRequest, response: WebhookResponse, started: number): WebhookResponse {
    const ms = clock.monotonic() - started;
    const usual = method === 'POST' && response.status === 200;
    metrics.observe('podrole_admission_duration_seconds', ms / 1_000);
    metrics.increment('http_request_count', usual ? POSTED_OK : { verb: method, path: '/mutate', code: String(response.status) });
    metrics.observe('http_request_latencies', ms * 1_000, method === 'POST' ? POSTED : { verb: method, path: '/mutate' });
    return response;
  }

  function accountChanged(key: string): void {
    lookup.onAccountChange(key);
    if (synced) metrics.set('podrole_admission_service_accounts', deps.serviceAccounts.size);
  }

  return {
    handle: (request, signal) => {
      const mark = request.path.indexOf('?');
      const path = mark === -1 ? request.path : request.path.slice(0, mark);
      switch (path) {
        case '/mutate':
          return measured(request, mark === -1 ? '' : request.path.slice(mark + 1), signal);
        case '/healthz':
        case '/livez':
          return textResponse(200, 'ok');
        case '/readyz':
          return readiness();
        default:
          return notFound;
      }
    },
    turnAway: overload.refuse,
    connectionDropped: overload.drop,
    handshakeFailed: () => metrics.increment('podrole_admission_failed_handshakes_total'),
    unready,
    startDraining: () => {
      draining = true;
      publishReadiness();
      log.info('draining');
    },
    serviceAccountHandlers: {
      onUpsert: (key, value) => {
        if (value !== undefined && value.role !== '') metrics.set('pod_identity_webhook_used', 1);
        accountChanged(key);
      },
      onDelete: accountChanged,
      onSynced: () => {
        synced = true;
        metrics.set('podrole_admission_service_accounts', deps.serviceAccounts.size);
        publishReadiness();
        log.info('service accounts synced', { serviceAccounts: deps.serviceAccounts.size });
      },
    },
    setMapping: (text) => lookup.setMapping(text),
    setIdentities: (text) => lookup.setIdentities(text),
  };
}
