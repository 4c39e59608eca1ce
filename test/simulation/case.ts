import { NAMES, OWN_ROLE, ROLE_A, ROLE_B, type Wish } from './scenario.ts';
import { type CallFault, drawFaults, type FaultMix } from './world/faults.ts';
import { type Random, seededRandom } from './world/scheduler.ts';

/** How long users work and faults happen, in virtual milliseconds. */
export const SPAN_MS = 8 * 60_000;
const STEPS = 14;
const FOREIGN_NAMESPACE = 'user-d';

/** What a user does to one profile. */
export interface UserEvent {
  readonly at: number;
  readonly kind: 'user';
  readonly name: string;
  readonly does: 'create' | 'change' | 'delete';
  readonly wish: Wish;
  readonly finalizers?: readonly string[];
}

/** What happens to a process, or to the API server, at a moment. */
export interface Disturbance {
  readonly at: number;
  readonly kind: 'crash' | 'pause' | 'restart' | 'kubeOutage';
  /** It hits the leader, or the process of this place among all. */
  readonly victim: 'leader' | number;
  readonly ms: number;
}

/** What Terraform, another cluster or a human does to a role. `pick` chooses an old version, or how long something lasts. */
export interface ForeignEvent {
  readonly at: number;
  readonly kind: 'foreignAppend' | 'foreignOverwrite' | 'foreignSubject' | 'foreignCopy' | 'roleRecreated';
  readonly role: 'kf-user-demo' | 'data';
  readonly pick: number;
}

export type CaseEvent = UserEvent | Disturbance | ForeignEvent;

/** Everything that one run does, as data: what a seed was drawn to, or what shrinking has left of it. */
export interface Case {
  /** Of the latencies and of the order of what happens at the same time. */
  readonly seed: number;
  readonly mix: FaultMix;
  /** By time. */
  readonly events: readonly CaseEvent[];
  /** The faults of calls; absent: drawn from the mix while the run goes on. */
  readonly calls?: readonly CallFault[];
  /** A namespace of this name belongs to somebody else. */
  readonly foreignNamespace?: string;
}

/** The case of a seed. A given mix stands in for the drawn one. */
export function drawCase(seed: number, given?: FaultMix): Case {
  const random = seededRandom(seed);
  const drawn = drawFaults(random);
  const mix = given ?? drawn;
  const events: CaseEvent[] = [...drawSteps(random), ...drawDisturbances(random, mix), ...drawForeign(random, mix)];
  const foreign = random.chance(0.08) ? { foreignNamespace: FOREIGN_NAMESPACE } : {};
  return { seed, mix, events: events.sort((a, b) => a.at - b.at), ...foreign };
}

function drawWish(random: Random): Wish {
  const kind = random.pick(['trust', 'trust', 'trust', 'trust', 'annotate', 'none'] as const);
  if (kind === 'none') return { kind };
  if (kind === 'trust' && random.chance(0.04)) return { kind, role: OWN_ROLE };
  return { kind, role: random.chance(0.6) ? ROLE_A : ROLE_B };
}

/** What the users do: create, delete, re-create, change the role, drop the plugin, flip annotateOnly. */
function drawSteps(random: Random): readonly UserEvent[] {
  const steps: UserEvent[] = [];
  for (let index = 0; index < STEPS; index += 1) {
    const name = random.pick(NAMES);
    const wish = drawWish(random);
    const at = Math.round(random.between(0, SPAN_MS));
    const does = random.pick(['create', 'create', 'create', 'change', 'change', 'delete', 'delete', 'recreate'] as const);
    const finalizers = random.chance(0.15) ? { finalizers: ['profile-finalizer'] } : {};
    if (does === 'recreate') {
      steps.push({ at, kind: 'user', name, does: 'delete', wish });
      // Made anew as soon as the old one is gone, as an impatient script does.
      for (let again = 1; again <= 8; again += 1)
        steps.push({ at: at + again * 2_500, kind: 'user', name, does: 'create', wish, ...finalizers });
    } else steps.push({ at, kind: 'user', name, does, wish, ...finalizers });
  }
  return steps;
}

/** Moments of a fault that has a rate per virtual minute. */
function drawMoments(random: Random, rate: number): readonly number[] {
  const moments: number[] = [];
  for (let at = 0; rate > 0; ) {
    at += (-Math.log(1 - random.next()) * 60_000) / rate;
    if (at > SPAN_MS) break;
    moments.push(Math.round(at));
  }
  return moments;
}

function drawDisturbances(random: Random, mix: FaultMix): readonly Disturbance[] {
  return (['crash', 'pause', 'restart', 'kubeOutage'] as const).flatMap((kind) =>
    drawMoments(random, mix[kind]).map((at) => ({
      at,
      kind,
      victim: random.chance(0.8) ? ('leader' as const) : random.below(2),
      ms: Math.round(kind === 'kubeOutage' ? random.between(2_000, 16_000) : random.between(2_000, 120_000)),
    })),
  );
}

function drawForeign(random: Random, mix: FaultMix): readonly ForeignEvent[] {
  const event = (kind: ForeignEvent['kind'], at: number): ForeignEvent => ({
    at,
    kind,
    role: random.pick(['kf-user-demo', 'data'] as const),
    pick: random.below(1_000),
  });
  const drawn = (['foreignAppend', 'foreignOverwrite', 'foreignSubject', 'foreignCopy', 'roleRecreated'] as const).flatMap((kind) =>
    drawMoments(random, mix[kind]).map((at) => event(kind, at)),
  );
  // One overwrite at the very end, which no crash or step of a user heals by accident.
  return mix.foreignOverwrite > 0 ? [...drawn, event('foreignOverwrite', SPAN_MS - 1_000)] : drawn;
}
