import { Command } from 'commander';
import { type Format, jsonLine } from '../../document.ts';
import { EXIT } from '../../exit-codes.ts';
import { UsageError } from '../../failure.ts';
import type { Invocation } from '../../invocation.ts';
import { outputOption, wholeNumber } from '../../options.ts';
import { duration } from './options.ts';

interface ServeFlags {
  readonly port: number;
  readonly address: string;
  readonly cache: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly ownCa?: string;
  readonly output: Format;
}

const HELP = `
AWS must reach the issuer's name on port 443 from the internet. With --own-ca the provider in IAM needs the thumbprint that is printed.
Certificate files are read again when they change; so are the documents. /healthz and /readyz answer under any name.

Examples:
  $ podrole issuer serve site/ --tls-cert fullchain.pem --tls-key privkey.pem --address 0.0.0.0 --port 443
  $ podrole issuer serve site/ --own-ca issuer-ca/`;

/** `podrole issuer serve`. */
export function serveCommand(invocation: Invocation): Command {
  return new Command('serve')
    .description('serve a folder of published documents over HTTPS')
    .argument('<folder>', 'where podrole issuer publish put them')
    .option('--tls-cert <file>', 'certificate chain in PEM')
    .option('--tls-key <file>', 'its private key')
    .option('--own-ca <folder>', 'make certificates with an authority of one’s own, kept there')
    .option('--address <ip>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port; 0: any free one', wholeNumber(0, 65_535), 8443)
    .option('--cache <time>', 'how long readers may keep the documents', duration, 3600)
    .addOption(outputOption(['text', 'json']))
    .addHelpText('after', HELP)
    .action(async (folder: string, flags: ServeFlags) => {
      const { terminal } = invocation;
      const { serveIssuer, serveLog } = await import('../../../app/issuer/serve-issuer.ts');
      const served = await serveIssuer({
        folder,
        address: flags.address,
        port: flags.port,
        cacheSeconds: flags.cache,
        tls: tlsOf(flags),
        log: serveLog({ write: terminal.err }),
      });
      try {
        const { issuer, url, resolve, ownCa } = served;
        if (flags.output === 'json') terminal.out(jsonLine({ kind: 'IssuerServed', issuer, url, resolve, ...ownCa }));
        else {
          const more =
            ownCa === undefined ? '' : `authority    ${ownCa.caFile}\nthumbprint   ${ownCa.thumbprint} (for the provider in IAM)\n`;
          terminal.out(`issuer       ${issuer}\nlistening    ${url}\n${more}`);
        }
        await served.ended(terminal.signal);
        invocation.exitCode = terminal.signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
      } finally {
        await served.close();
      }
    });
}

function tlsOf({
  tlsCert,
  tlsKey,
  ownCa,
}: ServeFlags):
  | { readonly kind: 'files'; readonly certFile: string; readonly keyFile: string }
  | { readonly kind: 'own-ca'; readonly folder: string } {
  if (ownCa !== undefined && tlsCert === undefined && tlsKey === undefined) return { kind: 'own-ca', folder: ownCa };
  if (ownCa === undefined && tlsCert !== undefined && tlsKey !== undefined) return { kind: 'files', certFile: tlsCert, keyFile: tlsKey };
  throw new UsageError('give --tls-cert and --tls-key, or --own-ca');
}
