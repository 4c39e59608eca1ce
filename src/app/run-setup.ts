import { deniedAction } from '../aws/errors.ts';
import type { Clock } from '../base/clock.ts';
import { PodroleError, type Problem } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { systemClock } from '../host/system-clock.ts';
import type { PlanItem, PlanSummary } from '../setup/action.ts';
import { summaryOf } from '../setup/action.ts';
import { type AppliedItem, carryOut } from '../setup/apply.ts';
import { type DesiredInput, type DesiredState, desiredState, everyRoleName } from '../setup/desired-state.ts';
import { type DestroyConsent, gatherDestroy, planDestroy, unknownRetained } from '../setup/destroy.ts';
import { type Facts, gatherFacts } from '../setup/gather.ts';
import { gatherGoneSite, goneKube } from '../setup/gone-cluster.ts';
import { type KfDefOptions, type KfDefResult, parseKfDef } from '../setup/kf-def.ts';
import { DEFAULT_OPTIONS, mistakesInOptions, type SetupOptions } from '../setup/options.ts';
import { type Plan, planSetup } from '../setup/plan.ts';
import { planDigest } from '../setup/plan-digest.ts';
import { parseSavedPlan, type SavedPlanReading, type SetupAsk } from '../setup/plan-file.ts';
import type { SetupAws, SetupPorts } from '../setup/ports.ts';
import { roleTemplate } from '../setup/role-naming.ts';
import { gatherSite, type Site } from '../setup/site.ts';
import { gatherStatus, type SetupStatus, setupStatus } from '../setup/status.ts';
import { connectCluster } from './cluster-connection.ts';
import { FIELD_MANAGER } from './setup/setup-kube.ts';
import { setupAws, setupPorts } from './setup/setup-ports.ts';
import { sha256Hex } from './sha256.ts';

/** Hears of each step as it ends; `done` of `all`. */
export type Told = (applied: AppliedItem, progress: { readonly done: number; readonly all: number }) => void;

/** Something that was decided and can be carried out. */
export interface Prepared {
  readonly site: Site;
  readonly cluster: string;
  readonly items: readonly PlanItem[];
  readonly notes: readonly string[];
  readonly summary: PlanSummary;
  /** Hash of what was read and of what would be done. */
  readonly digest: string;
  /** Rejects as `carryOut`. */
  apply(told: Told, signal?: AbortSignal): Promise<void>;
}

