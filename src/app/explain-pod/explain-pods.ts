import type { Problem } from '../../base/errors.ts';
import { messageOf, PodroleError } from '../../base/errors.ts';
import type { FlagValues } from '../../base/flag-table.ts';
import { isJsonObject } from '../../base/json.ts';
import type { ReasonCode } from '../../identity/reason-codes.ts';
import { CredentialsError } from '../../kube/client/errors.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { apiVersionOf } from '../../kube/core/resource.ts';
import { accountSettings } from '../../webhook/account-settings.ts';
import { mappingTextOf } from '../../webhook/create-webhook.ts';
import { noIdentities, readIdentities } from '../../webhook/identities.ts';
import { emptyMapping, MAPPING_KEY, readMapping } from '../../webhook/mapping.ts';
import type { PodFinding } from '../../webhook/pod-findings.ts';
import { type PodReport, reportPod, sorted } from '../../webhook/report-pod.ts';
import { type ClusterConnection, connectCluster } from '../cluster-connection.ts';
import { checkRole, type RoleAccess, type RoleCheck } from './check-role.ts';
import { type ExplainOptions, explainOptions } from './explain-flags.ts';
import { type Facts, factsOfCluster, factsOfFiles, firstOf } from './facts.ts';
import { readManifests } from './manifests.ts';
import { runningWebhook } from './running-webhook.ts';
import { type Subject, subjectOf } from './subjects.ts';
import type { Target } from './workloads.ts';

export interface ExplainPodsRequest {
  /** A pod or workload of the cluster; absent: those of the files. */
  readonly target: Target | undefined;
  /** Files of pods and workloads, with what else they hold; `name` is for messages. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly namespace: string | undefined;
  /** Flags of the webhook that are given; they go before those that it is found to run with. */
  readonly flags: FlagValues;
  /** Reads a webhook's command line; `undefined` where it makes no sense. */
  readonly parseFlags: (args: readonly string[]) => FlagValues | undefined;
  /** The text of the container credentials file that was given; `undefined`: none was. */
  readonly identities: string | undefined;
  readonly cluster: {
    readonly kubeconfig: string | undefined;
    readonly context: string | undefined;
    readonly env: Readonly<Record<string, string | undefined>>;
  };
  /** How roles are asked; `undefined`: they are not. */
  readonly roles: ((hasCluster: boolean) => RoleAccess) | undefined;
}

/** A pod and what is to say about it. */
export interface ExplainedPod extends PodReport {
  readonly kind: string;
  readonly name: string;
  /** Whether it was admitted already. */
  readonly admitted: boolean;
  /** The role's side; `undefined`: not asked, or there is no role to ask. */
  readonly trust: Omit<RoleCheck, 'findings'> | undefined;
}

/** Whose flags decided. */
export interface JudgedBy {
  /** What runs the webhook, where the cluster told; else the given flags and the defaults decided. */
  readonly from: string | undefined;
  /** The flags that are not the default. */
  readonly flags: FlagValues;
  /** What could not be taken into account. */
  readonly notes: readonly string[];
}

export type ExplainedPods =
  | { readonly ok: true; readonly pods: readonly ExplainedPod[]; readonly askedCluster: boolean; readonly webhook: JudgedBy }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Explains pods of files or of a cluster. A cluster is asked for a target, where one was named, and where the files lack a service account.
 * Rejects with `pod-not-found`, `CredentialsError`, or as the client does.
 */
export async function explainPods(request: ExplainPodsRequest, signal: AbortSignal): Promise<ExplainedPods> {
  const read = objectsOf(request);
  if (!read.ok) return read;
  const { objects } = read;
  const alone = request.namespace ?? 'default';
  const absent = await absentAccounts(objects, alone);
  const wantsCluster =
    request.target !== undefined || request.cluster.kubeconfig !== undefined || request.cluster.context !== undefined || absent.length > 0;
  const connection = wantsCluster ? await connect(request, absent) : undefined;
  try {
    const namespace = request.namespace ?? connection?.namespace ?? 'default';
    const found = request.target === undefined ? objects : [await readTarget(request.target, { connection, namespace, signal })];
    const subjects = subjectsOf(found, namespace);
    if (subjects.length === 0) return { ok: false, problems: [{ path: '', message: nothingIn(objects) }] };
    const files = factsOfFiles(objects, namespace);
    const facts = connection === undefined ? files : firstOf(files, factsOfCluster(connection.client, signal));
    const webhook = await judgedBy(request, connection, signal);
    const options = explainOptions(webhook.flags);
    if (!options.ok) return options;
    const pods: ExplainedPod[] = [];
    const hasCluster = connection !== undefined;
    for (const subject of subjects) pods.push(await explained(subject, { request, options, facts, hasCluster, signal }));
    return { ok: true, pods, askedCluster: hasCluster, webhook };
  } finally {
    connection?.client.close();
  }
}

