import { isJsonObject, type JsonObject } from '../base/json.ts';
import { selectorMatches } from '../kube/core/label-selector.ts';
import type { KubeObject } from '../kube/core/object.ts';
import type { PodFinding } from './pod-findings.ts';

type Labels = Readonly<Record<string, string>>;

export interface RegistrationQuestion {
  /** Every MutatingWebhookConfiguration there is. */
  readonly configurations: readonly KubeObject[];
  /** The one that is certainly meant; others are known by the names of pod identity webhooks. */
  readonly configurationName: string;
  readonly namespaceLabels: Labels;
  readonly podLabels: Labels;
}

/** A registered pod identity webhook, and whether the API server calls it for the pod. */
export interface RegisteredWebhook {
  readonly configuration: string;
  readonly webhook: string;
  readonly verdict: 'calls' | 'rules' | 'namespace-selector' | 'object-selector';
  readonly failurePolicy: string;
  /** Names of the CEL expressions that decide too, which are not evaluated here. */
  readonly matchConditions: readonly string[];
}

export interface Registration {
  readonly webhooks: readonly RegisteredWebhook[];
  readonly findings: readonly PodFinding[];
}

/** Webhooks and Services of pod identity webhooks as upstream, EKS, kOps and podrole name them. */
const KNOWN = /pod-identity-webhook|iam-for-pods\.amazonaws\.com|podrole/;

/** Whether the API server calls a pod identity webhook when this pod is made. Source: Kubernetes, dynamic admission control. */
export function registrationOf(question: RegistrationQuestion): Registration {
  const found = question.configurations.flatMap((configuration) =>
    webhooksOf(configuration)
      .filter((webhook) => configuration.metadata.name === question.configurationName || isKnown(webhook))
      .map((webhook) => ({ webhook, registered: judged(webhook, configuration.metadata.name ?? '', question) })),
  );
  const webhooks = found.map(({ registered }) => registered);
  const calling = found.filter(({ registered }) => registered.verdict === 'calls');
  if (calling.length > 0) return { webhooks, findings: calling.flatMap(({ webhook, registered }) => oddities(webhook, registered)) };
  if (webhooks.length === 0) return { webhooks, findings: [NOT_REGISTERED] };
  return { webhooks, findings: webhooks.map(missing) };
}

/** A Service that a webhook is called by. */
export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/** The Services by which pod identity webhooks are called, each once. */
export function servicesCalled(configurations: readonly KubeObject[], configurationName: string): readonly ServiceRef[] {
  const called = configurations.flatMap((configuration) =>
    webhooksOf(configuration).filter((webhook) => configuration.metadata.name === configurationName || isKnown(webhook)),
  );
  const services = called.flatMap(({ clientConfig }): readonly ServiceRef[] => {
    const service = isJsonObject(clientConfig) && isJsonObject(clientConfig.service) ? clientConfig.service : {};
    const { namespace, name } = service;
    return typeof namespace === 'string' && typeof name === 'string' ? [{ namespace, name }] : [];
  });
  return services.filter(
    ({ namespace, name }, index) => services.findIndex((one) => one.namespace === namespace && one.name === name) === index,
  );
}

const NOT_REGISTERED: PodFinding = {
  code: 'WebhookNotRegistered',
  severity: 'error',
  message: 'no mutating webhook configuration of the cluster registers a pod identity webhook, so no new pod gets credentials',
  remedy: 'register one, or name its configuration with --webhook-configuration',
};

function webhooksOf(configuration: KubeObject): readonly JsonObject[] {
  return Array.isArray(configuration.webhooks) ? (configuration.webhooks as readonly unknown[]).filter(isJsonObject) : [];
}

function isKnown(webhook: JsonObject): boolean {
  const service = isJsonObject(webhook.clientConfig) && isJsonObject(webhook.clientConfig.service) ? webhook.clientConfig.service.name : '';
  return KNOWN.test(String(webhook.name)) || KNOWN.test(String(service));
}

