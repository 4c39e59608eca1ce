import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { PodroleError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { type ContainerEnvironment, containerEnvironment } from './environment.ts';
import type { Container, Pod } from './pod.ts';
import { type ProcessResult, type RunningProcess, startProcess } from './process.ts';
import { type KubeletApi, linkMounts, mountVolumes } from './volumes.ts';

export interface KubeletOptions {
  readonly api: KubeletApi;
  readonly clock: Clock;
  readonly log: Log;
  /** An existing folder; each pod gets one of its own below it, mode 0700. */
  readonly root: string;
  /** Which local program stands for which image: its argv before the container's own arguments. */
  readonly images: ReadonlyMap<string, readonly string[]>;
  /** PATH of every container. */
  readonly path: string;
}

interface RunningPod {
  readonly pod: Pod;
  readonly container: Container;
  readonly environment: ContainerEnvironment;
  readonly root: string;
  readonly argv: readonly string[];
  readonly main: RunningProcess;
  readonly abort: AbortController;
}

export interface PodView {
  readonly environment: ContainerEnvironment;
  readonly root: string;
  /** What the container's main process has written so far. */
  logs(): string;
}

const GRACE_MS = 3_000;
const keyOf = (target: { readonly namespace: string; readonly name: string }): string => `${target.namespace}/${target.name}`;

/** Gives pods a life as local processes: one container each, only pods that somebody asked it to run. */
export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #pods = new Map<string, RunningPod>();

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  /**
   * Reads the pod from the API, fills its volumes and starts its first container. Rejects with `pod-not-found`,
   * `image-unknown`, `pod-running`, or what the API server refused; nothing is left behind then.
   */
  async run(target: { readonly namespace: string; readonly name: string }, signal?: AbortSignal): Promise<PodView> {
    const { api, images, clock, log } = this.#options;
    const key = keyOf(target);
    if (this.#pods.has(key)) throw new PodroleError(`pod ${key} runs already`, { code: 'pod-running' });
    const pod = await api.getPod(target, signal);
    if (pod === undefined) throw new PodroleError(`pod ${key} does not exist`, { code: 'pod-not-found' });
    const [container] = pod.spec.containers;
    const argv = container === undefined ? undefined : images.get(container.image);
    if (container === undefined || argv === undefined) {
      throw new PodroleError(`pod ${key}: no program stands for image ${container?.image ?? '(none)'}`, {
        code: 'image-unknown',
        hint: `use one of ${[...images.keys()].join(', ')}`,
      });
    }
    const abort = new AbortController();
    let main: RunningProcess | undefined;
    const folder = await mkdtemp(join(this.#options.root, `${target.name}-`));
    try {
      await chmod(folder, 0o700);
      const root = join(folder, 'root');
      const home = join(folder, 'home');
      await Promise.all([root, home].map((path) => mkdir(path, { mode: 0o700 })));
      await mountVolumes({ api, clock, log }, pod, join(folder, 'volumes'), abort.signal);
      await linkMounts(root, join(folder, 'volumes'), container.volumeMounts ?? []);
      const environment = containerEnvironment(pod, container, { root, home, path: this.#options.path });
      main = startProcess({ argv: [...argv, ...(container.args ?? [])], env: environment.env, cwd: root });
      const running: RunningPod = { pod, container, environment, root, argv, main, abort };
      this.#pods.set(key, running);
      await api.setPodStatus(pod, runningStatus(container, clock.now()), signal);
      return { environment, root, logs: running.main.output };
    } catch (error) {
      abort.abort();
      this.#pods.delete(key);
      await main?.stop(clock, GRACE_MS);
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Runs the image's program once more inside a running pod, with the same environment and root. Rejects with `pod-not-running`. */
  async exec(
    target: { readonly namespace: string; readonly name: string },
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<ProcessResult> {
    const running = this.#pods.get(keyOf(target));
    if (running === undefined) throw new PodroleError(`pod ${keyOf(target)} does not run here`, { code: 'pod-not-running' });
    const process = startProcess({ argv: [...running.argv, ...args], env: running.environment.env, cwd: running.root });
    const onAbort = (): void => void process.stop(this.#options.clock, GRACE_MS);
    signal?.addEventListener('abort', onAbort, { once: true });
    const result = await process.ended;
    signal?.removeEventListener('abort', onAbort);
    signal?.throwIfAborted();
    return result;
  }

  /** Ends the pod's process and removes its folder, tokens included. A pod that does not run is done. */
  async stop(target: { readonly namespace: string; readonly name: string }): Promise<void> {
    const running = this.#pods.get(keyOf(target));
    if (running === undefined) return;
    this.#pods.delete(keyOf(target));
    running.abort.abort();
    await running.main.stop(this.#options.clock, GRACE_MS);
    await rm(join(running.root, '..'), { recursive: true, force: true });
  }

  /** Stops every pod. */
  async close(): Promise<void> {
    await Promise.all([...this.#pods.values()].map(({ pod }) => this.stop(pod.metadata)));
  }
}

function runningStatus(container: Container, now: Date): Readonly<Record<string, unknown>> {
  const startedAt = `${now.toISOString().slice(0, 19)}Z`;
  const ready = { status: 'True', lastProbeTime: null, lastTransitionTime: startedAt };
  return {
    phase: 'Running',
    startTime: startedAt,
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({ type, ...ready })),
    containerStatuses: [
      {
        name: container.name,
        image: container.image,
        imageID: '',
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt } },
      },
    ],
  };
}
