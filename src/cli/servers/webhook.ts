import { runWebhook, webhookFlagTable, webhookOptionsFromFlags } from '../../app/webhook/run-webhook.ts';
import { VERSION } from '../../base/version.ts';
import { UsageError } from '../failure.ts';
import { serverLog } from './server-log.ts';
import type { ServerProgram } from './server-program.ts';

/** `podrole webhook`. */
export function webhookProgram(): ServerProgram {
  return {
    table: webhookFlagTable,
    example: 'podrole webhook --in-cluster=false --port=8443 --tls-cert=tls.crt --tls-key=tls.key',
    start: async (values, terminal) => {
      const run = webhookOptionsFromFlags(values);
      if (!run.ok) throw new UsageError('podrole webhook: wrong flags', run.problems, 'podrole webhook --help');
      if (run.serving.printVersion) {
        terminal.out(`podrole ${VERSION}\n`);
        return;
      }
      await runWebhook(run, { env: terminal.env, log: serverLog(terminal, run.serving.verbosity) }, terminal.signal);
    },
  };
}
