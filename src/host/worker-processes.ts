import cluster, { type Worker } from 'node:cluster';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

/** What a worker and its parent say to each other: plain data with a `kind`. */
export interface WorkerMessage {
  readonly kind: string;
}

export interface WorkerProcessesOptions {
  readonly count: number;
  readonly clock: Clock;
  readonly log: Log;
  /** A process in this place, 1 to `count`, says something; it speaks first, since what it is told before it listens is lost. */
  readonly onMessage: (worker: number, message: WorkerMessage) => void;
  /** A process of this place died without having been asked to end; another takes its place in `restartMs` milliseconds. */
  readonly onDeath: (worker: number, death: WorkerDeath) => void;
}

export interface WorkerDeath {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly restartMs: number;
}

/** Copies of this process, with its own command line, that share its listeners' ports. */
export interface WorkerProcesses {
  send(worker: number, message: WorkerMessage): void;
  broadcast(message: WorkerMessage): void;
  /** Starts none anew and resolves when all have ended; after `graceMs` milliseconds those that are left are killed. */
  ended(graceMs: number): Promise<void>;
  /** Kills all at once. */
  kill(): void;
}

/** Before a place is filled again: doubling from the first to the last, and from the first again after a life of `steadyMs`. */
const RESTART = { firstMs: 250, lastMs: 30_000, steadyMs: 60_000 } as const;
/** The young generation of the heap in MiB, see `holdYoungGeneration`: here it can be said at the start. */
const SEMI_SPACE_MIB = 2;

/**
 * Starts `count` processes and keeps them running. Processes and not threads, since Node 20 hands connections of one port only to processes; it
 * also means that one that runs out of memory takes no other with it. Connections are dealt out one by one.
 */
export function startWorkerProcesses(options: WorkerProcessesOptions): WorkerProcesses {
  const { count, clock, log } = options;
  const running = new Map<number, Worker>();
  const waiting = new Map<number, Timer>();
  const deaths = new Map<number, number>();
  let ending = false;
  let onEmpty: () => void = () => undefined;

  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ execArgv: [...process.execArgv, `--max-semi-space-size=${SEMI_SPACE_MIB}`] });

  function start(place: number): void {
    waiting.delete(place);
    const worker = cluster.fork();
    const born = clock.monotonic();
    running.set(place, worker);
    worker.on('message', (message: WorkerMessage) => options.onMessage(place, message));
    worker.on('error', (error) => log.warn('worker cannot be spoken to', { worker: place, error: error.message }));
    worker.once('exit', (code: number | null, signal: string | null) => {
      running.delete(place);
      if (ending) {
        if (running.size === 0) onEmpty();
        return;
      }
      const inARow = clock.monotonic() - born >= RESTART.steadyMs ? 0 : (deaths.get(place) ?? 0);
      deaths.set(place, inARow + 1);
      const restartMs = Math.min(RESTART.firstMs * 2 ** inARow, RESTART.lastMs);
      waiting.set(
        place,
        clock.after(restartMs, () => start(place)),
      );
      options.onDeath(place, { code: code ?? undefined, signal: signal ?? undefined, restartMs });
    });
  }

  function send(place: number, message: WorkerMessage): void {
    const worker = running.get(place);
    // One that is on its way out has no channel any more; its end is told by itself.
    if (worker?.isConnected() === true) worker.send(message);
  }

  function endStarts(): void {
    ending = true;
    for (const timer of waiting.values()) timer.cancel();
    waiting.clear();
  }

  const kill = (): void => {
    endStarts();
    for (const worker of running.values()) worker.process.kill('SIGKILL');
  };

  for (let place = 1; place <= count; place += 1) start(place);
  return {
    send,
    broadcast: (message) => {
      for (const place of running.keys()) send(place, message);
    },
    ended: async (graceMs) => {
      endStarts();
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve;
        if (running.size === 0) resolve();
      });
      const cut = clock.after(graceMs, kill);
      await empty;
      cut.cancel();
    },
    kill,
  };
}

/** This process's way to its parent, when it is a worker. */
export interface ParentProcess {
  send(message: WorkerMessage): void;
  /** Called for each message from now on; those that came before are lost. */
  onMessage(listener: (message: WorkerMessage) => void): void;
  /** Lets this process end by itself, which the way to its parent otherwise prevents. */
  leave(): void;
}

/** `undefined` in a process that is nobody's worker. A worker whose parent is gone ends at once. */
export function parentProcess(): ParentProcess | undefined {
  if (!cluster.isWorker) return undefined;
  return {
    send: (message) => {
      if (process.connected) process.send?.(message);
    },
    onMessage: (listener) => void process.on('message', listener),
    leave: () => process.channel?.unref(),
  };
}
