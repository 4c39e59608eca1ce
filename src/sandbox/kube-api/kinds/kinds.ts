import type { KindBehaviour } from './behaviour.ts';
import {
  bindingBehaviour,
  checkConfigMap,
  eventBehaviour,
  immutableUnlessSame,
  leaseBehaviour,
  namespaceBehaviour,
  nodeBehaviour,
  secretBehaviour,
  serviceBehaviour,
} from './core-kinds.ts';
import { definitionBehaviour } from './custom-resource-definition.ts';
import { disruptionBudgetBehaviour } from './disruption-budget.ts';
import { networkPolicyBehaviour } from './network-policy.ts';
import { podBehaviour } from './pod.ts';
import { webhookConfigurationBehaviour } from './webhook-configuration.ts';

const behaviours: Readonly<Record<string, KindBehaviour>> = {
  pods: podBehaviour,
  namespaces: namespaceBehaviour,
  configmaps: { validate: checkConfigMap, validateUpdate: immutableUnlessSame },
  events: eventBehaviour,
  nodes: nodeBehaviour,
  secrets: {
    ...secretBehaviour,
    validateUpdate: (live, next) => [...immutableUnlessSame(live, next), ...(secretBehaviour.validateUpdate?.(live, next) ?? [])],
  },
  services: serviceBehaviour,
  'rolebindings.rbac.authorization.k8s.io': bindingBehaviour,
  'clusterrolebindings.rbac.authorization.k8s.io': bindingBehaviour,
  'networkpolicies.networking.k8s.io': networkPolicyBehaviour,
  'poddisruptionbudgets.policy': disruptionBudgetBehaviour,
  'leases.coordination.k8s.io': leaseBehaviour,
  'customresourcedefinitions.apiextensions.k8s.io': definitionBehaviour,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurationBehaviour(true),
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurationBehaviour(false),
};

/** What the kind of a bucket adds to the ordinary life of an object. */
export function behaviourOf(bucket: string): KindBehaviour {
  return behaviours[bucket] ?? {};
}
