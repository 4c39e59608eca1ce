import { isJsonObject } from '../base/json.ts';
import { annotationKeys } from '../identity/annotations.ts';
import { CREDENTIAL_PAIRS } from '../identity/environment.ts';
import { type ReasonCode, reasonCodes } from '../identity/reason-codes.ts';
import { MAX_TOKEN_EXPIRATION_SECONDS } from '../identity/token-volume.ts';
import type { KubeObject, ObjectMeta } from '../kube/core/object.ts';
import { decideReview } from './answer.ts';
import { type Binding, type BindingSources, resolveBinding } from './binding.ts';
import { comparePod, tokenFileOf } from './compare-pod.ts';
import { type DecisionContext, settledDecision } from './decide.ts';
import { type Explanation, explainPod, explanationOf } from './explain-pod.ts';
import { createdBefore } from './internal/pod-age.ts';
import { containersOf, specOf, volumesOf } from './internal/pod-containers.ts';
import type { WebhookOptions } from './options.ts';
import { ownCredentials } from './own-credentials.ts';
import { type PodFinding, reasonRemedies } from './pod-findings.ts';
import { type RegisteredWebhook, registrationOf } from './registration.ts';
import { type PodRef, scan } from './scan.ts';

/** What is known of the API server's side. */
export type RegistrationFacts =
  | { readonly kind: 'read'; readonly configurations: readonly KubeObject[]; readonly namespaceLabels: Readonly<Record<string, string>> }
  /** `because` says why not. */
  | { readonly kind: 'unread'; readonly because: string }
  /** No cluster was asked. */
  | { readonly kind: 'not-asked' };

/** A pod to be explained, and everything that decides about it. */
export interface PodCase {
  /** The review that the API server would send, as bytes. */
  readonly review: Uint8Array;
  readonly pod: unknown;
  /** Whether the pod was admitted already and is as the cluster has it. */
  readonly admitted: boolean;
  readonly sources: BindingSources;
  /** Metadata of the ServiceAccount and of the mapping ConfigMap, where they exist. */
  readonly accountMeta: ObjectMeta | undefined;
  readonly mappingMeta: ObjectMeta | undefined;
  /** Names of other accounts of the namespace that have a role. */
  readonly accountsWithRoles: readonly string[];
  readonly registration: RegistrationFacts;
  readonly configurationName: string;
  readonly options: WebhookOptions;
}

/** What would happen to a pod at admission, why, and what is wrong with it. */
export interface PodReport extends Explanation {
  /** `injected`: it gets credentials, or has them. `undecided`: the webhook refuses to answer and the failure policy decides. */
  readonly outcome: 'injected' | 'left-alone' | 'undecided';
  readonly namespace: string;
  readonly serviceAccount: string;
  /** `undefined`: the registration was not looked at. */
  readonly registered: readonly RegisteredWebhook[] | undefined;
  /** The gravest first. */
  readonly findings: readonly PodFinding[];
}

/** Reports on one pod: the webhook's own decision about the very bytes, and what a look at the pod and the cluster adds to it. */
export function reportPod(podCase: PodCase): PodReport {
  const ref = scan(podCase.review);
  if (ref.kind === 'refusal') return undecided(ref.reason, ref.message);
  const binding = resolveBinding({ namespace: ref.namespace, name: ref.serviceAccount }, podCase.sources, podCase.options);
  const context: DecisionContext = { binding, options: podCase.options, random: () => 0 };
  const explanation = explanationOf(decideReview(podCase.review, ref, context));
  const bound = explanation.method !== undefined;
  const registration = bound ? registrationFor(podCase) : { webhooks: undefined, findings: [] };
  const notCalled = registration.findings.some(({ severity }) => severity === 'error');
  const findings = [
    ...ofReason(explanation),
    ...(podCase.admitted ? compared(podCase, { explanation, binding, notCalled }) : brought(podCase.pod, explanation)),
    ...(explanation.method === undefined ? [] : ownCredentials(podCase.pod, explanation.method)),
    ...ofContainers(explanation),
    ...registration.findings,
    ...neighbours(ref, explanation, podCase),
  ];
  return {
    ...explanation,
    outcome: bound ? 'injected' : 'left-alone',
    namespace: ref.namespace,
    serviceAccount: ref.serviceAccount,
    registered: registration.webhooks,
    findings: sorted(withoutEchoes(findings)),
  };
}

