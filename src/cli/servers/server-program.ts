import type { FlagRow, FlagValues } from '../../base/flag-table.ts';
import type { Terminal } from '../terminal.ts';

/** What a server's own module brings: its table, and how to run on its values. */
export interface ServerProgram {
  readonly table: readonly FlagRow[];
  readonly example: string;
  /** Rejects with `UsageError` for values out of bounds. Resolves when the signal aborted and everything is stopped. */
  start(values: FlagValues, terminal: Terminal): Promise<void>;
}
