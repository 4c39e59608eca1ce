import { InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../../failure.ts';

/** Where a host listens, by its name. */
export type Resolve = ReadonlyMap<string, { readonly address: string; readonly port: number }>;

export const issuerOption = (): Option =>
  new Option('--issuer <url>', 'the issuer as tokens carry it: https, no port, no slash unless the flag has it').env('PODROLE_ISSUER');

export const keyOption = (): Option =>
  new Option('--key <file>', 'a public or private key in PEM, or a certificate; repeat it for several').argParser(
    (file: string, before: readonly string[] | undefined) => [...(before ?? []), file],
  );

export const jwksPathOption = (): Option =>
  new Option('--jwks-path <path>', 'where the key set stands below the issuer; absent: openid/v1/jwks');

/** The certificate authority and the addresses of a private test. */
export const caOption = (): Option => new Option('--ca <file>', 'authorities to trust in place of the public ones, for a private issuer');

export const resolveOption = (): Option =>
  new Option('--resolve <host=address:port>', 'where a host listens, in place of DNS; repeat it for several').argParser(
    (text: string, before: Resolve | undefined): Resolve => {
      const [, host, address, port] = /^([\w.-]+)=\[?([\da-fA-F.:]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
      if (host === undefined || address === undefined || Number(port) > 65_535)
        throw new InvalidArgumentError('it must be HOST=ADDRESS:PORT');
      return new Map(before ?? []).set(host.toLowerCase(), { address, port: Number(port) });
    },
  );

/** A value that must be given; commander's own requirement knows nothing of environment variables in its message. */
export function required(value: string | undefined, flag: string): string {
  if (value === undefined) throw new UsageError(`${flag} is missing`, [], `podrole issuer --help`);
  return value;
}

/** Seconds, or a number with `s`, `m`, `h` or `d` behind it. */
export function duration(text: string): number {
  const [, amount, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError('it must be a number of seconds, or like 90m, 24h, 7d');
  return Number(amount) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? 1);
}
