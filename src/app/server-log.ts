import type { Log } from '../base/log.ts';
import { gatheredLines } from '../host/gathered-lines.ts';
import { jsonLog, type LogDestination, type LogLevel } from '../host/json-log.ts';

/** One JSON object a line, gathered for milliseconds; the last ones are written when the process exits, however it does. */
export function serverJsonLog(destination: LogDestination, level: LogLevel): Log {
  const lines = gatheredLines(destination);
  process.once('exit', lines.flush);
  return jsonLog({ destination: lines, level });
}
