import { type Claim, roleKeyOf } from '../claims.ts';
import type { RoleTrust } from '../ports.ts';
import { nameOf, type Profile } from '../profile.ts';
import type { RoleMemory } from '../role-book.ts';
import type { RoleReconcilerDeps } from '../role-reconciler.ts';
import type { RoleRecord } from '../role-record.ts';
import { subjectVerdicts, type Verdicts } from '../subject-verdicts.ts';

/** A direct list costs less than this many direct reads, and than one for so many profiles of the cluster. */
const READS_WORTH_A_LIST = 4;
const LISTED_FOR_A_READ = 20;

/** A record of a role that was deleted and made again under another path says nothing about the new one. */
export function recordOf(memory: RoleMemory, trust: RoleTrust | undefined): RoleRecord | undefined {
  const record = memory.stored?.record;
  return record !== undefined && (trust === undefined || record.role === trust.arn) ? record : undefined;
}

/** Gathers what the profiles say about one role, with direct reads where the cache is not good enough. */
export class SubjectCounter {
  readonly #deps: RoleReconcilerDeps;

  constructor(deps: RoleReconcilerDeps) {
    this.#deps = deps;
  }

  /** The verdicts on every subject of a role. Profiles that must be looked at are read directly, and kept in `direct` for the round. */
  async count(memory: RoleMemory, trust: RoleTrust | undefined, direct: Map<string, Profile | undefined>): Promise<Verdicts> {
    const { book, profiles, options, clock } = this.#deps;
    const count = (): Verdicts =>
      subjectVerdicts({
        key: memory.key,
        role: trust,
        policy: this.#deps.policy(),
        record: recordOf(memory, trust),
        profiles: profiles.list(),
        direct,
        claimsOf: this.#deps.claimsOf,
        clearanceOf: (profile) => book.clearanceOf(nameOf(profile), profile.metadata.uid ?? ''),
        confirmed: (profile) => profiles.confirmed(profile),
        mayStay: (subject, claim) => this.#mayStay(memory, subject, claim, { now: clock.monotonic(), limitMs: options.roleChangeHoldMs }),
      });
    let verdicts = count();
    for (let round = 0; round < 3 && verdicts.unsure.length > 0; round += 1) {
      await this.look(verdicts.unsure, direct);
      verdicts = count();
    }
    // Who is wanted here again, or is out by the record, starts anew the next time.
    for (const { subject } of [...verdicts.desired, ...(memory.stored?.record?.tombstones ?? [])]) book.release(memory.key, subject);
    return verdicts;
  }

  /** Reads profiles directly, a few one by one, many as a list. */
  async look(names: readonly string[], into: Map<string, Profile | undefined>): Promise<void> {
    const { effects, profiles, clock } = this.#deps;
    const startedAt = clock.monotonic();
    if (names.length >= Math.max(READS_WORTH_A_LIST, profiles.list().length / LISTED_FOR_A_READ)) {
      const all = new Map((await effects.readAllProfiles()).map((profile) => [nameOf(profile), profile]));
      for (const name of names) into.set(name, all.get(name));
    } else {
      await Promise.all(names.map(async (name) => into.set(name, await effects.readProfile(name))));
    }
    for (const name of names) {
      const profile = into.get(name);
      if (profile !== undefined) profiles.saw(profile, startedAt);
    }
  }

  /** The subject stays on this role until its new one has taken it and its service account says so. */
  #mayStay(memory: RoleMemory, subject: string, claim: Claim, times: { readonly now: number; readonly limitMs: number }): boolean {
    const { book } = this.#deps;
    if (
      book.annotatedRole(subject) === claim.role.text &&
      (claim.mode === 'annotate' || book.stateOf(roleKeyOf(claim.role), subject).kind === 'granted')
    ) {
      book.release(memory.key, subject);
      return false;
    }
    return book.holds(memory.key, subject, times);
  }

  /** The profiles of these subjects that nobody looked at directly a moment ago. */
  unseen(
    subjects: readonly string[],
    round: { readonly verdicts: Verdicts; readonly direct: ReadonlyMap<string, Profile | undefined> },
  ): readonly string[] {
    const wanted = new Set(subjects);
    const names = round.verdicts.desired.flatMap((grant) => (wanted.has(grant.subject) ? [grant.profile] : []));
    return [...new Set(names)].filter((name) => {
      const profile = this.#deps.profiles.get(name);
      return !round.direct.has(name) && (profile === undefined || !this.#deps.profiles.confirmed(profile));
    });
  }
}
