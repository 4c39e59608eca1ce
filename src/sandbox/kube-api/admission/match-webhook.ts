import type { KubeObject } from '../../../kube/core/object.ts';
import type { Status } from '../../../kube/core/status.ts';
import { forbidden } from '../status/refusal.ts';
import { type AdmissionAttributes, type EquivalentResource, type Invocation, isNamespaceObject, namespaceOf } from './attributes.ts';
import type { EvaluateCel } from './cel.ts';
import { reviewRequest } from './review.ts';
import type { LabelSelector, Webhook, WebhookRule } from './webhook.ts';

/** A request as the webhooks to come see it: the object may have been changed by those before. */
export interface Subject {
  readonly attributes: AdmissionAttributes;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  /** Labels of the request's namespace. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly equivalents: readonly EquivalentResource[];
}

export type Match =
  | { readonly kind: 'call'; readonly invocation: Invocation }
  | { readonly kind: 'skip' }
  /** A match condition could not be evaluated and the webhook must not be bypassed. */
  | { readonly kind: 'refuse'; readonly status: Status };

const SKIP: Match = { kind: 'skip' };

/**
 * Whether a webhook is called: namespace selector, object selector, rules (those of equivalent resources too, unless `Exact`),
 * and last its match conditions, of which one that is false decides before one that fails.
 */
export function matchWebhook(webhook: Webhook, subject: Subject, evaluate: EvaluateCel): Match {
  if (!matchesNamespace(webhook.namespaceSelector, subject) || !matchesObject(webhook.objectSelector, subject)) return SKIP;
  const invocation = invocationOf(webhook, subject);
  return invocation === undefined ? SKIP : judgeConditions(webhook, { subject, invocation, evaluate });
}

function matchesNamespace(selector: LabelSelector, { attributes, object, namespaceLabels }: Subject): boolean {
  if (namespaceOf(attributes) === '' && !isNamespaceObject(attributes)) return true;
  // A namespace that is being written is selected by the labels it is about to have.
  const own = isNamespaceObject(attributes) && !attributes.subresource && attributes.operation !== 'DELETE';
  return matchesSelector(selector, (own ? object?.metadata.labels : namespaceLabels) ?? {});
}

function matchesObject(selector: LabelSelector, { object, oldObject }: Subject): boolean {
  const candidates = [object, oldObject].filter((candidate) => candidate !== undefined);
  return isEmptySelector(selector) || candidates.some((candidate) => matchesSelector(selector, candidate.metadata.labels ?? {}));
}

function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** Whether labels meet a selector; an unknown operator is met by none. */
export function matchesSelector(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const meets = ({
    key,
    operator,
    values = [],
  }: {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }): boolean => {
    const value = labels[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return false;
    }
  };
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value) && matchExpressions.every(meets);
}

function invocationOf(webhook: Webhook, { attributes, equivalents }: Subject): Invocation | undefined {
  const own: Invocation = { resource: attributes.resource, kind: attributes.kind };
  const candidates = webhook.matchPolicy === 'Exact' ? [] : equivalents;
  if (webhook.rules.some((rule) => matchesRule(rule, own, attributes))) return own;
  for (const rule of webhook.rules) {
    const found = candidates.find((equivalent) => matchesRule(rule, equivalent, attributes));
    if (found !== undefined) return found;
  }
  return undefined;
}

function matchesRule(rule: WebhookRule, { resource }: Invocation, attributes: AdmissionAttributes): boolean {
  const has = (items: readonly string[], value: string): boolean => items.includes('*') || items.includes(value);
  return (
    matchesScope(rule.scope, attributes) &&
    has(rule.operations, attributes.operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    rule.resources.some((name) => matchesResource(name, resource.resource, attributes.subresource ?? ''))
  );
}

function matchesScope(scope: string, attributes: AdmissionAttributes): boolean {
  const cluster = isNamespaceObject(attributes) || namespaceOf(attributes) === '';
  return scope === '*' || (scope === 'Cluster' && cluster) || (scope === 'Namespaced' && !cluster);
}

function matchesResource(name: string, resource: string, subresource: string): boolean {
  const [own = '', sub = ''] = name.split('/', 2);
  return (own === '*' || own === resource) && (sub === '*' || sub === subresource);
}

function judgeConditions(
  webhook: Webhook,
  { subject, invocation, evaluate }: { readonly subject: Subject; readonly invocation: Invocation; readonly evaluate: EvaluateCel },
): Match {
  if (webhook.matchConditions.length === 0) return { kind: 'call', invocation };
  const { attributes, object, oldObject } = subject;
  const request = reviewRequest({ uid: '', attributes, invocation, object: null, oldObject: null });
  const results = webhook.matchConditions.map(({ expression }) => ({
    expression,
    result: evaluate(expression, { object: object ?? null, oldObject: oldObject ?? null, request }),
  }));
  if (results.some(({ result }) => result.ok && result.value !== true)) return SKIP;
  const errors = results.flatMap(({ expression, result }) =>
    result.ok ? [] : [`expression '${expression}' resulted in error: ${result.error}`],
  );
  if (errors.length === 0) return { kind: 'call', invocation };
  if (webhook.failurePolicy === 'Ignore') return SKIP;
  const resource = { group: attributes.resource.group, plural: attributes.resource.resource };
  const why = errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`;
  return { kind: 'refuse', status: forbidden(resource, attributes.name ?? '', why).status };
}
