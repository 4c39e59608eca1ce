import type { Log, LogFields } from '../../src/base/log.ts';
import { type AccountSettings, accountSettings } from '../../src/webhook/account-settings.ts';
import { createPodIdentityWebhook, type PodIdentityWebhook } from '../../src/webhook/create-webhook.ts';
import type { Decision } from '../../src/webhook/decide.ts';
import type { MappingText } from '../../src/webhook/mapping.ts';
import type { MetricLabels } from '../../src/webhook/metrics.data.ts';
import { defaultWebhookOptions, type WebhookOptions } from '../../src/webhook/options.ts';
import type { ServiceAccountEvent, ServiceAccountObject } from '../../src/webhook/ports.ts';
import { FakeClock } from './fake-clock.ts';

type Annotations = Readonly<Record<string, string>>;

/** The AdmissionReview that the webhook answered. */
export interface AnswerBody {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patch?: string;
    readonly patchType?: string;
    readonly warnings?: readonly string[];
    readonly auditAnnotations?: Readonly<Record<string, string>>;
    readonly status?: { readonly message?: string };
  };
}

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** The webhook among fakes: a cache and an API under the test's hand, a clock that stands still, and everything it says written down. */
export class WebhookWorld {
  readonly clock = new FakeClock();
  readonly options: WebhookOptions;
  readonly webhook: PodIdentityWebhook;
  /** ServiceAccounts that the API has, whether the cache knows them or not. */
  readonly api = new Map<string, Annotations>();
  /** Direct reads, in order. */
  readonly reads: string[] = [];
  readonly events: ServiceAccountEvent[] = [];
  readonly logs: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  readonly decisions: Decision[] = [];
  readonly metrics = new Map<string, number>();
  /** Replaces the API's answer to a direct read. */
  onRead: ((key: string, signal: AbortSignal) => Promise<ServiceAccountObject | undefined>) | undefined;
  mappingAtSource: () => Promise<MappingText> = () => Promise.resolve({ absent: true });
  identitiesAtSource: () => Promise<string | undefined> = () => Promise.resolve(undefined);
  random = 0;
  readonly #cache = new Map<string, AccountSettings | undefined>();

  constructor(options: Partial<WebhookOptions> = {}) {
    this.options = { ...defaultWebhookOptions, ...options };
    this.webhook = createPodIdentityWebhook(
      {
        clock: this.clock,
        log: this.#log({}),
        random: () => this.random,
        serviceAccounts: this.#cache,
        readServiceAccount: (namespace, name, signal) => {
          const key = `${namespace}/${name}`;
          this.reads.push(key);
          if (this.onRead) return this.onRead(key, signal);
          const annotations = this.api.get(key);
          return Promise.resolve(annotations && { metadata: { namespace, name, annotations } });
        },
        readMapping: () => this.mappingAtSource(),
        readIdentities: () => this.identitiesAtSource(),
        recordEvent: (event) => this.events.push(event),
        onDecision: (_, decision) => this.decisions.push(decision),
        metrics: {
          increment: (metric, labels) => this.#count(metric, labels, 1),
          set: (metric, value, labels) => void this.metrics.set(metricKey(metric, labels), value),
          observe: (metric, _, labels) => this.#count(metric, labels, 1),
        },
      },
      options,
    );
  }

  /** The cache learns of an account, as from a watch. */
  know(key: string, annotations: Annotations = {}): this {
    const settings = accountSettings(annotations, this.options);
    this.#cache.set(key, settings);
    this.webhook.serviceAccountHandlers.onUpsert(key, settings);
    return this;
  }

  forget(key: string): this {
    this.#cache.delete(key);
    this.webhook.serviceAccountHandlers.onDelete(key);
    return this;
  }

  sync(): this {
    this.webhook.serviceAccountHandlers.onSynced();
    return this;
  }

  async send(
    body: Uint8Array | string,
    over: { readonly method?: string; readonly path?: string; readonly type?: string | null } = {},
  ): Promise<Reply> {
    const type = over.type === undefined ? 'application/json' : over.type;
    const response = await this.webhook.handle(
      {
        method: over.method ?? 'POST',
        path: over.path ?? '/mutate?timeout=10s',
        headers: type === null ? {} : { 'content-type': type },
        body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
      },
      new AbortController().signal,
    );
    return {
      status: response.status,
      contentType: response.contentType,
      text: typeof response.body === 'string' ? response.body : new TextDecoder().decode(response.body),
      headers: response.headers,
    };
  }

  /** Sends a review of the pod and returns the answer, which must be a review. */
  async admit(pod: unknown, request: Readonly<Record<string, unknown>> = {}): Promise<AnswerBody> {
    const reply = await this.send(JSON.stringify(reviewOf(pod, request)));
    if (reply.status !== 200) throw new Error(`status ${reply.status}: ${reply.text}`);
    return JSON.parse(reply.text) as AnswerBody;
  }

  #count(metric: string, labels: MetricLabels | undefined, by: number): void {
    const key = metricKey(metric, labels);
    this.metrics.set(key, (this.metrics.get(key) ?? 0) + by);
  }

  #log(bound: LogFields): Log {
    const write =
      (level: string) =>
      (message: string, fields: LogFields = {}): void => {
        this.logs.push({ level, message, fields: { ...bound, ...fields } });
      };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => this.#log({ ...bound, ...fields }),
    };
  }
}

function metricKey(metric: string, labels: MetricLabels | undefined): string {
  return labels === undefined ? metric : `${metric}{${Object.values(labels).join(',')}}`;
}

/** An AdmissionReview of a pod's creation in the namespace `default`. */
export function reviewOf(pod: unknown, request: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: 'u-1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace: 'default',
      operation: 'CREATE',
      object: pod,
      oldObject: null,
      ...request,
    },
  };
}

/** The operations of an answer's patch. */
export function operationsOf(answer: AnswerBody): readonly { readonly op: string; readonly path: string; readonly value?: unknown }[] {
  return answer.response.patch === undefined
    ? []
    : JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(answer.response.patch), (unit) => unit.charCodeAt(0))));
}
