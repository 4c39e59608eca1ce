import type { WorldName } from '../support/worlds/world.ts';

/** What became of a suite, a test file, in one world. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Tests and hooks, from the first to the last. */
  readonly ms: number;
}

/** A suite with what it is about and what became of it where it ran. */
export interface SuiteRow {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly about: readonly string[];
  readonly worlds: Readonly<Partial<Record<WorldName, Tally>>>;
}

/** A place where the two answer differently, as the reference tells it. */
export interface DifferenceRow {
  readonly subject: string;
  readonly real: string;
  readonly sandbox: string;
  readonly reason: string;
}

export interface WorldReport {
  readonly suites: readonly SuiteRow[];
  /** Journeys that do not take a world, with the reason. */
  readonly sandboxOnly: readonly (readonly [name: string, reason: string])[];
  readonly differences: readonly DifferenceRow[];
}

const WIDTH = 118;
const ABOUT = 46;
const WORLDS: readonly WorldName[] = ['sandbox', 'real'];
const TITLES: Readonly<Record<WorldName, string>> = { sandbox: 'sandbox', real: 'real control plane' };

const GROUPS: readonly (readonly [title: string, holds: (file: string) => boolean])[] = [
  ['journeys', (file) => file.startsWith('test/journeys/')],
  ['the Kubernetes API, as its clients see it', (file) => file.startsWith('test/cluster/suites/')],
  ['on the real one alone', () => true],
];

/** The report of a run on both worlds, side by side, as plain text. */
export function worldReport({ suites, sandboxOnly, differences }: WorldReport): string {
  const left = [...suites].sort((a, b) => (nameOf(a.file) < nameOf(b.file) ? -1 : 1));
  const rows: (readonly string[] | string)[] = [];
  for (const [title, holds] of GROUPS) {
    const members = left.filter(({ file }) => holds(file));
    for (const member of members) left.splice(left.indexOf(member), 1);
    if (members.length > 0) rows.push('', title, ...members.map((row) => [`  ${nameOf(row.file)}`, aboutOf(row), ...cells(row.worlds)]));
  }
  const totals = Object.fromEntries(WORLDS.map((world) => [world, sum(suites.flatMap(({ worlds }) => worlds[world] ?? []))]));
  rows.push('', ['all', `${suites.length} suites`, ...cells(totals)]);
  const blocks = [table([['suite', 'about', ...WORLDS.flatMap((world) => [TITLES[world], '    time'])], ...rows])];
  if (sandboxOnly.length > 0) {
    const widest = Math.max(...sandboxOnly.map(([name]) => name.length));
    const lines = sandboxOnly.map(([name, reason]) => folded(`  ${name.padEnd(widest)}  `, reason));
    blocks.push(`journeys on the sandbox alone, and why\n\n${lines.join('\n')}`);
  }
  if (differences.length > 0) {
    const lines = differences.map(({ subject, real, sandbox, reason }) =>
      [folded('  ', subject), folded('      real     ', real), folded('      sandbox  ', sandbox), folded('      because  ', reason)].join(
        '\n',
      ),
    );
    blocks.push(`where the sandbox answers otherwise: ${differences.length}\n\n${lines.join('\n')}`);
  }
  return blocks.join('\n\n');
}

/** The rows of the table in docs/reference/sandbox-differences.md. */
export function differencesIn(markdown: string): readonly DifferenceRow[] {
  return markdown.split('\n').flatMap((line) => {
    const [, subject = '', real = '', sandbox = '', reason = ''] = line.split(/ ?\| ?/).map((cell) => cell.trim());
    return line.startsWith('| ') && subject !== '' ? [{ subject, real, sandbox, reason }] : [];
  });
}

const nameOf = (file: string): string => file.replace(/^.*\//, '').replace(/\.test\.ts$/, '');

function aboutOf({ about }: SuiteRow): string {
  const text = about.join('; ');
  return text.length <= ABOUT ? text : `${text.slice(0, ABOUT - 1)}…`;
}

const cells = (worlds: SuiteRow['worlds']): readonly string[] => WORLDS.flatMap((world) => cell(worlds[world]));

/** What passed, and the time, one below the other. */
function cell(tally: Tally | undefined): readonly [string, string] {
  if (tally === undefined) return ['  -', ''];
  const { passed, failed, skipped, ms } = tally;
  if (passed + failed === 0) return [skipped > 0 ? `${number(skipped)} skipped` : '  -', ''];
  const counts = [
    ...(failed > 0 ? [`${number(failed)} FAILED`] : []),
    `${failed > 0 ? passed : number(passed)} passed`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  return [counts.join(', '), `${(ms / 1000).toFixed(1)} s`.padStart(8)];
}

const number = (value: number): string => String(value).padStart(3);

function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped, ms: a.ms + b.ms }),
    { passed: 0, failed: 0, skipped: 0, ms: 0 },
  );
}

/** Columns as wide as their widest cell; what is no array stands alone in its line. */
function table(rows: readonly (readonly string[] | string)[]): string {
  const full = rows.filter((row) => typeof row !== 'string');
  const widths = (full[0] ?? []).map((_, column) => Math.max(...full.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((value, column) => value.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd();
  return rows.map((row) => (typeof row === 'string' ? row : line(row))).join('\n');
}

/** A text behind a lead, its further lines below its first word. */
function folded(lead: string, text: string): string {
  const lines: string[] = [];
  let line = lead;
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length > WIDTH && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = ' '.repeat(lead.length);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join('\n');
}
