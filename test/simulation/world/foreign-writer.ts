import { closedTrustDocument } from '../../../src/iam/trust-document.ts';
import { type ForeignEvent, SPAN_MS } from '../case.ts';
import { HOST_PATH, PROVIDER } from '../scenario.ts';
import type { SimWorld } from './sim-world.ts';

const SUBJECT = 'system:serviceaccount:ops:deployer';
const MOST_STATEMENTS = 12;
const OWN_SID = /^Podrole[0-9a-f]{12}$/;

/** A statement that has nothing to do with service accounts. */
export const ec2 = { Sid: 'Ec2', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };

interface Document {
  readonly Version: string;
  readonly Statement: {
    readonly Sid?: string;
    readonly Action?: unknown;
    readonly Condition?: { readonly StringEquals?: Readonly<Record<string, string[]>> };
  }[];
}

function parsed(document: string | undefined): Document | undefined {
  return document === undefined ? undefined : (JSON.parse(document) as Document);
}

/** How often our Sid stands on a document. */
export function sidsOf(document: string): number {
  return document.match(/"Podrole[0-9a-f]{12}"/g)?.length ?? 0;
}

/** Terraform, another cluster, a human: appends statements of its own, puts old documents back whole, and adds subjects to ours. */
export class ForeignWriter {
  readonly #world: SimWorld;
  /** Subjects it added to our statements, by role. */
  readonly subjects = new Map<string, Set<string>>();
  /** Roles on which a copy of our Sid stands, and since when. */
  readonly copies = new Map<string, number>();
  #count = 0;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  /** Answers whether anything was written. */
  write(event: ForeignEvent): boolean {
    const { kind, role, pick } = event;
    if (kind === 'foreignCopy') return this.#copySid(event);
    if (kind === 'roleRecreated') return this.#recreate(event);
    const { iam, tally } = this.#world;
    const versions = iam.roles.get(role)?.versions ?? [];
    const current = versions.at(-1)?.document;
    // A document with a copy of our Sid would stay for good, and with it the refusal to touch it.
    const old = versions.map((version) => version.document).filter((text) => sidsOf(text) < 2);
    const document = kind === 'foreignOverwrite' ? old[pick % old.length] : this.#edited(current, { kind, role });
    if (document === undefined || document === current) return false;
    tally.hit(kind);
    iam.write(role, document, 'foreign');
    return true;
  }

  /** How long what is undone later lasts; everything is undone when the faults end. */
  #lasting({ at, pick }: ForeignEvent, undo: () => void): void {
    const { scheduler } = this.#world;
    scheduler.at(Math.min(5_000 + pick * 60, SPAN_MS - 500 - at), 'undone', undo);
  }

  #copySid(event: ForeignEvent): boolean {
    const { iam, scheduler, tally } = this.#world;
    const { role } = event;
    const document = parsed(iam.document(role));
    const ours = document?.Statement.find((one) => OWN_SID.test(one.Sid ?? ''));
    if (document === undefined || ours?.Sid === undefined || this.copies.has(role)) return false;
    tally.hit(event.kind);
    this.copies.set(role, scheduler.now);
    document.Statement.push({ ...ec2, Sid: ours.Sid });
    iam.write(role, JSON.stringify(document), 'foreign');
    this.#lasting(event, () => {
      this.copies.delete(role);
      const now = parsed(iam.document(role));
      if (now === undefined) return;
      const isCopy = (one: { readonly Sid?: string; readonly Action?: unknown }): boolean =>
        OWN_SID.test(one.Sid ?? '') && one.Action === ec2.Action;
      const left = now.Statement.filter((one) => !isCopy(one));
      if (left.length === now.Statement.length) return;
      const statements = left.length > 0 ? { ...now, Statement: left } : { ...now, Statement: [ec2] };
      iam.write(role, JSON.stringify(statements), 'foreign');
    });
    return true;
  }

  #recreate(event: ForeignEvent): boolean {
    const { iam, tally } = this.#world;
    const known = iam.roles.get(event.role);
    if (known === undefined) return false;
    tally.hit(event.kind);
    iam.deleteRole(event.role);
    this.#lasting(event, () => iam.createRole(known.arn, closedTrustDocument(PROVIDER)));
    return true;
  }

  #edited(current: string | undefined, { kind, role }: Pick<ForeignEvent, 'kind' | 'role'>): string | undefined {
    if (current === undefined) return undefined;
    const document = JSON.parse(current) as Document;
    if (kind === 'foreignAppend') {
      if (document.Statement.length > MOST_STATEMENTS) return undefined;
      this.#count += 1;
      document.Statement.push({ ...ec2, Sid: `Foreign${this.#count}` });
      return JSON.stringify(document);
    }
    const ours = document.Statement.find((one) => OWN_SID.test(one.Sid ?? ''));
    const subjects = ours?.Condition?.StringEquals?.[`${HOST_PATH}:sub`];
    if (!Array.isArray(subjects) || subjects.includes(SUBJECT)) return undefined;
    subjects.push(SUBJECT);
    this.subjects.set(role, (this.subjects.get(role) ?? new Set()).add(SUBJECT));
    return JSON.stringify(document);
  }
}
