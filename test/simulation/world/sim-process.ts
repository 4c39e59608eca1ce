import type { KubeObject } from '../../../src/kube/core/object.ts';
import { createProfileController, type ProfileController } from '../../../src/profile/create-profile-controller.ts';
import type { Profile } from '../../../src/profile/profile.ts';
import { lagOf } from './faults.ts';
import { QUIET, type Random } from './scheduler.ts';
import { type KubeChange, refKey } from './sim-kube.ts';
import { type PortOwner, SimPorts } from './sim-ports.ts';
import type { CallStep, SimWorld } from './sim-world.ts';

const RENEW_MS = 2_000;
const LEASE_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RELIST_MS = 120_000;

/** One replica: its caches, its election, its controller, and the wires between them and the world. */
export class SimProcess implements PortOwner {
  readonly id: string;
  readonly #world: SimWorld;
  readonly #random: Random;
  readonly profiles = new Map<string, Profile>();
  readonly objects = new Map<string, KubeObject>();
  readonly #waiting: (() => unknown)[] = [];
  #controller: ProfileController | undefined;
  #term: AbortController | undefined;
  #run: Promise<void> | undefined;
  #stopping = false;
  #takenOverAt: number | undefined;
  /** What the process knows of its lease; never longer than the server's. */
  #leaseUntil = 0;
  #dead = false;
  #paused = false;
  readonly #listener = (change: KubeChange): void => this.#hear(change);