/** A webhook that runs in the cluster decides by its own flags: with others the answer would be about another webhook. */
async function judgedBy(
  { flags, parseFlags, identities }: ExplainPodsRequest,
  connection: ClusterConnection | undefined,
  signal: AbortSignal,
): Promise<JudgedBy> {
  if (connection === undefined) return { from: undefined, flags, notes: [] };
  const given = explainOptions(flags);
  const found = await runningWebhook(connection.client, given.ok ? given.configuration : '', signal);
  if (found.kind === 'none') return { from: undefined, flags, notes: [] };
  if (found.kind === 'unread')
    return { from: undefined, flags, notes: [`the flags of the running webhook could not be read, the defaults count: ${found.because}`] };
  const { from, args } = found.webhook;
  const own = parseFlags(args);
  if (own === undefined)
    return { from: undefined, flags, notes: [`the flags of ${from} are no flags of a pod identity webhook, the defaults count`] };
  const all = { ...own, ...flags };
  const options = explainOptions(all);
  const unseen = options.ok && options.identitiesFile !== undefined && identities === undefined;
  const note = `${from} reads its associations from a file of its own: give a copy with --watch-container-credentials-config`;
  return { from, flags: all, notes: unseen ? [note] : [] };
}

function objectsOf({
  files,
}: ExplainPodsRequest):
  | { readonly ok: true; readonly objects: readonly KubeObject[] }
  | { readonly ok: false; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const objects: KubeObject[] = [];
  for (const { name, text } of files) {
    const where = (path: string): string => (path === '' ? name : `${name}: ${path}`);
    const read = readManifests(text);
    if (!read.ok) problems.push(...read.problems.map(({ path, message }) => ({ path: where(path), message })));
    else
      for (const { object, path } of read.manifests) {
        if (object.kind !== 'AdmissionReview' && !isJsonObject(object.metadata))
          problems.push({ path: where(path), message: 'has no metadata' });
        else {
          if (object.kind === 'ServiceAccount') problems.push(...misspelt(object, where(path)));
          objects.push(object as KubeObject);
        }
      }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, objects };
}

/** The API server refuses an account whose annotations are no texts, so nothing can be said of its pods. */
function misspelt(account: Readonly<Record<string, unknown>>, path: string): readonly Problem[] {
  const metadata = isJsonObject(account.metadata) ? account.metadata : {};
  const annotations = isJsonObject(metadata.annotations) ? metadata.annotations : {};
  return Object.entries(annotations).flatMap(([name, value]) =>
    typeof value === 'string' ? [] : [{ path: `${path}/metadata/annotations/${name}`, message: 'must be a text: quote it' }],
  );
}

const subjectsOf = (objects: readonly KubeObject[], namespace: string): readonly Subject[] =>
  objects.flatMap((object) => subjectOf({ object: object as never, path: '' }, namespace) ?? []);

/** The service accounts that pods of the files name and the files do not hold, as `namespace:name`. */
async function absentAccounts(objects: readonly KubeObject[], namespace: string): Promise<readonly string[]> {
  const facts = factsOfFiles(objects, namespace);
  const absent = new Set<string>();
  for (const subject of subjectsOf(objects, namespace)) {
    if (subject.serviceAccount === undefined) continue;
    const account = { namespace: subject.namespace, name: subject.serviceAccount };
    if ((await facts.serviceAccount(account)) === undefined) absent.add(`${account.namespace}:${account.name}`);
  }
  return [...absent];
}

async function connect(request: ExplainPodsRequest, absent: readonly string[]): Promise<ClusterConnection> {
  try {
    return await connectCluster({ ...request.cluster, userAgent: 'podrole' });
  } catch (error) {
    if (request.target !== undefined || !(error instanceof CredentialsError)) throw error;
    const what = `the files do not hold ${absent.length === 1 ? 'the service account' : 'the service accounts'} ${absent.join(', ')}`;
    throw new PodroleError(`${what}, and there is no cluster to ask: ${messageOf(error)}`, {
      code: 'usage',
      hint: 'give it with --service-account FILE, or name a cluster with --kubeconfig',
      cause: error,
    });
  }
}

