import { diffLines } from 'diff';
import type { Terminal } from './terminal.ts';

/** Every line moved right by `columns`. */
export function indent(text: string, columns: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(columns));
}

/** A line diff: `+`, `-` and three lines around, the rest left out. */
export function diffText(texts: { readonly before: string; readonly after: string }, colors: Terminal['colors']): string {
  const lines: { readonly sign: ' ' | '+' | '-'; readonly text: string }[] = [];
  for (const part of diffLines(texts.before, texts.after)) {
    const sign = part.added ? '+' : part.removed ? '-' : ' ';
    for (const text of part.value.replace(/\n$/, '').split('\n')) lines.push({ sign, text });
  }
  const near = (index: number): boolean => lines.slice(Math.max(0, index - 3), index + 4).some((line) => line.sign !== ' ');
  const shown: string[] = [];
  for (const [index, { sign, text }] of lines.entries()) {
    if (!near(index)) {
      if (shown.at(-1) !== '  …') shown.push('  …');
      continue;
    }
    const line = `${sign} ${text}`;
    shown.push(sign === '+' ? colors.green(line) : sign === '-' ? colors.red(line) : line);
  }
  return shown.join('\n');
}

/** One word of a POSIX shell that stands for `text`; quoted where that is needed. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
