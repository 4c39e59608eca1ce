/** An invariant that a run broke, and when. */
export interface Violation {
  readonly invariant: string;
  readonly at: number;
  readonly message: string;
}

/**
 * A time in which a subject was trusted and should not have been. `outlived`: no profile of its name existed; `lingered`: its profile went
 * away or asks for something else; otherwise it was let in while nobody wanted it: by somebody else (`foreign`), by a write that landed
 * late (`landed`), or by one of ours (`early`). `excused`: somebody else's overwrite had a part in it.
 */
export interface Wrong {
  readonly kind: 'outlived' | 'lingered' | 'early' | 'landed' | 'foreign';
  readonly ms: number;
  readonly excused: boolean;
}
