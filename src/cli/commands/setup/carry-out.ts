import type { Prepared } from '../../../app/run-setup.ts';
import { messageOf, PodroleError } from '../../../base/errors.ts';
import { confirm } from '../../confirm.ts';
import { UsageError } from '../../failure.ts';
import type { Invocation } from '../../invocation.ts';

export interface CarryOut {
  readonly prepared: Prepared;
  /** Not to be asked. */
  readonly yes: boolean;
  readonly question: string;
  /** The command that goes on after an interruption. */
  readonly resume: string;
}

/**
 * Asks where somebody can be asked, and tells each step as it ends. Answers whether it was done. Throws `UsageError` where nobody can be
 * asked, and as `Prepared.apply`.
 */
export async function carryOut({ terminal }: Invocation, { prepared, yes, question, resume }: CarryOut): Promise<boolean> {
  const { colors, symbols, signal } = terminal;
  const { create, change, delete: gone, conflict } = prepared.summary;
  if (!yes && conflict === 0 && create + change + gone > 0) {
    const answer = await confirm(question, signal);
    if (answer === 'nobody')
      throw new UsageError(
        'this changes AWS and the cluster, and nobody is there to be asked',
        [],
        'read the plan and add --yes, or give a saved plan by --plan FILE',
      );
    if (answer === 'no') {
      terminal.err('nothing was changed\n');
      return false;
    }
  }
  try {
    await prepared.apply(({ item, ok, error }, { done, all }) => {
      const mark = ok ? colors.green(symbols.ok) : colors.red(symbols.no);
      terminal.err(`${mark} ${colors.dim(`${done}/${all}`)} ${item.verb} ${item.object}${ok ? '' : `: ${messageOf(error)}`}\n`);
    }, signal);
  } catch (error) {
    if (error instanceof PodroleError && error.code === 'setup-interrupted')
      terminal.err(`${error.message}; what is done stays done. To go on: ${resume}\n`);
    throw error;
  }
  return true;
}
