// `npm run bench -- NAME [--other CMD] [-o json]`: bundles bench/NAME.bench.ts, runs it and prints its rows with their ratios.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { other: { type: 'string' }, output: { type: 'string', short: 'o', default: 'text' } },
});
const [name] = positionals;
if (!names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [--other CMD] [-o json]\nNAME is one of ${names.join(', ')}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'podrole-bench-'));
try {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [`bench/${name}.bench.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    define: { PODROLE_VERSION: '"bench"', 'import.meta.dirname': JSON.stringify(join(root, 'bench')) },
    banner: { js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);" },
    external: ['@cloud-copilot/iam-simulate'],
    logLevel: 'warning',
  });
  const { bench } = await import(pathToFileURL(outfile).href);
  const report = await bench(values.other === undefined ? {} : { other: values.other });
  if (values.output === 'json') {
    console.log(JSON.stringify({ node: process.version, ...report }, null, 2));
  } else {
    console.log(`${report.name} (node ${process.version})`);
    const figure = (value) => (value === undefined ? '-' : value >= 100 ? value.toFixed(0) : value.toPrecision(3));
    for (const row of report.rows) {
      const against =
        row.baseline === undefined ? '' : ` · ${row.baseline.name} ${figure(row.baseline.value)} · ratio ${figure(row.ratio)}`;
      console.log(
        `  ${row.case.padEnd(36)} ${row.metric.padEnd(16)} ${figure(row.value)} ${row.unit}${against}${row.note === undefined ? '' : ` · ${row.note}`}`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
