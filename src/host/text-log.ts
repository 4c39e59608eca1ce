import type { Log, LogFields } from '../base/log.ts';
import type { LogLevel, LogOptions } from './json-log.ts';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** For people at a terminal: `12:00:00 warn  message  name=value …`, control characters escaped. */
export function textLog(options: LogOptions): Log {
  const now = options.now ?? (() => new Date());
  const floor = RANK[options.level ?? 'info'];
  const make = (base: LogFields): Log => {
    const line =
      (level: LogLevel) =>
      (message: string, fields?: LogFields): void => {
        if (RANK[level] < floor) return;
        const time = now().toISOString().slice(11, 19);
        options.destination.write(`${time} ${level.padEnd(5)} ${printable(message)}${render({ ...base, ...fields })}\n`);
      };
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      child: (fields) => make({ ...base, ...fields }),
    };
  };
  return make(options.base ?? {});
}

function render(fields: LogFields): string {
  let text = '';
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const shown = printable(Array.isArray(value) ? value.join(',') : String(value));
    text += `  ${name}=${/[\s"=]/.test(shown) || shown === '' ? JSON.stringify(shown) : shown}`;
  }
  return text;
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