/** Where to find the cluster and AWS. */
export interface SetupAccess {
  readonly region: string | undefined;
  readonly endpoint?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads a KfDef's text. */
export function readKfDef(text: string, options: KfDefOptions): KfDefResult {
  return parseKfDef(text, options);
}

/** Reads what `--save` wrote. */
export function readSavedPlan(text: string): SavedPlanReading {
  return parseSavedPlan(text);
}

/** Options laid over the defaults, with everything that is wrong with them. */
export function setupOptions(given: Partial<SetupOptions>): { readonly options: SetupOptions; readonly problems: readonly Problem[] } {
  const options = { ...DEFAULT_OPTIONS, ...given, roleNames: roleTemplate(given.roleNames ?? DEFAULT_OPTIONS.roleNames) };
  return { options, problems: mistakesInOptions(options) };
}

/** Connects by kubeconfig and AWS's own credential chain. */
export async function connectSetup(access: SetupAccess): Promise<SetupPorts> {
  const { region, endpoint, kubeconfig, context, env } = access;
  const { client } = await connectCluster({ kubeconfig, context, env, userAgent: FIELD_MANAGER });
  return setupPorts({ region, endpoint }, client);
}

/** AWS alone, by its own credential chain. */
export function connectAws({ region, endpoint }: Pick<SetupAccess, 'region' | 'endpoint'>): SetupAws {
  return setupAws({ region, endpoint });
}

/** What is asked for, with the options left out standing at their defaults. */
export type Asked = Omit<SetupAsk, 'options'> & { readonly options?: SetupOptions };

/** Reads what exists and plans. Rejects as `gatherSite`, or with `permission-missing`. */
export function planWith(asked: Asked, ports: SetupPorts, signal?: AbortSignal): Promise<Prepared & { readonly plan: Plan }> {
  return namingDenials(async () => {
    const read = await readWorld(asked, ports, signal);
    const { plan, facts } = read;
    return { ...prepared(ports, { ...plan, digestOf: facts }), plan };
  });
}

/** Reads what exists and judges it against the file. Rejects as `planWith`. */
export function statusWith(asked: Asked, ports: SetupPorts, signal?: AbortSignal): Promise<SetupStatus & { readonly site: Site }> {
  return namingDenials(async () => {
    const { plan, desired, facts, input } = await readWorld(asked, ports, signal);
    const more = await gatherStatus(ports, desired, signal);
    return { ...setupStatus({ plan, desired, facts, more, quota: input.options.trustPolicyQuota }), site: plan.site };
  });
}

/** Reads what setup made, under whatever options, and plans its removal. Rejects as `planWith`, or with `retain-unknown`. */
export function destroyWith(asked: Asked, ports: SetupPorts, consent: DestroyConsent, signal?: AbortSignal): Promise<Prepared> {
  return namingDenials(async () => removal(await desiredInput(asked, ports, signal), { ports, consent, notes: [] }, signal)).catch(
    (error: unknown) => {
      throw tellingOfGone(error);
    },
  );
}

/** Where a cluster does not answer or is not found, it may have been deleted first. */
function tellingOfGone(error: unknown): unknown {
  if (!(error instanceof PodroleError) || !['cluster-not-found', 'kube-api-unreachable'].includes(error.code)) return error;
  const { code, retry, hint, cause } = error;
  const gone = 'if the cluster has been deleted, --cluster-gone takes down what is left in AWS';
  return new PodroleError(error.message, { code, retry, cause, hint: hint === undefined ? gone : `${hint}; ${gone}` });
}

/** Plans the removal of what setup made in AWS for a cluster that has been deleted. Rejects as `gatherGoneSite`, or with `retain-unknown`. */
export function destroyGoneWith(
  asked: Asked,
  aws: SetupAws,
  { consent, issuer }: { readonly consent: DestroyConsent; readonly issuer: string | undefined },
  signal?: AbortSignal,
): Promise<Prepared> {
  return namingDenials(async () => {
    const { request, options = DEFAULT_OPTIONS, region } = asked;
    const inputAt = (site: Site): DesiredInput => ({ request, options, site, version: VERSION, sha256Hex });
    const roleNames = (at: string): readonly string[] =>
      everyRoleName(inputAt({ account: '', partition: '', region: at, issuer: '', clusterId: '' }));
    const { cluster } = request;
    const site = await gatherGoneSite(aws, { cluster, region, selfManaged: options.selfManaged, issuer, roleNames }, signal);
    const notes = [`cluster ${cluster} is gone: its service accounts and Profiles went with it, and only AWS was looked at`];
    return removal(inputAt(site), { ports: { aws, kube: goneKube(site.issuer) }, consent, notes }, signal);
  });
}

interface Removal {
  readonly ports: SetupPorts;
  readonly consent: DestroyConsent;
  readonly notes: readonly string[];
}

async function removal(input: DesiredInput, { ports, consent, notes }: Removal, signal?: AbortSignal): Promise<Prepared> {
  const { request, site } = input;
  const desired = desiredState(input);
  const target = { desired, roleNames: everyRoleName(input), namespace: request.namespace };
  const facts = await gatherDestroy(ports, target, signal);
  const items = planDestroy({ site, target, facts, consent });
  const unknown = unknownRetained(items, consent.retain);
  if (unknown.length > 0)
    throw new PodroleError(`nothing was written: ${unknown.join(', ')} cannot be retained, because nothing that could stay is called so`, {
      code: 'retain-unknown',
      hint: '--dry-run lists the objects; role/…, provider/… and serviceaccount/… can be retained, and with a role the Profiles that name it',
    });
  return prepared(ports, { site, cluster: request.cluster, items, notes, tags: desired.tags, digestOf: facts });
}

interface World {
  readonly input: DesiredInput;
  readonly desired: DesiredState;
  readonly facts: Facts;
  readonly plan: Plan;
}

async function readWorld(asked: Asked, ports: SetupPorts, signal?: AbortSignal): Promise<World> {
  const input = await desiredInput(asked, ports, signal);
  const desired = desiredState(input);
  const facts = await gatherFacts(ports, desired, signal);
  const { site, options } = input;
  return { input, desired, facts, plan: planSetup({ cluster: asked.request.cluster, site, desired, facts, options, sha256Hex }) };
}

async function desiredInput(asked: Asked, ports: SetupPorts, signal?: AbortSignal): Promise<DesiredInput> {
  const { request, region, options = DEFAULT_OPTIONS } = asked;
  const site = await gatherSite(ports, { cluster: request.cluster, region, selfManaged: options.selfManaged }, signal);
  return { request, options, site, version: VERSION, sha256Hex };
}

function prepared(
  ports: SetupPorts,
  decided: Omit<Plan, 'tags'> & { readonly tags: Plan['tags']; readonly digestOf: unknown },
  clock: Clock = systemClock(),
): Prepared {
  const { site, cluster, items, notes, tags, digestOf } = decided;
  return {
    site,
    cluster,
    items,
    notes,
    summary: summaryOf(items),
    digest: planDigest({ facts: { site, found: digestOf }, items }, sha256Hex),
    apply: (told, signal) => {
      const all = items.filter(({ action }) => action !== undefined).length;
      let done = 0;
      const count = (applied: AppliedItem): void => {
        done += 1;
        told(applied, { done, all });
      };
      return namingDenials(() => carryOut(ports, { items, tags, clock, told: count }, signal));
    },
  };
}

/** A denial says which action is missing; that there is a policy with just what is needed is for setup to say. */
async function namingDenials<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const cause = error instanceof PodroleError && error.code === 'setup-incomplete' ? error.cause : error;
    const action = deniedAction(cause);
    if (action === undefined || !(error instanceof PodroleError)) throw error;
    throw new PodroleError(error.message, {
      code: error.code === 'setup-incomplete' ? 'setup-incomplete' : 'permission-missing',
      hint: `the caller may not ${action}: \`podrole setup permissions -f FILE\` prints the policy that grants it and nothing besides`,
      cause: cause === error ? error.cause : cause,
    });
  }
}

export { clusterIssuer } from './setup/setup-kube.ts';
export { setupPorts } from './setup/setup-ports.ts';
