import type { Prepared } from '../../../app/run-setup.ts';
import { messageOf, PodroleError } from '../../../base/errors.ts';
import { confirm } from '../../confirm.ts';
import { UsageError } from '../../failure.ts';
import type { Invocation } from '../../invocation.ts';

export interface CarryOut {
  readonly prepared: Prepared;
  /** Reads and plans anew: while somebody reads the plan, the world goes on. */
  readonly again: () => Promise<Pick<Prepared, 'digest'>>;
  /** Not to be asked. */
  readonly yes: boolean;
  readonly question: string;
  /** The command that goes on after an interruption. */
  readonly resume: string;
}

/** What was agreed to is not what would happen. */
export function planStale(hint: string): PodroleError {
  return new PodroleError('what the plan was made from has changed since, nothing was written', { code: 'plan-stale', hint });
}

/**
 * Asks where somebody can be asked, and tells each step as it ends. Answers whether it was done. Throws `UsageError` where nobody can be
 * asked, `plan-stale` where what was shown holds no more once it was agreed to, and as `Prepared.apply`.
 */
export async function carryOut({ terminal }: Invocation, { prepared, again, yes, question, resume }: CarryOut): Promise<boolean> {
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
    if ((await again()).digest !== prepared.digest) throw planStale('run the command again, and read the plan');
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
