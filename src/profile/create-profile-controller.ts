import { sleep, type Timer } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { parseRoleArn, providerArnOf } from '../iam/arn.ts';
import { recordName } from '../identity/record-name.ts';
import type { KubeObject } from '../kube/core/object.ts';
import { type Outcome, type OutcomeKind, runController } from '../kube/runtime/controller.ts';
import { WorkQueue } from '../kube/runtime/work-queue.ts';
import type { Action } from './action.ts';
import { type Claims, claimsOf, roleKeyOf } from './claims.ts';
import { Effects } from './internal/effects.ts';
import { FreshObjects } from './internal/fresh-objects.ts';
import { FreshProfiles } from './internal/fresh-profiles.ts';
import { NamespaceObjects } from './internal/namespace-objects.ts';
import { PodWatch } from './internal/pod-watch.ts';
import { type NamespaceLabels, parseNamespaceLabels } from './namespace-labels.ts';
import { type ProfileControllerOptions, resolveOptions } from './options.ts';
import { askOwnRole, keepAskingOwnRole, type OwnRoleDeps } from './own-role.ts';
import type { ProfileControllerDeps } from './ports.ts';
import { nameOf, type Profile } from './profile.ts';
import { ProfileReconciler } from './profile-reconciler.ts';
import { newRoleMemory, RoleBook } from './role-book.ts';
import type { RolePolicy } from './role-policy.ts';
import { RoleReconciler } from './role-reconciler.ts';
import { parseRecord } from './role-record.ts';

const START_RETRY_MS = 1_000;
const ABANDON_MS = 10_000;
const HEARTBEAT_MS = 10_000;
/** Whatever failed is tried again half a minute after its cause is gone, at the latest. */
const RETRY = { firstMs: 1_000, maxMs: 30_000 };

/** The Profile controller. One object serves one term of leadership; after `start` has resolved it is of no further use. */
export interface ProfileController {
  /** Loads the records, then works until the signal aborts; resolves when nothing is in flight any more. Call it while holding the lease. */
  start(signal: AbortSignal): Promise<void>;
  /** Loads records, labels and the own role without starting anything: for a dry run and for tests. `start` does it by itself. */
  prepare(): Promise<void>;
  /** Whether the records are loaded and the queues are being worked on. */
  ready(): boolean;
  /** A profile was added, changed or deleted: the watch says so. */
  profileChanged(name: string): void;
  /** An object in a profile's namespace, or the namespace itself, changed. */
  objectChanged(object: KubeObject): void;
  /** The labels file changed: it is read again and every profile is looked at. */
  labelsChanged(): void;
  /** False while a write of unknown outcome may still land: then the lease must run out instead of being released. */
  settled(): boolean;
  /** What was done, or with an overlay would have been, in order. */
  onAction(listener: (action: Action) => void): void;
  /** One round, for tests and the simulation. */
  reconcileProfile(name: string): Promise<Outcome>;
  reconcileRole(key: string): Promise<Outcome>;
  /** Roles known now, by key. */
  roleKeys(): readonly string[];
}

