import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of podrole's own package: `deploy/`, `examples/` and `dist/` lie in it, whether this code runs from source or from a bundle. */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'deploy'))) return folder;
    if (folder === dirname(folder)) throw new Error('podrole does not lie in its package: deploy/ is missing');
  }
}
