import { Command } from 'commander';
import { type Format, printDocument } from '../../document.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Invocation } from '../../invocation.ts';
import { collected, endpointOption, outputOption, regionOption } from '../../options.ts';
import { duration, issuerOption, jwksPathOption, keyOption, required } from './options.ts';

interface DocumentFlags {
  readonly issuer?: string;
  readonly key?: readonly string[];
  readonly jwksPath?: string;
}

interface PublishFlags extends DocumentFlags {
  readonly to: string;
  readonly drop?: readonly string[];
  readonly cache: number;
  readonly applyBucketPolicy?: boolean;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly output: Format;
}

const PUBLISH_HELP = `
The discovery document goes first, then the keys. A key that is published and not given is a mistake until --drop says otherwise: tokens
that it signed would be refused. Exit: 1 when that, or another issuer's documents, stand in the way.

Examples:
  $ podrole issuer publish --issuer https://issuer.example.com --key sa-signer.pub --to site/
  $ podrole issuer publish --issuer https://s3.eu-central-1.amazonaws.com/my-issuer --key sa-signer.pub --to s3://my-issuer --apply-bucket-policy`;

/** `podrole issuer jwks`, `discovery` and `publish`. */
export function documentCommands(invocation: Invocation): readonly Command[] {
  const { terminal } = invocation;
  const jwks = new Command('jwks')
    .description('print the key set of some keys, as kube-apiserver would')
    .argument('<keys...>', 'files of public or private keys in PEM')
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole issuer jwks sa-signer.pub > keys.json\n  $ podrole issuer jwks /etc/kubernetes/pki/sa.pub next.pub',
    )
    .action(async (keys: readonly string[]) => {
      const { keySetText } = await import('../../../app/issuer/run-issuer.ts');
      terminal.out(await keySetText(keys));
    });
  const discovery = new Command('discovery')
    .description('print the discovery document of an issuer')
    .addOption(issuerOption())
    .addOption(keyOption())
    .addOption(jwksPathOption())
    .addHelpText('after', '\nExamples:\n  $ podrole issuer discovery --issuer https://issuer.example.com --key sa-signer.pub')
    .action(async (flags: DocumentFlags) => {
      const { documentsOf } = await import('../../../app/issuer/run-issuer.ts');
      const documents = await documentsOf({
        issuer: required(flags.issuer, '--issuer'),
        keyFiles: flags.key ?? [],
        jwksPath: flags.jwksPath,
      });
      terminal.out(documents.discovery.text);
    });
  const publish = new Command('publish')
    .description('put both documents into a folder or a bucket')
    .addOption(issuerOption())
    .addOption(keyOption())
    .addOption(jwksPathOption())
    .requiredOption('--to <place>', 'a folder, or s3://BUCKET/PREFIX')
    .option('--drop <kid>', 'a published key that may go; repeat it for several', collected)
    .option('--cache <time>', 'how long readers may keep them', duration, 3600)
    .option('--apply-bucket-policy', 'let everybody read the two objects; without it the policy is printed')
    .addOption(regionOption())
    .addOption(endpointOption())
    .addOption(outputOption())
    .addHelpText('after', PUBLISH_HELP)
    .action((flags: PublishFlags) => publishDocuments(invocation, flags));
  return [jwks, discovery, publish];
}

async function publishDocuments(invocation: Invocation, flags: PublishFlags): Promise<void> {
  const { terminal } = invocation;
  const { publishIssuer } = await import('../../../app/issuer/run-issuer.ts');
  const issuer = required(flags.issuer, '--issuer');
  const result = await publishIssuer(
    {
      issuer,
      keyFiles: flags.key ?? [],
      jwksPath: flags.jwksPath,
      to: flags.to,
      target: { region: flags.region, endpoint: flags.endpointUrl },
      cacheSeconds: flags.cache,
      drop: flags.drop ?? [],
      applyBucketPolicy: flags.applyBucketPolicy === true,
    },
    terminal.signal,
  );
  if (result.kind === 'refused') {
    invocation.exitCode = EXIT.no;
    if (flags.output !== 'text')
      printDocument(terminal, { kind: 'Publication', published: false, problems: result.problems }, flags.output);
    else for (const { path, message } of result.problems) terminal.err(`${terminal.symbols.no} ${path}: ${message}\n`);
    return;
  }
  const { where, written, added, removed, documents, bucketPolicy } = result;
  if (flags.output !== 'text') {
    const keys = documents.keys.map(({ kid }) => kid);
    printDocument(
      terminal,
      {
        kind: 'Publication',
        published: true,
        issuer,
        where,
        jwksUri: documents.jwksUri,
        keys,
        written,
        added,
        removed,
        ...(bucketPolicy === undefined ? {} : { bucketPolicy: JSON.parse(bucketPolicy.text), bucketPolicyApplied: bucketPolicy.applied }),
      },
      flags.output,
    );
    return;
  }
  terminal.out(`${written.length === 0 ? 'unchanged' : `wrote ${written.join(', ')}`} at ${where}\n`);
  for (const { kid, alg } of documents.keys) terminal.out(`key ${kid} ${alg}${added.includes(kid) ? ' (new)' : ''}\n`);
  for (const kid of removed) terminal.out(`key ${kid} is gone\n`);
  if (bucketPolicy?.applied === false) {
    terminal.out(`\nthe bucket needs this policy, and its Block Public Access must allow it:\n${bucketPolicy.text}`);
    terminal.err('next: the same command with --apply-bucket-policy, which keeps the statements that are there\n');
  } else terminal.err(`next: podrole issuer verify ${issuer}\n`);
}
