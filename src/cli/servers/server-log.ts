import { serverJsonLog } from '../../app/server-log.ts';
import type { Log } from '../../base/log.ts';
import type { Terminal } from '../terminal.ts';

/** klog's level from which on debug lines are written. */
const DEBUG_FROM = 4;

/** The log of a server: JSON on stderr. */
export function serverLog(terminal: Terminal, verbosity: number): Log {
  return serverJsonLog({ write: terminal.err }, verbosity >= DEBUG_FROM ? 'debug' : 'info');
}
