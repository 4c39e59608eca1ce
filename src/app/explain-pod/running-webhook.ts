import { messageOf } from '../../base/errors.ts';
import { isJsonObject } from '../../base/json.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { selectorMatches } from '../../kube/core/label-selector.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { type Resource, resources } from '../../kube/core/resource.ts';
import { type ServiceRef, servicesCalled } from '../../webhook/registration.ts';

const services: Resource = { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true };
const owners: readonly Resource[] = [
  { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true },
  { group: 'apps', version: 'v1', plural: 'daemonsets', kind: 'DaemonSet', namespaced: true },
];

/** The command line of the webhook that a cluster runs. */
export interface RunningWebhook {
  /** Kind, namespace and name of what runs it. */
  readonly from: string;
  /** From the first flag on. */
  readonly args: readonly string[];
}

export type FoundWebhook =
  | { readonly kind: 'found'; readonly webhook: RunningWebhook }
  /** It runs outside of the cluster, as on EKS, or is not registered. */
  | { readonly kind: 'none' }
  /** `because` says what may not be read. */
  | { readonly kind: 'unread'; readonly because: string };

/** Follows the registration to the Service, and the Service to the workload behind it. Rejects where the API server cannot be reached. */
export async function runningWebhook(client: KubeClient, configurationName: string, signal: AbortSignal): Promise<FoundWebhook> {
  try {
    const { items } = await client.list(resources.mutatingWebhookConfigurations, {}, signal);
    for (const service of servicesCalled(items, configurationName)) {
      const webhook = await behind(client, service, signal);
      if (webhook !== undefined) return { kind: 'found', webhook };
    }
    return { kind: 'none' };
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    return { kind: 'unread', because: messageOf(error) };
  }
}

async function behind(client: KubeClient, { namespace, name }: ServiceRef, signal: AbortSignal): Promise<RunningWebhook | undefined> {
  const service = await client.find(services, { namespace, name }, signal);
  const selector = isJsonObject(service?.spec) && isJsonObject(service.spec.selector) ? service.spec.selector : undefined;
  if (selector === undefined) return undefined;
  for (const resource of owners) {
    const { items } = await client.list(resource, { namespace }, signal);
    for (const owner of items) {
      const args = argsOf(owner, selector);
      if (args !== undefined) return { from: `${resource.kind.toLowerCase()} ${namespace}/${owner.metadata.name ?? ''}`, args };
    }
  }
  return undefined;
}

/** Those of the first container, which is the webhook's in upstream's manifests, in kOps' and in ours. */
function argsOf({ spec }: KubeObject, selector: unknown): readonly string[] | undefined {
  const template = isJsonObject(spec) && isJsonObject(spec.template) ? spec.template : {};
  const labels = isJsonObject(template.metadata) && isJsonObject(template.metadata.labels) ? template.metadata.labels : {};
  if (!selectorMatches({ matchLabels: selector }, labels as Readonly<Record<string, string>>)) return undefined;
  const containers = isJsonObject(template.spec) && Array.isArray(template.spec.containers) ? template.spec.containers : [];
  const [container] = containers;
  if (!isJsonObject(container)) return undefined;
  const words = [container.command, container.args].flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
  const first = words.findIndex((word) => word.startsWith('-'));
  return first === -1 ? [] : words.slice(first);
}
