import type { Log } from '../base/log.ts';
import { jsonLog, type LogDestination, type LogLevel } from '../host/json-log.ts';

/** One JSON object a line. */
export function serverJsonLog(destination: LogDestination, level: LogLevel): Log {
  return jsonLog({ destination, level });
}