/** Builds the controller on its ports. Nothing happens before `start`. */
export function createProfileController(deps: ProfileControllerDeps, controllerOptions: ProfileControllerOptions): ProfileController {
  const options = resolveOptions(controllerOptions);
  const { clock, log, lease } = deps;
  const startedAt = clock.monotonic();
  const stop = new AbortController();
  const listeners: ((action: Action) => void)[] = [];
  let running = false;
  let heartbeat: Timer | undefined;
  let policy: RolePolicy = { allowed: options.allowedRoles, own: undefined };
  let ownRoleKnown = false;
  let labels: NamespaceLabels = new Map();
  let labelsProblem: string | undefined;
  let lastUncertain = Number.NEGATIVE_INFINITY;
  let recordsAtStart: ReadonlySet<string> | undefined;

  const effects = new Effects(deps, stop.signal, (action) => {
    for (const listener of listeners) listener(action);
  });
  const profiles = new FreshProfiles(deps.profiles, clock);
  const objects = new FreshObjects(deps.objects, clock);
  const claims = memoizedClaims(() => policy, options.defaultRole);
  const queueOptions = { clock, random: deps.random, backoff: RETRY };
  const profileQueue = new WorkQueue(queueOptions);
  const roleQueue = new WorkQueue(queueOptions);

  const book = new RoleBook((key, role) => {
    const providerArn = providerArnOf({ partition: role.partition, account: role.account, issuer: options.issuer });
    const takenOver = lease.takenOverAt();
    const name = recordName({ account: role.account, roleName: role.name, providerArn }, deps.sha256Hex);
    return newRoleMemory(key, role, {
      providerArn,
      recordName: name,
      openUntil: takenOver === undefined ? startedAt : takenOver + options.lateWriteWindowMs,
      // Whoever made one since is met at the first write: it is made on the condition that there is none.
      recordAbsent: recordsAtStart !== undefined && !recordsAtStart.has(name),
    });
  });

  const roles = new RoleReconciler({
    book,
    profiles,
    effects,
    lease,
    clock,
    log,
    metrics: deps.metrics,
    sha256Hex: deps.sha256Hex,
    processId: deps.processId,
    options,
    policy: () => policy,
    claimsOf: claims,
    enqueueProfile: (name) => profileQueue.add(name),
    report: (profile, finding) => deps.events.emit({ profile, type: 'Warning', ...finding }),
    onUncertain: () => {
      lastUncertain = clock.monotonic();
    },
  });

  const profileReconciler = new ProfileReconciler({
    book,
    profiles,
    objects,
    namespaceObjects: new NamespaceObjects({
      effects,
      objects,
      serves: (resource) => deps.objects.serves(resource),
      options,
      book,
      labels: () => labels,
    }),
    effects,
    pods: deps.pods && new PodWatch({ pods: deps.pods, clock, log, random: deps.random }, stop.signal),
    lease,
    events: deps.events,
    metrics: deps.metrics,
    clock,
    log,
    claimsOf: claims,
    enqueueRole: (key) => roleQueue.add(key),
    isOwnAccount: (account) => policy.own?.account === account,
    labelsProblem: () => labelsProblem,
  });

  /** Upstream's heartbeat. */
  function beat(): void {
    deps.metrics.count('service_heartbeat', { component: 'profile_controller', severity: 'critical' });
    heartbeat = clock.after(HEARTBEAT_MS, beat);
  }

  async function readLabels(): Promise<void> {
    const problem = await readLabelsOnce();
    if (problem !== undefined) {
      log.warn('labels file unusable', { reason: 'LabelsFileUnusable', error: problem });
      deps.metrics.count('podrole_role_findings_total', { reason: 'LabelsFileUnusable' });
    }
    deps.metrics.set('podrole_namespace_labels_usable', {}, problem === undefined ? 1 : 0);
    labelsProblem = problem;
  }

  async function readLabelsOnce(): Promise<string | undefined> {
    try {
      const parsed = parseNamespaceLabels(await deps.readLabels(stop.signal));
      if (!parsed.ok) return parsed.problems.join('; ');
      labels = parsed.labels;
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  const ownRole: OwnRoleDeps = {
    callerIdentity: deps.callerIdentity,
    clock,
    log,
    onKnown: (own) => {
      policy = { ...policy, own };
      // Whoever was let pass while nobody knew is judged anew.
      if (running) for (const profile of deps.profiles.list()) profileQueue.add(nameOf(profile));
    },
    onUnknown: () => deps.metrics.count('podrole_role_findings_total', { reason: 'OwnRoleUnknown' }),
  };

  /** The records say what must be revoked, whatever the profiles say today: nothing starts without them. */
  async function loadRecords(): Promise<void> {
    for (;;) {
      try {
        const records = await effects.listRecords();
        for (const object of records) takeRecord(object);
        recordsAtStart = new Set(records.flatMap((object) => object.metadata.name ?? []));
        return;
      } catch (error) {
        if (stop.signal.aborted) throw error;
        log.warn('records not read, trying again', { error: messageOf(error) });
        await sleep(clock, START_RETRY_MS, stop.signal);
      }
    }
  }

  function takeRecord(object: KubeObject): void {
    const parsed = parseRecord(object);
    if (parsed.kind !== 'record') return;
    const role = parseRoleArn(parsed.record.role);
    if (!role.ok) return;
    const memory = book.at(roleKeyOf(role.arn), role.arn);
    if (memory.providerArn !== parsed.record.provider || memory.recordName !== object.metadata.name) return;
    memory.stored = { object, record: parsed.record };
    roleQueue.add(memory.key);
  }

  /** A former holder's writes count as much as our own: a successor that finds the lease released fears neither. */
  function settled(): boolean {
    const uncertainAt = Math.max(lastUncertain, lease.takenOverAt() ?? Number.NEGATIVE_INFINITY);
    const now = clock.monotonic();
    const feared = book.keys().some((key) => (book.find(key)?.trust.openUntil ?? 0) > now);
    return effects.writesInFlight === 0 && !feared && now - uncertainAt >= options.lateWriteWindowMs;
  }

  async function prepare(): Promise<void> {
    if (policy.allowed.length === 0) log.warn('every role of the own account may be named by a profile; set --allowed-role');
    [ownRoleKnown] = await Promise.all([askOwnRole(ownRole, stop.signal), loadRecords(), readLabels()]);
  }

  return {
    prepare,
    async start(signal) {
      const onAbort = (): void => stop.abort(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      try {
        await prepare();
        running = true;
        if (!ownRoleKnown) void keepAskingOwnRole(ownRole, stop.signal);
        for (const profile of deps.profiles.list()) profileQueue.add(nameOf(profile));
        const common = { clock, log, abandonMs: ABANDON_MS };
        const count = (reconciler: 'profile' | 'role') => (_key: string, outcome: OutcomeKind) => {
          deps.metrics.count('podrole_profile_reconciles_total', { reconciler, outcome });
          deps.metrics.set('podrole_roles', {}, book.keys().length);
        };
        beat();
        await Promise.all([
          runController(
            {
              ...common,
              name: 'profile',
              onOutcome: count('profile'),
              queue: profileQueue,
              workers: options.profileWorkers,
              reconcile: (name) => profileReconciler.reconcile(name),
            },
            stop.signal,
          ),
          runController(
            {
              ...common,
              name: 'role',
              onOutcome: count('role'),
              queue: roleQueue,
              workers: options.roleWorkers,
              reconcile: (key) => roles.reconcile(key),
            },
            stop.signal,
          ),
        ]);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        running = false;
        heartbeat?.cancel();
        profileReconciler.stop();
        signal.removeEventListener('abort', onAbort);
      }
    },
    ready: () => running,
    profileChanged: (name) => profileQueue.add(name),
    objectChanged: (object) => {
      const { namespace, name } = object.metadata;
      const profile = namespace ?? name;
      if (profile !== undefined && deps.profiles.get(profile) !== undefined) profileQueue.add(profile);
    },
    labelsChanged: () => {
      void readLabels().then(() => {
        for (const profile of deps.profiles.list()) profileQueue.add(nameOf(profile));
      });
    },
    settled,
    onAction: (listener) => {
      listeners.push(listener);
    },
    reconcileProfile: (name) => profileReconciler.reconcile(name),
    reconcileRole: (key) => roles.reconcile(key),
    roleKeys: () => book.keys(),
  };
}

/** Claims are a function of the profile object, which is never changed in place, and of the policy. */
function memoizedClaims(policy: () => RolePolicy, defaultRole: string | undefined): (profile: Profile) => Claims {
  const known = new WeakMap<Profile, { readonly policy: RolePolicy; readonly claims: Claims }>();
  return (profile) => {
    const current = policy();
    const before = known.get(profile);
    if (before?.policy === current) return before.claims;
    const claims = claimsOf(profile, current, defaultRole);
    known.set(profile, { policy: current, claims });
    return claims;
  };
}
