import type { Manifest } from './manifests.ts';

/** Something that a manifest must not say, or must say and does not. */
export interface Finding {
  readonly rule: string;
  /** Kind and name. */
  readonly at: string;
}

type Tree = Readonly<Record<string, unknown>>;
interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}
interface Container extends Tree {
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly privileged?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly resources?: { readonly requests?: Tree; readonly limits?: Tree };
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly readinessProbe?: unknown;
  readonly livenessProbe?: unknown;
}
interface PodSpec extends Tree {
  readonly containers: readonly Container[];
  readonly volumes?: readonly Tree[];
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly seccompProfile?: { readonly type?: string };
  };
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[];
}
interface Webhook {
  readonly failurePolicy?: string;
  readonly timeoutSeconds?: number;
  readonly sideEffects?: string;
  readonly matchPolicy?: string;
  readonly rules: readonly {
    readonly operations: readonly string[];
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
  }[];
  readonly namespaceSelector?: {
    readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
  };
}

/** Resources that nobody of ours may touch in all of a cluster, whatever the verb. */
const NEVER = ['secrets', 'serviceaccounts/token', 'pods', 'pods/exec', 'nodes', 'clusterrolebindings'];
/** Verbs that grow a grant by themselves. */
const GROWING = ['escalate', 'impersonate'];
/** Powerful enough that one must be named. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  secrets: ['get', 'update', 'patch', 'delete', 'list', 'watch'],
  leases: ['get', 'update', 'patch', 'delete', 'list', 'watch'],
  clusterroles: ['bind'],
  mutatingwebhookconfigurations: ['get', 'update', 'patch', 'create', 'delete', 'list', 'watch'],
  validatingwebhookconfigurations: ['get', 'update', 'patch', 'create', 'delete', 'list', 'watch'],
};

/** One rule of the checklist: whether an object breaks it, among all objects. */
export interface Rule {
  readonly name: string;
  breaks(manifest: Manifest, all: readonly Manifest[]): boolean;
}

const rulesOf = (manifest: Manifest): readonly PolicyRule[] =>
  manifest.kind === 'ClusterRole' || manifest.kind === 'Role' ? ((manifest.rules ?? []) as readonly PolicyRule[]) : [];
const someRule =
  (test: (rule: PolicyRule, manifest: Manifest) => boolean) =>
  (manifest: Manifest): boolean =>
    rulesOf(manifest).some((rule) => test(rule, manifest));
const podOf = (manifest: Manifest): PodSpec | undefined =>
  manifest.kind === 'Deployment' ? (manifest.spec as { readonly template: { readonly spec: PodSpec } }).template.spec : undefined;
const pod =
  (breaks: (spec: PodSpec) => boolean) =>
  (manifest: Manifest): boolean => {
    const spec = podOf(manifest);
    return spec !== undefined && breaks(spec);
  };
const container = (breaks: (one: Container) => boolean) => pod((spec) => spec.containers.some(breaks));
const webhook =
  (breaks: (one: Webhook) => boolean) =>
  (manifest: Manifest): boolean =>
    manifest.kind.endsWith('WebhookConfiguration') && ((manifest.webhooks ?? []) as readonly Webhook[]).some(breaks);
const bindings = (manifest: Manifest): { readonly kind: string; readonly name: string } | undefined =>
  manifest.kind.endsWith('RoleBinding') ? (manifest.roleRef as { readonly kind: string; readonly name: string }) : undefined;
const selects = (manifest: Manifest, labels: unknown): boolean => {
  const wanted = (manifest.spec as { readonly selector?: { readonly matchLabels?: Tree } }).selector?.matchLabels;
  return JSON.stringify(wanted) === JSON.stringify(labels);
};
const labelsOf = (deployment: Manifest): unknown =>
  (deployment.spec as { readonly selector: { readonly matchLabels: Tree } }).selector.matchLabels;

