import { controllerFlagTable, controllerOptionsFromFlags, runController } from '../../app/profile/run-controller.ts';
import { UsageError } from '../failure.ts';
import { serverLog } from './server-log.ts';
import type { ServerProgram } from './server-program.ts';

/** `podrole controller`. */
export function controllerProgram(): ServerProgram {
  return {
    table: controllerFlagTable,
    example: 'podrole controller --kubeconfig ./kubeconfig --region us-west-2 --leader-elect',
    start: async (values, terminal) => {
      const run = controllerOptionsFromFlags(values, terminal.env);
      if (!run.ok) throw new UsageError('podrole controller: wrong flags', run.problems, 'podrole controller --help');
      const context = { env: terminal.env, log: serverLog(terminal, 0), print: (line: string) => terminal.out(`${line}\n`) };
      await runController(run, context, terminal.signal);
    },
  };
}
