import { join } from 'node:path';
import { PodroleError } from '../../base/errors.ts';
import { takeProcessLock } from '../process-lock.ts';

/** Takes a folder for this process alone; answers the way out. Throws `data-dir-in-use` while another process has it. */
export function lockFolder(folder: string): () => void {
  return takeProcessLock(join(folder, 'lock'), (pid) =>
    pid === undefined
      ? new PodroleError(`${folder} is being taken by others at this moment`, { code: 'data-dir-in-use', hint: 'try again' })
      : new PodroleError(`${folder} is in use by process ${pid}`, {
          code: 'data-dir-in-use',
          hint: 'end that sandbox first, or name another --data-dir',
        }),
  );
}
