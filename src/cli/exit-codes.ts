/** What a command's exit status means; the same for every command. */
export const EXIT = {
  /** Yes; no difference; no finding. */
  ok: 0,
  /** The answer is no: a finding, a refusal, a red step, a difference. */
  no: 1,
  /** The command line or a file of the user's is wrong. */
  usage: 2,
  /** An API, a permission, the network or a server of ours failed. */
  failure: 3,
  timeout: 4,
  /** Part of the work is done; running it again goes on. */
  partial: 5,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
