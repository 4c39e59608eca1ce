import { policySize } from '../../../src/iam/policy-size.ts';
import type { RoleReadOutcome, UpdateOutcome } from '../../../src/profile/ports.ts';
import type { Scheduler } from './scheduler.ts';

export interface Version {
  readonly at: number;
  readonly document: string;
  readonly by: string;
  /** It landed when nobody waited for it any longer. */
  readonly late: boolean;
}

/** A role and its history. */
export interface Role {
  readonly arn: string;
  readonly createdAt: number;
  versions: Version[];
}

/** IAM's truth: every version of every trust policy, in order. */
export class SimIam {
  readonly #scheduler: Scheduler;
  readonly roles = new Map<string, Role>();
  readonly quota: number;
  /** Called for every change of a document, whoever made it. */
  onChange: (
    role: string,
    change: { readonly before: string; readonly after: string; readonly by: string; readonly late: boolean },
  ) => void = () => undefined;
  /** Called for a write that will land later; the returned function is called when it has. */
  onLate: (role: string, document: string) => () => void = () => () => undefined;
  writes = 0;
  /** When the outcome of a write, or of a predecessor's writes, was last unknown to a process. */
  uncertainAt = Number.NEGATIVE_INFINITY;
  /** Late writes that are yet to land. */
  pendingLate = 0;

  constructor(scheduler: Scheduler, quota: number) {
    this.#scheduler = scheduler;
    this.quota = quota;
  }

  createRole(arn: string, document: string): void {
    const name = arn.slice(arn.lastIndexOf('/') + 1);
    const now = this.#scheduler.now;
    this.writes += 1;
    this.roles.set(name, { arn, createdAt: now, versions: [{ at: now, document, by: 'setup', late: false }] });
  }

  deleteRole(name: string): void {
    this.roles.delete(name);
    this.writes += 1;
  }

  document(name: string): string | undefined {
    return this.roles.get(name)?.versions.at(-1)?.document;
  }

  /** What GetRole answers: the newest version, or one `back` versions older of those that were current in the last `staleMs`. */
  read(name: string, { staleMs, back }: { readonly staleMs: number; readonly back: number } = { staleMs: 0, back: 0 }): RoleReadOutcome {
    const role = this.roles.get(name);
    if (role === undefined) return { kind: 'absent' };
    const from = this.#scheduler.now - staleMs;
    const last = role.versions.length - 1;
    let first = last;
    while (first > 0 && (role.versions[first]?.at ?? 0) > from) first -= 1;
    const version = role.versions[last - (back % (last - first + 1))];
    return { kind: 'found', role: { arn: role.arn, document: version?.document ?? '' } };
  }

  /** A request that nobody waits for any longer, and that is applied all the same. */
  writeLater(name: string, document: string, { by, ms }: { readonly by: string; readonly ms: number }): void {
    const landed = this.onLate(name, document);
    this.pendingLate += 1;
    this.#scheduler.at(ms, 'late iam write', () => {
      this.pendingLate -= 1;
      landed();
      this.write(name, document, by, true);
    });
  }

  write(name: string, document: string, by: string, late = false): UpdateOutcome {
    const role = this.roles.get(name);
    if (role === undefined) return { kind: 'refused', code: 'NoSuchEntity', message: `The role with name ${name} cannot be found.` };
    if (policySize(document) > this.quota)
      return { kind: 'refused', code: 'LimitExceeded', message: 'Cannot exceed quota for ACLSizePerRole' };
    const before = role.versions.at(-1)?.document ?? '';
    role.versions.push({ at: this.#scheduler.now, document, by, late });
    if (role.versions.length > 60) role.versions = role.versions.slice(-40);
    this.writes += 1;
    this.onChange(name, { before, after: document, by, late });
    return { kind: 'applied' };
  }
}
