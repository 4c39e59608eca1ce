const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAYS_OF_YEAR = 365;

/** A duration as kubectl shows ages: two units while they matter, `<invalid>` for the future (`apimachinery/pkg/util/duration`). */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(milliseconds / MINUTE);
  if (minutes < 10) return two(minutes, 'm', { rest: seconds % 60, unit: 's' });
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(milliseconds / HOUR);
  if (hours < 8) return two(hours, 'h', { rest: minutes % 60, unit: 'm' });
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return two(days, 'd', { rest: hours % 24, unit: 'h' });
  if (days < 2 * DAYS_OF_YEAR) return `${days}d`;
  const years = Math.floor(days / DAYS_OF_YEAR);
  return days < 8 * DAYS_OF_YEAR ? two(years, 'y', { rest: days % DAYS_OF_YEAR, unit: 'd' }) : `${years}y`;
}

function two(whole: number, unit: string, less: { readonly rest: number; readonly unit: string }): string {
  return less.rest === 0 ? `${whole}${unit}` : `${whole}${unit}${less.rest}${less.unit}`;
}

/** The time since a timestamp of an object; `<unknown>` where there is none. */
export function ageOf(timestamp: unknown, now: Date): string {
  if (typeof timestamp !== 'string' || timestamp === '') return '<unknown>';
  const instant = Date.parse(timestamp);
  return Number.isNaN(instant) ? '<invalid>' : humanDuration(now.getTime() - instant);
}
