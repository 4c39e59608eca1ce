import type { Disturbance } from '../case.ts';
import { SimProcess } from './sim-process.ts';
import type { SimWorld } from './sim-world.ts';

const START_MS = 3_000;

/** The replicas: two at any time, each started anew some seconds after it ended. */
export class Fleet {
  readonly #world: SimWorld;
  readonly #processes: SimProcess[] = [];
  #count = 0;

  constructor(world: SimWorld) {
    this.#world = world;
    this.#start();
    this.#start();
  }

  /** Kubernetes starts another in its place. */
  died(id: string): void {
    const at = this.#processes.findIndex((process) => process.id === id);
    if (at < 0) return;
    this.#processes.splice(at, 1);
    this.#world.scheduler.at(START_MS, 'kubelet', () => this.#start());
  }

  /** Answers what was hit, if anything. */
  disturb({ kind, victim, ms }: Disturbance): string | undefined {
    const { kube, scheduler, tally } = this.#world;
    if (kind === 'kubeOutage') {
      kube.awayUntil = Math.max(kube.awayUntil, scheduler.now + ms);
      tally.hit(kind);
      return 'the API server';
    }
    const process = victim === 'leader' ? this.#processes.find((one) => one.leads) : this.#processes[victim];
    if (process === undefined || process.paused) return undefined;
    tally.hit(kind);
    if (kind === 'crash') process.crash();
    else if (kind === 'restart') process.stop();
    else process.pause(ms);
    return process.id;
  }

  #start(): void {
    this.#count += 1;
    this.#processes.push(new SimProcess(`p${this.#count}`, this.#world));
  }
}
