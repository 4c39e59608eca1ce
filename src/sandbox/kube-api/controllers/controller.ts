import type { Timer } from '../../../base/clock.ts';
import { messageOf } from '../../../base/errors.ts';
import type { ApiContext } from '../context.ts';
import type { StoreEvent } from '../store/store.ts';

/** A control loop inside the server: an event names keys, and each key is brought to what it should be. */
export interface Controller {
  readonly name: string;
  /** The keys to look at after an event. */
  concerns(event: StoreEvent): readonly string[];
  /** Brings one key to its desired state; asked again after every concerning event, so it need not finish in one go. */
  reconcile(key: string): void | Promise<void>;
}

/** Runs controllers one key at a time, outside of the write that woke them. */
export class ControllerRunner {
  readonly #context: ApiContext;
  readonly #controllers: readonly Controller[];
  readonly #queue = new Map<string, { readonly controller: Controller; readonly key: string }>();
  #unsubscribe: (() => void) | undefined;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;

  constructor(context: ApiContext, controllers: readonly Controller[]) {
    this.#context = context;
    this.#controllers = controllers;
  }

  /** Starts reacting to writes; what is stored already counts as just written. Starting twice is starting once. */
  start(): void {
    if (this.#unsubscribe) return;
    this.#unsubscribe = this.#context.store.subscribe((event) => this.#onEvent(event));
    const { buckets } = this.#context.store.snapshot();
    for (const [bucket, entries] of Object.entries(buckets)) {
      for (const { key, object } of entries) this.#onEvent({ revision: 0, bucket, type: 'ADDED', key, object });
    }
  }

  /** Stops, and resolves when the key in hand is done. */
  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#queue.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#running;
  }

  #onEvent(event: StoreEvent): void {
    for (const controller of this.#controllers) {
      for (const key of controller.concerns(event)) this.#queue.set(`${controller.name} ${key}`, { controller, key });
    }
    if (this.#queue.size > 0 && !this.#timer && !this.#running) this.#timer = this.#context.clock.after(0, () => this.#run());
  }

  #run(): void {
    this.#timer = undefined;
    this.#running = this.#drain().finally(() => {
      this.#running = undefined;
    });
  }

  async #drain(): Promise<void> {
    for (let next = this.#take(); next; next = this.#take()) {
      try {
        await next.controller.reconcile(next.key);
      } catch (thrown) {
        this.#context.log.error('a controller failed', { controller: next.controller.name, key: next.key, error: messageOf(thrown) });
      }
    }
  }

  #take(): { readonly controller: Controller; readonly key: string } | undefined {
    const first = this.#queue.entries().next();
    if (first.done) return undefined;
    const [id, item] = first.value;
    this.#queue.delete(id);
    return item;
  }
}
