/** What somebody at a terminal said; `nobody`: there is no terminal to ask at. */
export type Answer = 'yes' | 'no' | 'nobody';

/** Asks a yes-or-no question on stderr, and only where both ends are a terminal. Ctrl-C and no answer are `no`. */
export async function confirm(question: string, signal: AbortSignal): Promise<Answer> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return 'nobody';
  // Loaded here: most runs never ask.
  const prompts = await import('@clack/prompts');
  const answer = await prompts.confirm({ message: question, initialValue: false, output: process.stderr, signal });
  return answer === true ? 'yes' : 'no';
}
