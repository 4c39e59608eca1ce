import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning, pidNamespace } from './process-identity.ts';

/**
 * Makes a folder of this process below `parent`, mode 0700, named `<prefix><pid>.<pid namespace>-<six letters>`, and removes those of
 * the same prefix, user and PID namespace whose process is gone: it was killed in a way that leaves no time to tidy up. In another
 * namespace, a container's, the number would mean another process.
 */
export async function openProcessFolder(parent: string, prefix: string): Promise<string> {
  await sweep(parent, prefix);
  const folder = await mkdtemp(join(parent, `${prefix}${process.pid}.${pidNamespace()}-`));
  await chmod(folder, 0o700);
  return folder;
}

async function sweep(parent: string, prefix: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const [, pid, namespace] = (name.startsWith(prefix) && /^(\d+)\.(\d*)-\w{6}$/.exec(name.slice(prefix.length))) || [];
    if (pid === undefined || namespace !== pidNamespace() || isRunning(Number(pid))) continue;
    const folder = join(parent, name);
    const found = await stat(folder).catch(() => undefined);
    if (found?.uid === process.getuid?.()) await rm(folder, { recursive: true, force: true });
  }
}
