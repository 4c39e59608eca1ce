import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isJsonObject } from '../base/json.ts';

/** A process, told apart from every other one, also from a later one of the same number. What the system does not tell is empty. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the kernel's ticks since the boot. */
  readonly started: string;
  readonly host: string;
  /** Of the boot: another one after every start of the machine. */
  readonly boot: string;
  /** Within which its number means it: a container has one of its own. */
  readonly pidNamespace: string;
}

/** `elsewhere`: it ran where this process cannot look, on another machine or in another container. */
export type ProcessState = 'alive' | 'gone' | 'elsewhere';

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, started: startOf(process.pid), host: hostname(), boot: bootId(), pidNamespace: pidNamespace() };
}

/** What `thisProcess` answered, out of JSON that may be anything; the members that older versions did not write are empty. */
export function readProcessIdentity(value: unknown): ProcessIdentity | undefined {
  if (!isJsonObject(value) || !Number.isInteger(value.pid) || Number(value.pid) <= 0) return undefined;
  const text = (member: unknown): string => (typeof member === 'string' ? member : '');
  return {
    pid: Number(value.pid),
    started: text(value.started),
    host: text(value.host),
    boot: text(value.boot),
    pidNamespace: text(value.pidNamespace),
  };
}

/**
 * Whether a process lives. One of this machine before its last start does not; one of another host, or of another PID namespace, cannot be
 * judged from here.
 */
export function processState(of: ProcessIdentity): ProcessState {
  const here = thisProcess();
  if (differ(of.boot, here.boot) || (of.boot === '' && differ(of.host, here.host)))
    return differ(of.host, here.host) ? 'elsewhere' : 'gone';
  if (differ(of.pidNamespace, here.pidNamespace)) return 'elsewhere';
  return isRunning(of.pid) && !differ(of.started, startOf(of.pid)) ? 'alive' : 'gone';
}

/** What the system does not tell is no difference. */
function differ(one: string, other: string): boolean {
  return one !== '' && other !== '' && one !== other;
}

/** The name of the PID namespace, where the system has them: a number that is the same for all processes that see each other's numbers. */
export function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
  } catch {
    return '';
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** Whether a process of that number runs, of whatever user. One that ended and that its parent has not asked for does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return statOf(pid)[0] !== 'Z';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startOf(pid: number): string {
  return statOf(pid)[19] ?? '';
}

/** What /proc tells of a process, from its state on; nothing where there is no /proc. */
function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
