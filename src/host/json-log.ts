import pino from 'pino';
import type { Log, LogFields } from '../base/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Anything that takes text, such as `process.stderr`. */
export interface LogDestination {
  write(text: string): unknown;
}

export interface LogOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  readonly destination: LogDestination;
  /** Fields of every line. */
  readonly base?: LogFields;
  /** Default the machine's wall time. */
  readonly now?: () => Date;
}

/** Never printed, whoever passes them: the last net below the rule that they are not passed at all. */
const SECRET_FIELDS = ['token', 'authorization', 'password', 'secret', 'key', 'privateKey', 'credential'];

/** One JSON object a line: `level`, `time` (ISO 8601), the base fields, the line's own, `msg`. */
export function jsonLog(options: LogOptions): Log {
  const now = options.now ?? (() => new Date());
  let lastMs = Number.NaN;
  let lastStamp = '';
  /** Lines of one millisecond share their text. */
  const timestamp = (): string => {
    const at = now();
    if (at.getTime() !== lastMs) {
      lastMs = at.getTime();
      lastStamp = `,"time":"${at.toISOString()}"`;
    }
    return lastStamp;
  };
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: options.base ?? null,
      timestamp,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS, censor: '[secret]' },
    },
    { write: (text) => void options.destination.write(text) },
  );
  return wrap(logger);
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}
