// Writes docs/reference/cli.md from the command's own `--help`; with `--check` it only says whether the file is up to date.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const file = join(root, 'docs/reference/cli.md');

function help(words) {
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'dist/podrole.mjs'), ...words, '--help'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, NO_COLOR: '1' },
  });
  if (status !== 0) throw new Error(`podrole ${words.join(' ')} --help: exit ${status}`);
  return stdout.trimEnd();
}

/** The names below `Commands:`. */
function children(text) {
  const section = /\nCommands:\n((?: {2}.*\n?)+)/.exec(`${text}\n`)?.[1] ?? '';
  return [...section.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name);
}

function pages(words) {
  const text = help(words);
  const own = `## ${['podrole', ...words].join(' ')}\n\n\`\`\`text\n${text}\n\`\`\`\n`;
  const leaf = ['completion', 'version', 'help'];
  return [
    own,
    ...children(text)
      .filter((name) => !leaf.includes(name))
      .flatMap((name) => pages([...words, name])),
  ];
}

const wanted = `# The command line\n\nGenerated from \`--help\`; \`npm run check\` holds it against the code.\n\nExit codes: 0 yes · 1 the answer is no · 2 usage or an invalid file · 3 an API, a permission or the network failed · 4 timeout · 5 partly applied · 130 interrupted.\n\n${pages([]).join('\n')}`;

if (process.argv.includes('--check')) {
  let present = '';
  try {
    present = readFileSync(file, 'utf8');
  } catch {}
  if (present !== wanted) {
    console.error('docs/reference/cli.md is out of date: run `node scripts/docs.mjs`');
    process.exit(1);
  }
} else {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, wanted);
}