function judged(webhook: JsonObject, configuration: string, { namespaceLabels, podLabels }: RegistrationQuestion): RegisteredWebhook {
  const rules: readonly unknown[] = Array.isArray(webhook.rules) ? webhook.rules : [];
  const conditions: readonly unknown[] = Array.isArray(webhook.matchConditions) ? webhook.matchConditions : [];
  const verdict = !rules.some(coversPodCreation)
    ? 'rules'
    : !selectorMatches(webhook.namespaceSelector, namespaceLabels)
      ? 'namespace-selector'
      : !selectorMatches(webhook.objectSelector, podLabels)
        ? 'object-selector'
        : 'calls';
  return {
    configuration,
    webhook: String(webhook.name),
    verdict,
    failurePolicy: typeof webhook.failurePolicy === 'string' ? webhook.failurePolicy : 'Fail',
    matchConditions: conditions.map((condition) => (isJsonObject(condition) ? String(condition.name) : '')),
  };
}

function coversPodCreation(rule: unknown): boolean {
  if (!isJsonObject(rule)) return false;
  const has = (member: string, ...wanted: readonly string[]): boolean => {
    const list: readonly unknown[] = Array.isArray(rule[member]) ? (rule[member] as readonly unknown[]) : [];
    return wanted.some((value) => list.includes(value));
  };
  return (
    has('operations', 'CREATE', '*') &&
    has('apiGroups', '', '*') &&
    has('apiVersions', 'v1', '*') &&
    has('resources', 'pods', '*', '*/*') &&
    rule.scope !== 'Cluster'
  );
}

function missing({ configuration, webhook, verdict }: RegisteredWebhook): PodFinding {
  const which = `webhook ${webhook} of configuration ${configuration}`;
  switch (verdict) {
    case 'namespace-selector':
      return {
        code: 'NamespaceNotSelected',
        severity: 'error',
        message: `the namespaceSelector of ${which} leaves the namespace of the pod out`,
        remedy: 'label the namespace as the selector asks, or widen the selector',
      };
    case 'object-selector':
      return {
        code: 'PodNotSelected',
        severity: 'error',
        message: `the objectSelector of ${which} leaves the pod out`,
        remedy: "change the pod's labels as the selector asks, in the template of its owner, or widen the selector",
      };
    default:
      return {
        code: 'WebhookRulesMiss',
        severity: 'error',
        message: `the rules of ${which} do not cover CREATE of pods in v1`,
        remedy: 'add a rule for operations CREATE, apiGroups "", apiVersions v1, resources pods',
      };
  }
}

function oddities(webhook: JsonObject, registered: RegisteredWebhook): readonly PodFinding[] {
  const which = `webhook ${registered.webhook} of configuration ${registered.configuration}`;
  const client = isJsonObject(webhook.clientConfig) ? webhook.clientConfig : {};
  const findings: PodFinding[] = [];
  if (client.service !== undefined && (client.caBundle === undefined || client.caBundle === ''))
    findings.push({
      code: 'WebhookUntrusted',
      severity: 'warning',
      message: `${which} has no caBundle, so the API server cannot verify it`,
      remedy: 'fill the caBundle: cert-manager injects it, and `podrole webhook --in-cluster` keeps it',
    });
  if (registered.matchConditions.length > 0)
    findings.push({
      code: 'MatchConditionsUnjudged',
      severity: 'info',
      message: `${which} is called only where its match conditions hold: ${registered.matchConditions.join(', ')}`,
      remedy: 'read the conditions: they are not evaluated here',
    });
  if (registered.failurePolicy === 'Ignore')
    findings.push({
      code: 'FailuresIgnored',
      severity: 'info',
      message: `while ${which} cannot be reached, pods are made without credentials`,
      remedy: 'set failurePolicy Fail for the namespaces that must not run without',
    });
  return findings;
}
