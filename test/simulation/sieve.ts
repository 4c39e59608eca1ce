import { ROLE_A, ROLE_B, specOf, type Wish } from './scenario.ts';
import { type Declared, type Walked, walk } from './walk.ts';
import { drawFaults, type FaultMix } from './world/faults.ts';
import { seededRandom } from './world/scheduler.ts';

const apply = (name: string, wish: Wish): Declared => ({ does: 'apply', name, spec: specOf(wish) });
const remove = (name: string): Declared => ({ does: 'delete', name });
const [onA, onB, carriesA]: readonly Wish[] = [
  { kind: 'trust', role: ROLE_A },
  { kind: 'trust', role: ROLE_B },
  { kind: 'annotate', role: ROLE_A },
] as const;

/** What users declare, one after the other: lives of profiles, and roles that change hands. */
export const workloads: readonly { readonly name: string; readonly steps: readonly Declared[] }[] = [
  {
    name: 'two on a role, one leaves',
    steps: [apply('user-a', onA), apply('user-b', onA), remove('user-a'), apply('user-b', { kind: 'none' })],
  },
  { name: 'from role to role and back', steps: [apply('user-a', onA), apply('user-a', onB), apply('user-a', onA), remove('user-a')] },
  { name: 'annotateOnly and back', steps: [apply('user-a', onA), apply('user-a', carriesA), apply('user-a', onA), remove('user-a')] },
  {
    name: 'gone and made again',
    steps: [apply('user-a', onA), remove('user-a'), apply('user-a', onB), apply('user-b', onB), remove('user-a')],
  },
];

/** Crashes, old lists, missed events and failing calls; nobody else writes, or the end would not be the same. */
export function perturbation(seed: number): FaultMix {
  const mix = drawFaults(seededRandom(seed));
  return { ...mix, foreignAppend: 0, foreignOverwrite: 0, foreignSubject: 0 };
}

/** A workload under one perturbation. */
export function perturbed(steps: readonly Declared[], seed: number): Promise<Walked> {
  return walk(steps, { seed, mix: perturbation(seed) });
}
