import { type Grant, type RoleRecord, TOMBSTONE_MS, type Tombstone } from './role-record.ts';

/** What the profiles say about one role, each subject in exactly one list. */
export interface SubjectVerdicts {
  /** Wanted by a live profile, in order of priority. */
  readonly desired: readonly Grant[];
  /** Granted, and proved to be wanted by no profile; or first met while its profile is being deleted. */
  readonly revoke: readonly Grant[];
  /** Granted, and nobody could tell whether a profile still wants them: they stay as they are. */
  readonly undecided: readonly Grant[];
}

/** The three sets of a role, and the record that must be written before IAM is. */
export interface ThreeSets {
  /** Subjects that the trust policy shall hold, in order of priority. */
  readonly desired: readonly string[];
  /** Subjects that it must not hold. */
  readonly revoked: readonly string[];
  /** Subjects that are ours but not to be touched in this round. */
  readonly kept: readonly string[];
  readonly granted: readonly Grant[];
  readonly tombstones: readonly Tombstone[];
}

/**
 * Result = (subjects read − revoked) ∪ desired. Every desired subject counts as granted from now on, whether the document holds it already or not.
 * A granted subject that nobody wants becomes a tombstone; a tombstone that is wanted again goes; one that has been gone for 24 hours is forgotten.
 */
export function threeSets(record: RoleRecord | undefined, verdicts: SubjectVerdicts, now: Date): ThreeSets {
  const desired = new Map(verdicts.desired.map((grant) => [grant.subject, grant]));
  const undecided = verdicts.undecided.filter((grant) => !desired.has(grant.subject));
  const tombstones = new Map<string, Tombstone>();
  for (const stone of record?.tombstones ?? []) {
    const forgotten = stone.goneAt !== undefined && now.getTime() - Date.parse(stone.goneAt) >= TOMBSTONE_MS;
    if (!forgotten && !desired.has(stone.subject)) tombstones.set(stone.subject, stone);
  }
  for (const grant of verdicts.revoke) {
    if (desired.has(grant.subject)) continue;
    const stone = tombstones.get(grant.subject);
    const known = (record?.granted ?? []).some((entry) => entry.subject === grant.subject);
    if (stone === undefined || known) {
      tombstones.set(grant.subject, { subject: grant.subject, profile: grant.profile, revokedAt: now.toISOString(), returned: 0 });
    }
  }
  return {
    desired: [...desired.keys()],
    revoked: [...tombstones.keys()],
    kept: undecided.map((grant) => grant.subject),
    granted: [...desired.values(), ...undecided].sort(bySubject),
    tombstones: [...tombstones.values()].sort(bySubject),
  };
}

function bySubject(a: { readonly subject: string }, b: { readonly subject: string }): number {
  return a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0;
}