const WEIGHT = { error: 0, warning: 1, info: 2 } as const;

/** The gravest first, otherwise in their order. */
export function sorted(findings: readonly PodFinding[]): readonly PodFinding[] {
  return findings.toSorted((one, other) => WEIGHT[one.severity] - WEIGHT[other.severity]);
}

function undecided(reason: ReasonCode, message: string): PodReport {
  return {
    ...explanationOf(settledDecision(reason)),
    outcome: 'undecided',
    namespace: '',
    serviceAccount: '',
    registered: undefined,
    findings: [{ code: reason, severity: 'error', message, remedy: 'send a complete AdmissionReview of admission.k8s.io/v1' }],
  };
}

function ofReason({ reason, notes }: Explanation): readonly PodFinding[] {
  const decided = reasonRemedies[reason];
  const own: readonly PodFinding[] = decided === undefined ? [] : [{ code: reason, message: reasonCodes[reason], ...decided }];
  return [
    ...own,
    ...notes.flatMap((note): readonly PodFinding[] => {
      const known = reasonRemedies[note.reason];
      return known === undefined ? [] : [{ code: note.reason, message: note.message, ...known }];
    }),
  ];
}

function ofContainers({ containers }: Explanation): readonly PodFinding[] {
  return containers
    .filter(({ outcome }) => outcome === 'skipped')
    .map(({ name }) => ({
      code: 'ContainerSkipped',
      severity: 'info',
      message: `container ${name} gets nothing: a list of containers of the pod leaves it out`,
      remedy: 'take it off skip-containers, or put it on include-containers, if it is to have the role',
      container: name,
    }));
}

/** What a pod that is still to be made brings itself. */
function brought(pod: unknown, explanation: Explanation): readonly PodFinding[] {
  if (explanation.method === undefined) return [];
  const { source, tokenFile } = CREDENTIAL_PAIRS['web-identity'];
  const volumes = volumesOf(pod);
  return containersOf(pod).flatMap((container): readonly PodFinding[] => {
    const { name, env } = container;
    const token = tokenFileOf(container, [...volumes, ...addedVolume(explanation)]);
    const role = env.get(source);
    if (explanation.method !== 'web-identity' || !env.has(tokenFile) || role === undefined || role === explanation.role) return token;
    return [
      ...token,
      {
        code: 'OwnRole',
        severity: 'warning',
        message: `container ${name} sets the role ${role} itself, so that it does not get ${explanation.role ?? 'another'}`,
        remedy: `remove ${source} and ${tokenFile} from the container, unless another role is meant`,
        container: name,
      },
    ];
  });
}

/** The volume that the patch adds. The mounts it adds are where no container's own variable points. */
function addedVolume({ volume, audience }: Explanation): ReturnType<typeof volumesOf> {
  if (volume?.origin !== 'added') return [];
  return [{ name: volume.name, token: { audience: audience ?? '', path: '', expirationSeconds: undefined } }];
}

interface Compared {
  readonly explanation: Explanation;
  readonly binding: Binding;
  readonly notCalled: boolean;
}

function compared(podCase: PodCase, { explanation, binding, notCalled }: Compared): readonly PodFinding[] {
  const { pod, options, accountMeta, mappingMeta } = podCase;
  const restart = restartOf(pod);
  const annotation = annotationKeys(options.annotationPrefix).roleArn;
  return comparePod(pod, {
    explanation,
    expirationSeconds: expirationOfNew(pod, explanation, { binding, options, random: () => 0 }),
    cause: createdBefore(pod, { account: accountMeta, mapping: mappingMeta, origin: explanation.origin, annotation, restart }),
    notCalled,
    restart,
  });
}

