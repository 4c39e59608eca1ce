import type { JsonObject } from '../../../../base/json.ts';
import type { KubeObject } from '../../../../kube/core/object.ts';
import { ageOf } from '../human-duration.ts';
import { at, listAt, numberAt, textAt } from './values.ts';

/** A pod in the few words of its table row. */
export interface PodSummary {
  /** Ready containers of all, as `1/2`. */
  readonly ready: string;
  /** The phase, or what keeps the pod from it. */
  readonly reason: string;
  readonly gates: string;
  readonly restarts: number;
  /** When a container ended last; undefined when none did. */
  readonly lastRestart: string | undefined;
}

/** Sums up the states of a pod's containers as `pkg/printers/internalversion` does. */
export function podSummary(pod: KubeObject): PodSummary {
  const sidecars = new Set(
    listAt(pod, 'spec', 'initContainers').flatMap((container) => (container.restartPolicy === 'Always' ? [textAt(container, 'name')] : [])),
  );
  const total = listAt(pod, 'spec', 'containers').length + sidecars.size;
  const initial = initialReason(pod);
  const init = initSummary(pod, sidecars);
  const initialized = listAt(pod, 'status', 'conditions').some((each) => each.type === 'Initialized' && each.status === 'True');
  const main = init.reason === undefined || initialized ? mainSummary(pod, init.reason ?? initial) : undefined;
  const own =
    main === undefined ? init.all : { restarts: init.sidecars.restarts + main.restarts, last: latest(init.sidecars.last, main.last) };
  return {
    ready: `${init.ready + (main?.ready ?? 0)}/${total}`,
    reason: deletedReason(pod) ?? main?.reason ?? init.reason ?? initial,
    gates: gatesOf(pod),
    restarts: own.restarts,
    lastRestart: own.last,
  };
}

/** Restarts, and in brackets how long ago the last one was. */
export function podRestarts(pod: KubeObject, now: Date): string {
  const { restarts, lastRestart } = podSummary(pod);
  return restarts === 0 || lastRestart === undefined ? String(restarts) : `${restarts} (${ageOf(lastRestart, now)} ago)`;
}

function initialReason(pod: KubeObject): string {
  const gated = listAt(pod, 'status', 'conditions').some((each) => each.type === 'PodScheduled' && each.reason === 'SchedulingGated');
  return gated ? 'SchedulingGated' : textAt(pod, 'status', 'reason') || textAt(pod, 'status', 'phase');
}

interface Restarts {
  readonly restarts: number;
  readonly last: string | undefined;
}

const NO_RESTARTS: Restarts = { restarts: 0, last: undefined };

function restartsOf(status: JsonObject): Restarts {
  const finished = textAt(status, 'lastState', 'terminated', 'finishedAt');
  return { restarts: numberAt(status, 'restartCount'), last: finished === '' ? undefined : finished };
}

function plus(left: Restarts, right: Restarts): Restarts {
  return { restarts: left.restarts + right.restarts, last: latest(left.last, right.last) };
}

/** RFC 3339 times of one form compare as texts. */
function latest(left: string | undefined, right: string | undefined): string | undefined {
  return left === undefined || (right !== undefined && right > left) ? right : left;
}

/** The first init container that is not through decides the reason; those after it are not looked at. */
function initSummary(
  pod: KubeObject,
  sidecars: ReadonlySet<string>,
): { readonly ready: number; readonly reason: string | undefined; readonly all: Restarts; readonly sidecars: Restarts } {
  let ready = 0;
  let all = NO_RESTARTS;
  let ofSidecars = NO_RESTARTS;
  const count = listAt(pod, 'spec', 'initContainers').length;
  for (const [index, status] of listAt(pod, 'status', 'initContainerStatuses').entries()) {
    const sidecar = sidecars.has(textAt(status, 'name'));
    all = plus(all, restartsOf(status));
    if (sidecar) ofSidecars = plus(ofSidecars, restartsOf(status));
    const terminated = at(status, 'state', 'terminated');
    if (terminated !== undefined && numberAt(terminated, 'exitCode') === 0) continue;
    if (sidecar && status.started === true) {
      if (status.ready === true) ready += 1;
      continue;
    }
    return { ready, reason: initReason(status, `${index}/${count}`), all, sidecars: ofSidecars };
  }
  return { ready, reason: undefined, all, sidecars: ofSidecars };
}

function initReason(status: JsonObject, progress: string): string {
  const terminated = at(status, 'state', 'terminated');
  if (terminated !== undefined) return `Init:${endedReason(terminated)}`;
  const waiting = textAt(status, 'state', 'waiting', 'reason');
  return waiting !== '' && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${progress}`;
}

function endedReason(terminated: unknown): string {
  const reason = textAt(terminated, 'reason');
  if (reason !== '') return reason;
  const signal = numberAt(terminated, 'signal');
  return signal === 0 ? `ExitCode:${numberAt(terminated, 'exitCode')}` : `Signal:${signal}`;
}

/** The first container that waits or has ended gives the reason; a completed one beside a running one does not hide that. */
function mainSummary(pod: KubeObject, initial: string): Restarts & { readonly ready: number; readonly reason: string } {
  let ready = 0;
  let reason = initial;
  let errorReason = '';
  let total = NO_RESTARTS;
  for (const status of [...listAt(pod, 'status', 'containerStatuses')].reverse()) {
    total = plus(total, restartsOf(status));
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    const terminated = at(status, 'state', 'terminated');
    if (waiting !== '') reason = waiting;
    else if (terminated !== undefined) {
      reason = endedReason(terminated);
      if (numberAt(terminated, 'exitCode') !== 0) errorReason = reason;
    } else if (status.ready === true && at(status, 'state', 'running') !== undefined) ready += 1;
  }
  return { ...total, ready, reason: reason === 'Completed' ? completedReason(pod, { ready, errorReason }) : reason };
}

function completedReason(pod: KubeObject, { ready, errorReason }: { readonly ready: number; readonly errorReason: string }): string {
  const podReady = listAt(pod, 'status', 'conditions').some((each) => each.type === 'Ready' && each.status === 'True');
  if (ready > 0 && podReady) return 'Running';
  if (errorReason !== '') return errorReason;
  return ready > 0 ? 'NotReady' : 'Completed';
}

function deletedReason(pod: KubeObject): string | undefined {
  if (pod.metadata.deletionTimestamp === undefined) return undefined;
  if (textAt(pod, 'status', 'reason') === 'NodeLost') return 'Unknown';
  const phase = textAt(pod, 'status', 'phase');
  return phase === 'Succeeded' || phase === 'Failed' ? undefined : 'Terminating';
}

function gatesOf(pod: KubeObject): string {
  const gates = listAt(pod, 'spec', 'readinessGates');
  if (gates.length === 0) return '<none>';
  const conditions = listAt(pod, 'status', 'conditions');
  const met = gates.filter((gate) => conditions.some((each) => each.type === gate.conditionType && each.status === 'True'));
  return `${met.length}/${gates.length}`;
}
