import { Command } from 'commander';
import type { Platform, RotationResult } from '../../../app/issuer/run-rotation.ts';
import { type Format, printDocument } from '../../document.ts';
import { EXIT } from '../../exit-codes.ts';
import { readInput, readToken, UsageError } from '../../failure.ts';
import type { Invocation } from '../../invocation.ts';
import { collected, endpointOption, outputOption, regionOption } from '../../options.ts';
import { indent } from '../../text.ts';
import { API_AUDIENCES, apiAudienceOption, platformOption, rendered } from './flags.ts';
import { caOption, duration, type Resolve, resolveOption } from './options.ts';

interface RotateFlags {
  readonly state: string;
  readonly status?: boolean;
  readonly current?: string;
  readonly next?: string;
  readonly keep?: readonly string[];
  readonly to?: string;
  readonly cacheAge: number;
  readonly tokenLife: number;
  readonly cache: number;
  readonly keyFolder: string;
  readonly switched?: boolean;
  readonly token?: readonly string[];
  readonly check: boolean;
  readonly ca?: string;
  readonly resolve?: Resolve;
  readonly for: Platform;
  readonly apiAudience?: readonly string[];
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly output: Format;
}

const HELP = `
The first run begins: both keys are published. Each further run goes on as far as time allows and says what to do on the API servers:
publish, wait until every cache has the new key, switch the signer, keep the old key until its last token has ended, retire it. It may
be interrupted anywhere and run again. An early switch or an early end is refused. Exit: 0 it went on, or there is
something for you to do; 1 too early, or readers do not find the keys.

Examples:
  $ podrole issuer keygen next
  $ podrole issuer rotate --state rotation.json --current sa-signer.pub --next next.pub --to s3://my-issuer
  $ podrole issuer rotate --state rotation.json                                     an hour later, and whenever you like
  $ podrole token request sa/default:default | podrole issuer rotate --state rotation.json --token -
  $ podrole issuer rotate --state rotation.json --status`;

/** `podrole issuer rotate`. */
export function rotateCommand(invocation: Invocation): Command {
  return new Command('rotate')
    .description('exchange the signing key without a token being refused')
    .requiredOption('--state <file>', 'where the rotation is written down')
    .option('--status', 'say where it stands, and change nothing')
    .option('--current <file>', 'to begin: public key of the key that signs now')
    .option('--next <file>', 'to begin: public key of the one that shall')
    .option('--keep <file>', 'to begin: a further key that stays published; repeat it for several', collected)
    .option('--to <place>', 'to begin: where the documents are: a folder, or s3://BUCKET/PREFIX')
    .option('--cache-age <time>', 'to begin: how long any reader may keep an old key set; AWS does not say', duration, 4 * 3600)
    .option('--token-life <time>', 'to begin: the longest life of a token', duration, 86_400)
    .option('--cache <time>', 'to begin: how long the documents themselves say that they may be kept', duration, 3600)
    .option('--key-folder <folder>', 'to begin: where the API servers have the key files', '/etc/kubernetes/pki')
    .option('--switched', 'every API server signs with the new key since just now')
    .option('--token <file>', 'a fresh token that proves it; - is standard input; one of each API server', collected)
    .option('--no-check', 'do not look from outside whether readers find the keys')
    .addOption(resolveOption())
    .addOption(caOption())
    .addOption(platformOption())
    .addOption(apiAudienceOption())
    .addOption(regionOption())
    .addOption(endpointOption())
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action((flags: RotateFlags) => rotate(invocation, flags));
}

async function rotate(invocation: Invocation, flags: RotateFlags): Promise<void> {
  const { terminal } = invocation;
  const { runRotation } = await import('../../../app/issuer/run-rotation.ts');
  const tokens = [];
  for (const file of flags.token ?? []) tokens.push(await readToken(terminal, file));
  const result = await runRotation(
    {
      file: flags.state,
      target: { region: flags.region, endpoint: flags.endpointUrl },
      plan: planOf(flags),
      switched: flags.switched === true,
      tokens,
      statusOnly: flags.status === true,
      check: flags.check
        ? { ca: flags.ca === undefined ? undefined : await readInput(terminal, flags.ca), resolve: flags.resolve ?? new Map() }
        : undefined,
      platform: flags.for,
      apiAudiences: flags.apiAudience ?? API_AUDIENCES,
      now: () => new Date(),
    },
    terminal.signal,
  );
  const early = result.waits !== undefined && result.waits.reason !== 'switch-not-shown';
  if (early && !result.moved && flags.status !== true) invocation.exitCode = EXIT.no;
  if (flags.output === 'text') terminal.out(standText(result, flags.status === true));
  else printDocument(terminal, rotationDocument(result), flags.output);
}

function planOf({
  current,
  next,
  to,
  keep,
  keyFolder,
  ...flags
}: RotateFlags): Parameters<typeof import('../../../app/issuer/run-rotation.ts').runRotation>[0]['plan'] {
  if (current === undefined && next === undefined && to === undefined) return undefined;
  if (current === undefined || next === undefined || to === undefined)
    throw new UsageError('--current, --next and --to go together: they begin a rotation');
  if (flags.status === true) throw new UsageError('--status changes nothing, and these flags begin a rotation');
  const onServer = (file: string): { readonly publicFile: string; readonly publicPath: string; readonly privatePath: string } => {
    const path = `${keyFolder}/${file.replace(/^.*\//, '')}`;
    return { publicFile: file, publicPath: path, privatePath: path.replace(/\.pub$/, '') };
  };
  return {
    current: onServer(current),
    next: onServer(next),
    others: keep ?? [],
    to,
    cacheSeconds: flags.cacheAge,
    tokenSeconds: flags.tokenLife,
    maxAgeSeconds: flags.cache,
  };
}

function standText({ state, waits, guidance }: RotationResult, status: boolean): string {
  const lines = [`${state.step}: ${guidance.title}`, ...guidance.todo.map((one) => `  - ${one}`)];
  if (waits !== undefined) lines.push(`${status ? 'waits' : 'not yet'}: ${waits.message}`);
  return `${lines.join('\n')}\n${guidance.flags === undefined ? '' : `\n${indent(rendered(guidance.flags), 2)}`}`;
}

function rotationDocument({ state, waits, guidance }: RotationResult): { readonly kind: string; readonly [member: string]: unknown } {
  return {
    kind: 'Rotation',
    step: state.step,
    issuer: state.issuer,
    place: state.place,
    currentKid: state.current.key.kid,
    nextKid: state.next.key.kid,
    ...(waits === undefined
      ? {}
      : {
          waits: {
            reason: waits.reason,
            message: waits.message,
            ...(waits.until === undefined ? {} : { until: waits.until.toISOString() }),
          },
        }),
    todo: guidance.todo,
    ...(guidance.flags === undefined ? {} : { flags: guidance.flags }),
  };
}
