import { join } from 'node:path';
import { PodroleError } from '../../base/errors.ts';
import { type LockRefusal, takeProcessLock } from '../process-lock.ts';

/**
 * Takes a folder for this process alone; answers the way out. Throws `data-dir-in-use` while another process has it, or may have it where
 * this one cannot look, and `data-dir-damaged` where the lock says nothing.
 */
export function lockFolder(folder: string): () => void {
  return takeProcessLock(join(folder, 'lock'), (refusal) => refused(folder, refusal));
}

function refused(folder: string, refusal: LockRefusal): PodroleError {
  const { why, lock } = refusal;
  switch (why) {
    case 'held':
      return new PodroleError(`${folder} is in use by process ${refusal.holder.pid}`, {
        code: 'data-dir-in-use',
        hint: 'end that sandbox first, or name another --data-dir',
      });
    case 'held-elsewhere':
      return new PodroleError(
        `${folder} was taken by process ${refusal.holder.pid} of host ${refusal.holder.host}, on another machine or in another container: it cannot be seen from here whether it lives`,
        { code: 'data-dir-in-use', hint: `end that sandbox, or, if it is gone: rm ${lock}` },
      );
    case 'unreadable':
      return new PodroleError(`${lock} does not say which process has the folder`, {
        code: 'data-dir-damaged',
        hint: `if no sandbox uses the folder: rm ${lock}`,
      });
    case 'contended':
      return new PodroleError(`${folder} is being taken by others at this moment`, { code: 'data-dir-in-use', hint: 'try again' });
  }
}
