import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/**
 * Adds `completion SHELL`, which prints the script for a shell, and the hidden `complete -- WORDS` which that script asks.
 * Loaded only when one of the two is called.
 */
export function attachCompletion(root: Command): void {
  tab(root, { completionCommandName: 'completion' });
}