/** What the webhook would ask for, were the volume not there. Where chance has a part in it, nothing is expected. */
function expirationOfNew(pod: unknown, { volume, method }: Explanation, context: DecisionContext): number | undefined {
  const spec = specOf(pod);
  if (!isJsonObject(pod) || spec === undefined || volume === undefined) return undefined;
  const others = Array.isArray(spec.volumes) ? spec.volumes.filter((each) => !isJsonObject(each) || each.name !== volume.name) : [];
  const added = explainPod({ ...pod, spec: { ...spec, volumes: others } }, context).operations.find(
    ({ path }) => path === '/spec/volumes/0',
  );
  const [made] = volumesOf({ spec: { volumes: [added !== undefined && 'value' in added ? added.value : undefined] } });
  const seconds = made?.token?.expirationSeconds;
  const spread = method === 'container-credentials' && seconds !== undefined && seconds >= MAX_TOKEN_EXPIRATION_SECONDS;
  return spread ? undefined : seconds;
}

/** Owners as `kubectl rollout restart` takes them; the Deployment of a ReplicaSet is told by the hash in its name. */
function restartOf(pod: unknown): string {
  const metadata = isJsonObject(pod) && isJsonObject(pod.metadata) ? pod.metadata : {};
  const owners = Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences : [];
  const owner = owners.find((each) => isJsonObject(each) && each.controller === true);
  const again = `delete the pod, so that it is made again: kubectl delete pod ${String(metadata.name)} -n ${String(metadata.namespace)}`;
  if (!isJsonObject(owner)) return 'make the pod again';
  const kind = String(owner.kind);
  const name = String(owner.name);
  const labels = isJsonObject(metadata.labels) ? metadata.labels : {};
  const hash = labels['pod-template-hash'];
  if (kind === 'ReplicaSet' && typeof hash === 'string' && name.endsWith(`-${hash}`))
    return `kubectl rollout restart deployment/${name.slice(0, -hash.length - 1)} -n ${String(metadata.namespace)}`;
  if (kind === 'StatefulSet' || kind === 'DaemonSet')
    return `kubectl rollout restart ${kind.toLowerCase()}/${name} -n ${String(metadata.namespace)}`;
  return again;
}

function registrationFor({ pod, registration, configurationName }: PodCase): {
  readonly webhooks: readonly RegisteredWebhook[] | undefined;
  readonly findings: readonly PodFinding[];
} {
  if (registration.kind === 'not-asked') return { webhooks: undefined, findings: [] };
  if (registration.kind === 'unread') {
    const finding: PodFinding = {
      code: 'RegistrationUnknown',
      severity: 'warning',
      message: `it is not known whether the API server calls the webhook: ${registration.because}`,
      remedy: 'ask as somebody who may list mutatingwebhookconfigurations and get the namespace',
    };
    return { webhooks: undefined, findings: [finding] };
  }
  const { configurations, namespaceLabels } = registration;
  const { webhooks, findings } = registrationOf({ configurations, configurationName, namespaceLabels, podLabels: labelsOf(pod) });
  return { webhooks, findings };
}

function labelsOf(pod: unknown): Readonly<Record<string, string>> {
  const labels = isJsonObject(pod) && isJsonObject(pod.metadata) && isJsonObject(pod.metadata.labels) ? pod.metadata.labels : {};
  return Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function neighbours(ref: PodRef, { reason }: Explanation, { accountsWithRoles }: PodCase): readonly PodFinding[] {
  if (reason !== 'NoRole' || ref.serviceAccount !== 'default' || accountsWithRoles.length === 0) return [];
  return [
    {
      code: 'OtherAccountsHaveRoles',
      severity: 'warning',
      message: `the pod runs as the account default, which has no role; in its namespace have one: ${accountsWithRoles.join(', ')}`,
      remedy: 'set spec.serviceAccountName, if it is meant to have a role',
    },
  ];
}

/** A changed audience is also a volume that does not hold the wanted token: once is enough. */
function withoutEchoes(findings: readonly PodFinding[]): readonly PodFinding[] {
  const changed = findings.some(({ code }) => code === 'AudienceChanged');
  return changed ? findings.filter(({ code }) => code !== 'VolumeClash' && code !== 'MountElsewhere') : findings;
}
