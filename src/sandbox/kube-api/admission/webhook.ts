import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { WebhookClientConfig } from './webhook-call.ts';

/** A label selector as objects carry it. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

export interface WebhookRule {
  readonly operations: readonly string[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly scope: string;
}

/** A webhook of a configuration with its defaults (`admissionregistration.k8s.io/v1`). */
export interface Webhook {
  readonly configuration: string;
  /** Its place among all webhooks; with the name it tells webhooks of equal names apart. */
  readonly index: number;
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules: readonly WebhookRule[];
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly matchPolicy: 'Exact' | 'Equivalent';
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
  readonly timeoutSeconds: number;
  readonly sideEffects: string;
  readonly reinvocationPolicy: 'Never' | 'IfNeeded';
  readonly admissionReviewVersions: readonly string[];
}

/** All webhooks of these configurations in the order of their calls: configurations by name, webhooks as written. */
export function webhooksOf(configurations: readonly KubeObject[]): readonly Webhook[] {
  const byName = [...configurations].sort((left, right) => ((left.metadata.name ?? '') < (right.metadata.name ?? '') ? -1 : 1));
  const all = byName.flatMap((configuration) => objectsOf(configuration.webhooks).map((webhook) => ({ configuration, webhook })));
  return all.map(({ configuration, webhook }, index) => readWebhook(webhook, { configuration: configuration.metadata.name ?? '', index }));
}

type Members = Readonly<Record<string, unknown>>;

function readWebhook(webhook: Members, place: { readonly configuration: string; readonly index: number }): Webhook {
  return {
    ...place,
    name: text(webhook.name, ''),
    clientConfig: readClientConfig(webhook.clientConfig),
    rules: objectsOf(webhook.rules).map(readRule),
    failurePolicy: webhook.failurePolicy === 'Ignore' ? 'Ignore' : 'Fail',
    matchPolicy: webhook.matchPolicy === 'Exact' ? 'Exact' : 'Equivalent',
    namespaceSelector: readSelector(webhook.namespaceSelector),
    objectSelector: readSelector(webhook.objectSelector),
    matchConditions: objectsOf(webhook.matchConditions).map(({ name, expression }) => ({
      name: text(name, ''),
      expression: text(expression, ''),
    })),
    timeoutSeconds: typeof webhook.timeoutSeconds === 'number' ? webhook.timeoutSeconds : 10,
    sideEffects: text(webhook.sideEffects, ''),
    reinvocationPolicy: webhook.reinvocationPolicy === 'IfNeeded' ? 'IfNeeded' : 'Never',
    admissionReviewVersions: texts(webhook.admissionReviewVersions),
  };
}

function readClientConfig(value: unknown): WebhookClientConfig {
  const config = isJsonObject(value) ? value : {};
  const caBundle = typeof config.caBundle === 'string' ? { caBundle: config.caBundle } : {};
  const service = config.service;
  if (!isJsonObject(service)) return { url: text(config.url, ''), ...caBundle };
  const { namespace, name, path, port } = service;
  return {
    service: {
      namespace: text(namespace, ''),
      name: text(name, ''),
      ...(typeof path === 'string' ? { path } : {}),
      ...(typeof port === 'number' ? { port } : {}),
    },
    ...caBundle,
  };
}

function readRule(rule: Members): WebhookRule {
  return {
    operations: texts(rule.operations),
    apiGroups: texts(rule.apiGroups),
    apiVersions: texts(rule.apiVersions),
    resources: texts(rule.resources),
    scope: text(rule.scope, '*'),
  };
}

function readSelector(value: unknown): LabelSelector {
  if (!isJsonObject(value)) return {};
  const labels = isJsonObject(value.matchLabels) ? Object.entries(value.matchLabels) : [];
  return {
    matchLabels: Object.fromEntries(labels.map(([key, label]) => [key, text(label, '')])),
    matchExpressions: objectsOf(value.matchExpressions).map(({ key, operator, values }) => ({
      key: text(key, ''),
      operator: text(operator, ''),
      values: texts(values),
    })),
  };
}

function objectsOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
