import type { ForeignEvent } from '../case.ts';
import { HOST_PATH } from '../scenario.ts';
import type { SimWorld } from './sim-world.ts';

const SUBJECT = 'system:serviceaccount:ops:deployer';
const MOST_STATEMENTS = 12;

/** A statement that has nothing to do with service accounts. */
export const ec2 = { Sid: 'Ec2', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };

interface Document {
  readonly Version: string;
  readonly Statement: { readonly Sid?: string; readonly Condition?: { readonly StringEquals?: Readonly<Record<string, string[]>> } }[];
}

/** Terraform, another cluster, a human: appends statements of its own, puts old documents back whole, and adds subjects to ours. */
export class ForeignWriter {
  readonly #world: SimWorld;
  /** Subjects it added to our statements, by role. */
  readonly subjects = new Map<string, Set<string>>();
  #count = 0;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  /** Answers whether anything was written. */
  write({ kind, role, pick }: ForeignEvent): boolean {
    const { iam, tally } = this.#world;
    const versions = iam.roles.get(role)?.versions ?? [];
    const current = versions.at(-1)?.document;
    const document = kind === 'foreignOverwrite' ? versions[pick % versions.length]?.document : this.#edited(current, { kind, role });
    if (document === undefined || document === current) return false;
    tally.hit(kind);
    iam.write(role, document, 'foreign');
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
    const ours = document.Statement.find((one) => /^Podrole[0-9a-f]{12}$/.test(one.Sid ?? ''));
    const subjects = ours?.Condition?.StringEquals?.[`${HOST_PATH}:sub`];
    if (!Array.isArray(subjects) || subjects.includes(SUBJECT)) return undefined;
    subjects.push(SUBJECT);
    this.subjects.set(role, (this.subjects.get(role) ?? new Set()).add(SUBJECT));
    return JSON.stringify(document);
  }
}