async function readTarget(
  { resource, name }: Target,
  at: { readonly connection: ClusterConnection | undefined; readonly namespace: string; readonly signal: AbortSignal },
): Promise<KubeObject> {
  const { connection, namespace, signal } = at;
  const found = await connection?.client.find<KubeObject>(resource, { namespace, name }, signal);
  if (found !== undefined) return { apiVersion: apiVersionOf(resource), ...found, kind: resource.kind };
  throw new PodroleError(`there is no ${resource.kind} ${name} in namespace ${namespace}`, {
    code: 'pod-not-found',
    hint: `kubectl get ${resource.plural} -n ${namespace}; is it the right --context?`,
  });
}

function nothingIn(objects: readonly KubeObject[]): string {
  const kinds = [...new Set(objects.map(({ kind }) => String(kind)))].join(', ');
  return `there is no pod, workload or AdmissionReview in the files${kinds === '' ? '' : `, only ${kinds}`}`;
}

interface Circumstances {
  readonly request: ExplainPodsRequest;
  readonly options: Extract<ExplainOptions, { readonly ok: true }>;
  readonly facts: Facts;
  readonly hasCluster: boolean;
  readonly signal: AbortSignal;
}

async function explained(subject: Subject, circumstances: Circumstances): Promise<ExplainedPod> {
  const { request, facts, hasCluster, signal } = circumstances;
  const { webhook: options, configuration, namespace: webhookNamespace } = circumstances.options;
  const { namespace } = subject;
  const name = subject.serviceAccount;
  const account = name === undefined ? undefined : await facts.serviceAccount({ namespace, name });
  const configMap = options.mapping ? await facts.mappingConfigMap(webhookNamespace) : undefined;
  const mapping = options.mapping ? readMapping(mappingTextOf(configMap, MAPPING_KEY), emptyMapping, options) : undefined;
  const identities = readIdentities(request.identities, noIdentities);
  const admitted = isAdmitted(subject);
  const report = reportPod({
    review: subject.review,
    pod: subject.pod,
    admitted,
    sources: {
      account:
        account === undefined ? { exists: false } : { exists: true, settings: accountSettings(account.metadata.annotations, options) },
      mapping: mapping?.mapping ?? emptyMapping,
      identities: identities.identities,
    },
    accountMeta: account?.metadata,
    mappingMeta: configMap?.metadata,
    accountsWithRoles: await facts.accountsWithRoles(namespace, options.annotationPrefix),
    registration: await facts.registration(namespace),
    configurationName: configuration,
    options,
  });
  const check = await roleCheck(report, request.roles?.(hasCluster), signal);
  const findings = [
    ...report.findings,
    ...malformed(mapping?.reason, mapping?.problems ?? [], 'the mapping ConfigMap'),
    ...malformed(identities.problems.length > 0 ? 'IdentitiesInvalid' : undefined, identities.problems, 'the container credentials file'),
    ...(check?.findings ?? []),
  ];
  const { findings: _, ...trust } = check ?? { findings: [] };
  return {
    kind: subject.kind,
    name: subject.name,
    admitted,
    ...report,
    namespace,
    trust: check === undefined ? undefined : (trust as Omit<RoleCheck, 'findings'>),
    findings: sorted(findings),
  };
}

/** Only the API server gives a uid. */
function isAdmitted({ kind, pod }: Subject): boolean {
  return kind === 'Pod' && isJsonObject(pod) && isJsonObject(pod.metadata) && typeof pod.metadata.uid === 'string';
}

async function roleCheck(report: PodReport, access: RoleAccess | undefined, signal: AbortSignal): Promise<RoleCheck | undefined> {
  const { role, namespace, serviceAccount, audience = '' } = report;
  if (access === undefined || role === undefined) return undefined;
  return checkRole({ role, namespace, serviceAccount, audience }, access, signal);
}

function malformed(reason: ReasonCode | undefined, problems: readonly Problem[], what: string): readonly PodFinding[] {
  if (reason === undefined) return [];
  return problems.map(({ path, message }) => ({
    code: reason,
    severity: 'error',
    message: `${what}${path === '' ? '' : `, ${path}`}: ${message}`,
    remedy: 'correct it; a running webhook uses the last good version',
  }));
}
