import { Command, Option } from 'commander';
import type { Format } from '../../document.ts';
import { printDocument } from '../../document.ts';
import type { Invocation } from '../../invocation.ts';
import { outputOption } from '../../options.ts';

/** The same list as the app's: help must not load it. */
const KINDS = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'p-256', 'p-384', 'p-521'] as const;

/** `podrole issuer keygen`. */
export function keygenCommand(invocation: Invocation): Command {
  return new Command('keygen')
    .description('make a pair of keys for service account tokens; overwrites nothing')
    .argument('<file>', 'where the private key goes, mode 0600; the public one goes to FILE.pub')
    .addOption(new Option('--kind <kind>', 'kind of key').choices(KINDS).default('rsa-2048'))
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ podrole issuer keygen sa-signer\n  $ podrole issuer keygen next --kind p-256')
    .action(async (file: string, flags: { readonly kind: (typeof KINDS)[number]; readonly output: Format }) => {
      const { terminal } = invocation;
      const { generateKeyFiles } = await import('../../../app/issuer/run-issuer.ts');
      const files = { privateFile: file, publicFile: `${file}.pub` };
      const key = await generateKeyFiles(flags.kind, files);
      if (flags.output === 'text') {
        terminal.out(
          `private key  ${files.privateFile} (mode 0600; signs tokens: keep it on the API servers alone)\npublic key   ${files.publicFile}\nkid          ${key.kid}\nalgorithm    ${key.alg}\n`,
        );
        terminal.err(`next: podrole issuer publish --issuer URL --key ${files.publicFile} --to s3://BUCKET\n`);
      } else printDocument(terminal, { kind: 'SigningKey', ...files, key }, flags.output);
    });
}
