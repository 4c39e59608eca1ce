// Bundles the product into dist/: the command, the library doors and the workload that the sandbox's kubelet runs.
// `--quiet` says nothing and skips the work when nothing changed; `--release` adds types, notices and the SBOM.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { cycloneDx, notices, packagesOf } from './bundled-packages.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const quiet = process.argv.includes('--quiet');
const release = process.argv.includes('--release');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** A digest of everything that the bundle is made of. */
function digest() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const folder of ['src', 'scripts']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.endsWith('.test.ts')) continue;
      const file = join(entry.parentPath ?? entry.path, entry.name);
      hash.update(file.slice(root.length)).update(readFileSync(file));
    }
  }
  return hash.digest('hex');
}

// Whoever runs the bundle meanwhile finds the old one or the new one, whole.
const draft = `dist.${process.pid}`;
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outdir: draft,
  outExtension: { '.js': '.mjs' },
  mainFields: ['module', 'main'],
  logLevel: 'warning',
  metafile: true,
  legalComments: 'none',
  define: { PODROLE_VERSION: JSON.stringify(manifest.version) },
  // Bundled CommonJS packages still ask for Node's built-in modules through `require`.
  banner: { js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);" },
};

const stamp = join(root, 'dist', '.digest');
const wanted = digest();
if (!release && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) process.exit(0);

process.on('exit', () => rmSync(join(root, draft), { recursive: true, force: true }));
const product = await build({
  ...common,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  entryPoints: {
    podrole: 'src/cli/main.ts',
    index: 'src/index.ts',
    sandbox: 'src/app/sandbox-api.ts',
    credentials: 'src/credentials/index.ts',
  },
});
// The workload is a bundle of its own, of the untouched SDK: it stands for a user's program and shares nothing with the product.
const workload = await build({ ...common, entryPoints: { 'workload-aws-sdk': 'src/sandbox/kubelet/workload/aws-sdk.ts' } });

if (release) {
  const tsc = join(root, 'node_modules/typescript7/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.types.json', '--outDir', join(draft, 'types')], { cwd: root, stdio: 'inherit' });
  // An import for its effect alone says nothing about types, and its package is bundled: it is not there for the reader of the types.
  for (const entry of readdirSync(join(root, draft, 'types'), { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.d.ts')) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const text = readFileSync(file, 'utf8');
    const bare = text.replace(/^import '[^']+';\n/gm, '');
    if (bare !== text) writeFileSync(file, bare);
  }
  const packages = packagesOf(root, [product.metafile, workload.metafile]);
  writeFileSync(join(root, draft, 'THIRD_PARTY_NOTICES'), notices(packages));
  writeFileSync(join(root, draft, 'sbom.cdx.json'), cycloneDx(manifest, packages));
}
writeFileSync(join(root, draft, '.digest'), wanted);
for (let swapped = false; !swapped; ) {
  try {
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    renameSync(join(root, draft), join(root, 'dist'));
    swapped = true;
  } catch (error) {
    // Another build was there between the two: the last one wins.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}
if (!quiet) process.stderr.write(`built dist/ (${Object.keys(product.metafile.outputs).length} files)\n`);
