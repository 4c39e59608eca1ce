import { messageOf } from '../../base/errors.ts';

/** One step of the walk, as it was observed. */
export interface WalkStep {
  readonly step: number;
  readonly name: string;
  readonly ok: boolean;
  /** What another client than the one that acted read back. */
  readonly observed: string;
  readonly ms: number;
  /** More of the same, over several lines. */
  readonly detail?: string;
  /** A change that is best read as a diff. */
  readonly diff?: { readonly before: string; readonly after: string };
}

/** What a step's own code answers. */
export interface Observation {
  readonly ok: boolean;
  readonly observed: string;
  readonly detail?: string;
  readonly diff?: { readonly before: string; readonly after: string };
}

/** One step of the seed's page. What it throws makes it red, with the error as what was observed. */
export interface StepPlan<World> {
  readonly name: string;
  run(world: World, signal: AbortSignal): Promise<Observation>;
}

/**
 * Walks the steps in order, telling each as it ends. A red step does not end the walk: later steps say what they see.
 * Rejects only when the signal aborts.
 */
export async function walk<World>(
  plans: readonly StepPlan<World>[],
  options: { readonly world: World; readonly monotonic: () => number; readonly onStep: (step: WalkStep) => void },
  signal: AbortSignal,
): Promise<readonly WalkStep[]> {
  const steps: WalkStep[] = [];
  for (const [index, plan] of plans.entries()) {
    const start = options.monotonic();
    let observation: Observation;
    try {
      observation = await plan.run(options.world, signal);
    } catch (error) {
      signal.throwIfAborted();
      observation = { ok: false, observed: messageOf(error) };
    }
    const step = { step: index + 1, name: plan.name, ...observation, ms: Math.round(options.monotonic() - start) };
    steps.push(step);
    options.onStep(step);
  }
  return steps;
}
