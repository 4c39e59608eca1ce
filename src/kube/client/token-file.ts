import { readFile } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { TokenProvider } from './create-kube-client.ts';
import { CredentialsError } from './errors.ts';

/** A minute, as client-go: the kubelet replaces a token long before it ends. */
const READ_EVERY_MS = 60_000;

/** A bearer token in a file that somebody else keeps fresh. While it cannot be read, the last one is used. Rejects with `CredentialsError` when there is none. */
export function tokenFile(file: string, clock: Clock): TokenProvider {
  let token: string | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return async ({ fresh }) => {
    if (!fresh && token !== undefined && clock.monotonic() - readAt < READ_EVERY_MS) return token;
    try {
      const text = (await readFile(file, 'utf8')).trim();
      if (text === '') throw new Error('the file is empty');
      token = text;
      readAt = clock.monotonic();
    } catch (error) {
      if (token === undefined) throw new CredentialsError(`cannot read the token in ${file}: ${messageOf(error)}`, { cause: error });
    }
    return token;
  };
}