  constructor(id: string, world: SimWorld) {
    this.id = id;
    this.#world = world;
    this.#random = world.scheduler.random;
    this.#list(world.calls.next('start').get('staleListMs') ?? 0);
    world.kube.listeners.add(this.#listener);
    world.scheduler.at(this.#random.between(1, 8), `${id} → lease`, () => this.#unlessPaused(() => this.#elect()));
    this.#relist();
  }

  get dead(): boolean {
    return this.#dead;
  }

  get leads(): boolean {
    return this.#controller !== undefined;
  }

  get paused(): boolean {
    return this.#paused;
  }

  leaseUntil(): number {
    return this.#leaseUntil;
  }

  takenOverAt(): number | undefined {
    return this.#takenOverAt;
  }

  /** The first list of the caches; what a stale one lacks comes as events. */
  #list(staleMs: number): void {
    const { kube, tally } = this.#world;
    for (const [key, { object }] of kube.objects) this.objects.set(key, object);
    const listed = kube.profilesAgo(staleMs);
    for (const [name, profile] of listed) this.profiles.set(name, profile);
    for (const name of new Set([...listed.keys(), ...kube.profiles.keys()])) {
      const object = kube.profiles.get(name);
      if (object === listed.get(name)) continue;
      tally.hit('staleListMs');
      this.#hear({ kind: 'profile', name, object });
    }
  }

  /** The process object is dropped: none of its promises ever goes on. Requests in flight may still apply. */
  crash(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#world.kube.listeners.delete(this.#listener);
    this.#world.watcher.onDeath(this.id);
  }

  /** SIGSTOP for a while: time goes on, the process does not. */
  pause(ms: number): void {
    if (this.#paused || this.#dead) return;
    this.#paused = true;
    this.#world.watcher.onPause(ms);
    this.#world.scheduler.at(ms, `${this.id} resumes`, () => {
      this.#paused = false;
      for (const run of this.#waiting.splice(0)) this.deliver(() => void run());
    });
  }

  /** SIGTERM: ends in good order, and releases the lease if nothing is unsettled. */
  stop(): void {
    this.#stopping = true;
    const controller = this.#controller;
    const exit = (): void => {
      if (this.#dead) return;
      if (controller?.settled() !== false) this.#world.lease.release(this.id);
      this.crash();
    };
    this.#term?.abort(new Error('stopped'));
    if (this.#run === undefined) exit();
    else void this.#run.then(exit, exit);
  }

  /** Whether the process still lives at this step of a call. */
  survives(step: CallStep): boolean {
    if (!this.#dead && this.#world.crashes?.(step) === true) this.crash();
    return !this.#dead;
  }

  deliver(run: () => void): void {
    if (this.#dead) return;
    if (this.#paused) this.#waiting.push(run);
    else run();
  }

  #unlessPaused(run: () => symbol | undefined): symbol | undefined {
    if (this.#dead) return QUIET;
    if (!this.#paused) return run();
    this.#waiting.push(run);
    return QUIET;
  }

  later(ms: number, run: () => void, name = this.id): void {
    this.#world.scheduler.at(ms, name, () => this.deliver(run));
  }

  /** One request of the election: what it did at the server and what the process learns of it are some milliseconds apart. */
  #elect(): symbol | undefined {
    const { scheduler, lease, kube } = this.#world;
    if (this.#dead || (this.#stopping && this.#controller === undefined)) return QUIET;
    const asked = scheduler.now;
    const again = (): void => {
      scheduler.at(RENEW_MS, `${this.id} renews`, () => this.#unlessPaused(() => this.#elect()));
    };
    if (kube.awayUntil > asked) {
      if (this.#controller !== undefined && asked >= this.#leaseUntil - (LEASE_MS - RENEW_DEADLINE_MS)) this.#depose();
      else again();
      return;
    }
    const renewed = lease.renew(this.id);
    scheduler.at(this.#random.between(2, 16), this.id, () => this.#unlessPaused(() => this.#elected(renewed, asked, again)));
    return QUIET;
  }

  /** A leader that stays one, and a candidate that stays one, let nothing go on. */
  #elected(renewed: ReturnType<SimWorld['lease']['renew']>, asked: number, again: () => void): symbol | undefined {
    const leading = this.#controller !== undefined;
    if (renewed.held && !(leading && renewed.acquired)) this.#leaseUntil = asked + LEASE_MS;
    if (leading && (renewed.acquired || !renewed.held)) {
      this.#depose();
      return;
    }
    again();
    if (!renewed.acquired) return QUIET;
    this.#lead(renewed.takenOver);
    return;
  }

  /** As client-go does: a leader that lost its lease ends, and is started anew. */
  #depose(): void {
    this.#term?.abort(new Error('lease lost'));
    this.crash();
  }

  #lead(takenOver: boolean): void {
    if (takenOver) this.#world.iam.uncertainAt = this.#world.scheduler.now;
    this.#takenOverAt = takenOver ? this.#world.scheduler.now : undefined;
    const term = new AbortController();
    this.#term = term;
    const deps = new SimPorts(this, this.#world).deps();
    const make = this.#world.make ?? createProfileController;
    const controller = make(this.#world.tamper?.(deps) ?? deps, this.#world.options);
    controller.onAction((action) => this.#world.watcher.onAction(this.id, action));
    this.#controller = controller;
    this.#run = controller.start(term.signal);
  }

  #hear(change: KubeChange): void {
    const { tally, calls } = this.#world;
    const met = calls.next('news');
    if (met.has('missedEvent')) {
      tally.hit('missedEvent');
      return;
    }
    const lag = lagOf(this.#random, met);
    if (lag > 1_000) tally.hit('cacheLagMs');
    this.#world.scheduler.at(lag, `${this.id} hears`, () =>
      this.#unlessPaused(() => {
        this.#take(change);
        return this.#controller === undefined ? QUIET : undefined;
      }),
    );
  }

  #take(change: KubeChange): void {
    if (change.kind === 'profile') {
      const known = this.profiles.get(change.name);
      if (change.object === undefined) {
        // A deletion that arrives after the news of a successor says nothing about it.
        if (this.#world.kube.profiles.get(change.name)?.metadata.uid === known?.metadata.uid && this.#world.kube.profiles.has(change.name))
          return;
        this.profiles.delete(change.name);
      } else {
        if (known !== undefined && Number(known.metadata.resourceVersion) >= Number(change.object.metadata.resourceVersion)) return;
        this.profiles.set(change.name, change.object);
      }
      this.#controller?.profileChanged(change.name);
      return;
    }
    const key = refKey(change.ref);
    const known = this.objects.get(key);
    if (change.object === undefined) this.objects.delete(key);
    else {
      if (known !== undefined && Number(known.metadata.resourceVersion) >= Number(change.object.metadata.resourceVersion)) return;
      this.objects.set(key, change.object);
    }
    this.#controller?.objectChanged(
      change.object ??
        ({
          metadata: { name: change.ref.name, ...(change.ref.namespace === undefined ? {} : { namespace: change.ref.namespace }) },
        } as KubeObject),
    );
  }

  /** The watch is lost and listed anew: missed events are made good. */
  #relist(): void {
    this.later(RELIST_MS, () => {
      const { kube } = this.#world;
      const names = new Set([...this.profiles.keys(), ...kube.profiles.keys()]);
      this.profiles.clear();
      for (const [name, profile] of kube.profiles) this.profiles.set(name, profile);
      this.objects.clear();
      for (const [key, { object }] of kube.objects) this.objects.set(key, object);
      for (const name of [...names].sort()) this.#controller?.profileChanged(name);
      this.#relist();
    });
  }
}