/** What every shipped manifest must keep to: NSA/CISA, CIS 5.1 to 5.3 and the restricted Pod Security Standard, as far as they speak of manifests. */
export const checklist: readonly Rule[] = [
  {
    name: 'no wildcard in a role',
    breaks: someRule((rule) => [...rule.verbs, ...(rule.resources ?? []), ...(rule.apiGroups ?? [])].includes('*')),
  },
  { name: 'no verb that grows a grant', breaks: someRule((rule) => rule.verbs.some((verb) => GROWING.includes(verb))) },
  {
    name: 'nothing with secrets, pods or tokens in all of the cluster',
    breaks: (manifest) =>
      manifest.kind === 'ClusterRole' && rulesOf(manifest).some((rule) => (rule.resources ?? []).some((one) => NEVER.includes(one))),
  },
  {
    name: 'powerful objects are named',
    breaks: someRule(
      (rule) =>
        rule.resourceNames === undefined &&
        (rule.resources ?? []).some((one) => (NAMED[one] ?? []).some((verb) => rule.verbs.includes(verb))),
    ),
  },
  { name: 'nothing in a role beyond resources', breaks: someRule((rule) => rule.nonResourceURLs !== undefined) },
  {
    name: 'a binding is to a role of ours',
    breaks: (manifest, all) => {
      const role = bindings(manifest);
      return role !== undefined && !all.some((one) => one.kind === role.kind && one.metadata.name === role.name);
    },
  },
  {
    name: 'a binding is for an account of ours',
    breaks: (manifest, all) =>
      bindings(manifest) !== undefined &&
      (manifest.subjects as readonly Tree[]).some(
        ({ kind, name, namespace }) =>
          !all.some(
            (one) => kind === 'ServiceAccount' && one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace,
          ),
      ),
  },
  {
    name: 'service accounts mount no token by themselves',
    breaks: (manifest) => manifest.kind === 'ServiceAccount' && manifest.automountServiceAccountToken !== false,
  },
  { name: 'not as root', breaks: pod(({ securityContext: at }) => at?.runAsNonRoot !== true || (at.runAsUser ?? 0) < 1_000) },
  { name: 'seccomp as the runtime has it', breaks: pod(({ securityContext: at }) => at?.seccompProfile?.type !== 'RuntimeDefault') },
  {
    name: 'no privilege escalation',
    breaks: container(({ securityContext: at }) => at?.allowPrivilegeEscalation !== false || at.privileged === true),
  },
  { name: 'a read-only root', breaks: container(({ securityContext: at }) => at?.readOnlyRootFilesystem !== true) },
  {
    name: 'no capabilities',
    breaks: container(({ securityContext: at }) => !(at?.capabilities?.drop ?? []).includes('ALL') || at?.capabilities?.add !== undefined),
  },
  {
    name: 'nothing of the host',
    breaks: pod(
      (spec) =>
        spec.hostNetwork === true ||
        spec.hostPID === true ||
        spec.hostIPC === true ||
        (spec.volumes ?? []).some((volume) => volume.hostPath !== undefined),
    ),
  },
  {
    name: 'memory is limited, CPU is not',
    breaks: container(
      ({ resources: at }) => at?.limits?.memory === undefined || at.requests?.memory === undefined || at.limits.cpu !== undefined,
    ),
  },
  { name: 'probes', breaks: container((one) => one.readinessProbe === undefined || one.livenessProbe === undefined) },
  {
    name: 'Node is hardened',
    breaks: container(({ env }) => {
      const options = env?.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '';
      return (
        !['--disable-proto=delete', '--unhandled-rejections=strict', '--max-old-space-size='].every((flag) => options.includes(flag)) ||
        options.includes('--inspect')
      );
    }),
  },
  {
    name: 'an account of its own',
    breaks: pod((spec) => typeof spec.serviceAccountName !== 'string' || spec.serviceAccountName === 'default'),
  },
  { name: 'critical to the cluster', breaks: pod((spec) => spec.priorityClassName !== 'system-cluster-critical') },
  {
    name: 'spread over zones and hosts',
    breaks: pod((spec) =>
      ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].some(
        (key) => !spec.topologySpreadConstraints?.some((one) => one.topologyKey === key),
      ),
    ),
  },
  {
    name: 'two replicas, never less while it rolls out',
    breaks: (manifest) => {
      if (manifest.kind !== 'Deployment') return false;
      const { replicas, strategy } = manifest.spec as {
        readonly replicas?: number;
        readonly strategy?: { readonly rollingUpdate?: { readonly maxUnavailable?: unknown } };
      };
      return (replicas ?? 1) < 2 || strategy?.rollingUpdate?.maxUnavailable !== 0;
    },
  },
  {
    name: 'a disruption budget',
    breaks: (manifest, all) =>
      manifest.kind === 'Deployment' && !all.some((one) => one.kind === 'PodDisruptionBudget' && selects(one, labelsOf(manifest))),
  },
  {
    name: 'a network policy',
    breaks: (manifest, all) =>
      manifest.kind === 'Deployment' &&
      !all.some((one) => {
        if (one.kind !== 'NetworkPolicy') return false;
        const { podSelector, policyTypes } = one.spec as {
          readonly podSelector: { readonly matchLabels?: Tree };
          readonly policyTypes: readonly string[];
        };
        return (
          JSON.stringify(podSelector.matchLabels) === JSON.stringify(labelsOf(manifest)) &&
          policyTypes.includes('Ingress') &&
          policyTypes.includes('Egress')
        );
      }),
  },
  {
    name: 'our own namespace is restricted',
    breaks: (manifest) =>
      manifest.kind === 'Namespace' && manifest.metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted',
  },
  {
    name: 'a webhook without side effects that answers within five seconds',
    breaks: webhook((one) => one.sideEffects !== 'None' || (one.timeoutSeconds ?? 10) > 5 || one.matchPolicy !== 'Equivalent'),
  },
  {
    name: 'a webhook asks for what it judges alone',
    breaks: webhook((one) => one.rules.some((rule) => [...rule.operations, ...rule.apiGroups, ...rule.resources].includes('*'))),
  },
  {
    name: 'a webhook that fails closed is asked to',
    breaks: webhook(
      (one) =>
        one.failurePolicy !== 'Ignore' &&
        !one.namespaceSelector?.matchExpressions?.some(({ key, operator }) => key.startsWith('podrole.dev/') && operator === 'In'),
    ),
  },
  {
    name: 'a webhook for pods leaves its own namespace and kube-system alone',
    breaks: webhook((one) => {
      const spared =
        one.namespaceSelector?.matchExpressions?.find(({ key, operator }) => key === 'kubernetes.io/metadata.name' && operator === 'NotIn')
          ?.values ?? [];
      return (
        one.rules.some((rule) => rule.resources.includes('pods')) && !['kube-system', 'podrole'].every((name) => spared.includes(name))
      );
    }),
  },
];

/** What is wrong with these manifests. */
export function check(manifests: readonly Manifest[]): readonly Finding[] {
  return checklist.flatMap((rule) =>
    manifests
      .filter((manifest) => rule.breaks(manifest, manifests))
      .map(({ kind, metadata }) => ({ rule: rule.name, at: `${kind} ${metadata.name}` })),
  );
}
