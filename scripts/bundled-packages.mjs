// What of node_modules went into a bundle: read from esbuild's metafile, told as licence notices and as a CycloneDX document.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENCE_FILE = /^(licen[cs]e|notice)(\.|$)/i;

/** The folder of the package that an input file belongs to, or undefined for the project's own. */
function packageFolder(input) {
  const at = input.lastIndexOf('node_modules/');
  if (at < 0) return undefined;
  const rest = input.slice(at + 'node_modules/'.length).split('/');
  const name = rest[0].startsWith('@') ? `${rest[0]}/${rest[1]}` : rest[0];
  return `${input.slice(0, at)}node_modules/${name}`;
}

export function packagesOf(root, metafiles) {
  const folders = new Set();
  for (const metafile of metafiles) {
    for (const output of Object.values(metafile.outputs)) {
      for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
        const folder = packageFolder(input);
        if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
      }
    }
  }
  return [...folders]
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const texts = readdirSync(join(root, folder))
        .filter((file) => LICENCE_FILE.test(file) && existsSync(join(root, folder, file)))
        .map((file) => readFileSync(join(root, folder, file), 'utf8').trim());
      return { name, version, license: license ?? 'see text', texts };
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

export function notices(packages) {
  const parts = packages.map(({ name, version, license, texts }) =>
    `${name} ${version}\nLicence: ${license}\n\n${texts.join('\n\n')}`.trim(),
  );
  return `podrole contains the following packages.\n\n${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

export function cycloneDx(manifest, packages) {
  const purl = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: { type: 'application', name: manifest.name, version: manifest.version, purl: purl(manifest.name, manifest.version) },
    },
    components: packages.map(({ name, version, license }) => ({
      type: 'library',
      name,
      version,
      purl: purl(name, version),
      licenses: [{ license: /^[\w.-]+$/.test(license) ? { id: license } : { name: license } }],
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
