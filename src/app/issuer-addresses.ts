import { isIP } from 'node:net';
import type { Problem } from '../base/errors.ts';

/** Where the issuers listen whose tokens a sandbox is to verify besides its own. There is no DNS. */
export interface IssuerAddresses {
  readonly resolve: ReadonlyMap<string, { readonly address: string; readonly port: number }>;
  /** PEM of the authorities that signed their certificates; absent: the sandbox's own CA alone. */
  readonly ca?: string;
}

export type IssuerAddressesReading =
  | { readonly ok: true; readonly resolve: IssuerAddresses['resolve'] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads `HOST=ADDRESS:PORT` of each issuer, `HOST=[ADDRESS]:PORT` for IPv6; every problem at once. */
export function readIssuerAddresses(words: readonly string[]): IssuerAddressesReading {
  const problems: Problem[] = [];
  const resolve = new Map<string, { readonly address: string; readonly port: number }>();
  for (const word of words) {
    const [, host = '', bare = '', portText = ''] = /^([A-Za-z0-9.-]+)=(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(word) ?? [];
    const address = bare.replace(/^\[(.*)\]$/, '$1');
    const port = Number(portText);
    if (host === '' || isIP(address) === 0 || port < 1 || port > 65_535)
      problems.push({ path: '--issuer-resolve', message: `${JSON.stringify(word)} must be HOST=ADDRESS:PORT, the address as numbers` });
    else resolve.set(host.toLowerCase(), { address, port });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, resolve };
}
