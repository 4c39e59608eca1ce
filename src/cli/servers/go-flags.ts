import type { Problem } from '../../base/errors.ts';
import type { FlagRow, FlagValues } from '../../base/flag-table.ts';
import { parseGoBool } from '../../base/go-values.ts';

export type GoFlags =
  | { readonly ok: true; readonly values: FlagValues; readonly help: boolean }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads a command line in Go's manner: one dash or two, `=value` or the next word, `--bool=false`, a repeated flag's last value
 * (or all of them for `strings`). An unknown flag is a problem that names the nearest one. Source: Go's packages flag and pflag.
 */
export function parseGoFlags(table: readonly FlagRow[], argv: readonly string[]): GoFlags {
  const rows = new Map(table.map((row) => [row.name, row]));
  const values: Record<string, string | boolean | readonly string[]> = {};
  const problems: Problem[] = [];
  let help = false;
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    const parts = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(word);
    if (word === '--' || parts === null) {
      problems.push({ path: word, message: 'takes flags only' });
      continue;
    }
    const [, name = '', attached] = parts;
    if (name === 'h' || name === 'help') {
      help = true;
      continue;
    }
    const row = rows.get(name);
    if (row === undefined) {
      const near = nearest(name, [...rows.keys()]);
      problems.push({ path: `--${name}`, message: `no such flag${near === undefined ? '' : `; did you mean --${near}?`}` });
      continue;
    }
    if (row.type === 'bool') {
      const given = attached === undefined ? true : parseGoBool(attached);
      if (given !== undefined) values[name] = given;
      else problems.push({ path: `--${name}`, message: `${JSON.stringify(attached)} is neither true nor false` });
      continue;
    }
    let value = attached;
    if (value === undefined) {
      index += 1;
      value = argv[index];
    }
    if (value === undefined) problems.push({ path: `--${name}`, message: 'needs a value' });
    else if (row.type === 'strings') values[name] = [...((values[name] as readonly string[] | undefined) ?? []), value];
    else values[name] = value;
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, values, help };
}

/** The name that fewest edits away from `name`, if it is near at all. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const ranked = names.map((candidate) => [candidate, distance(name, candidate)] as const).sort((a, b) => a[1] - b[1]);
  const best = ranked[0];
  return best !== undefined && best[1] <= Math.max(2, name.length / 3) ? best[0] : undefined;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The help text of a server: one paragraph per flag, in the table's order. */
export function goFlagsHelp(
  usage: { readonly name: string; readonly summary: string; readonly example: string },
  table: readonly FlagRow[],
): string {
  const lines = [`Usage: podrole ${usage.name} [flags]`, '', usage.summary, '', 'Flags:'];
  for (const row of table) {
    const unit = row.unit === undefined ? '' : `, ${row.unit}`;
    const fallback = Array.isArray(row.default) ? (row.default.length === 0 ? '' : row.default.join(',')) : String(row.default);
    lines.push(`  --${row.name} ${row.type}${fallback === '' ? '' : ` (default ${fallback}${unit})`}`);
    lines.push(`      ${row.doc}${row.upstreamOnly === undefined ? '' : ' [accepted, without effect]'}`);
  }
  return `${lines.join('\n')}\n\nExample:\n  $ ${usage.example}\n`;
}
