import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { PodroleError } from '../../base/errors.ts';
import { systemClock } from '../../host/system-clock.ts';
import { decodeToken } from '../../oidc/decode-token.ts';
import { type ClusterAccess, connectCluster } from '../cluster-connection.ts';
import { removeAwsCliSession } from './aws-cli-cache.ts';
import { childEnvironment, regionOfIssuer } from './child-environment.ts';
import type { ExecIdentity, IdentityOverrides } from './exec-identity.ts';
import type { IdentityArgument } from './identity-argument.ts';
import { issueToken, resolveIdentity } from './resolve-identity.ts';
import { runChild, type TakeSignals } from './run-child.ts';
import { openTokenFolder } from './token-folder.ts';
import { keepToken } from './token-keeper.ts';

export type { TakeSignals } from './run-child.ts';

export interface ExecOptions extends IdentityOverrides {
  readonly identity: IdentityArgument;
  readonly command: readonly [string, ...string[]];
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly cluster: Omit<ClusterAccess, 'userAgent'>;
  readonly terminal: boolean;
  readonly takeSignals: TakeSignals;
  /** Told what the user should know, one line each; never a token. */
  readonly onNote: (note: string) => void;
  readonly onReady?: (identity: ExecIdentity) => void;
  readonly clock?: Clock;
}

/**
 * Runs a command as a service account: a token of it in a folder of its own, replaced at 80 % of its life, and an environment that leads
 * every SDK there and nowhere else. Answers the command's exit code. When it ends, token and folder are gone.
 * Rejects as `connectCluster`, `resolveIdentity`, `issueToken` and `runChild`.
 */
export async function runExec(options: ExecOptions, signal: AbortSignal): Promise<number> {
  const { cluster, identity: argument, command } = options;
  const clock = options.clock ?? systemClock();
  const { client } = await connectCluster({ ...cluster, userAgent: 'podrole-exec' });
  const over = new AbortController();
  const folder = await openTokenFolder(cluster.env);
  let env: Readonly<Record<string, string>> | undefined;
  try {
    const identity = await resolveIdentity(client, argument, options, signal);
    for (const note of identity.notes) options.onNote(note);
    const token = await keepToken(
      {
        issue: (stop) => issueToken(client, identity, stop),
        write: folder.write,
        clock,
        onFailure: options.onNote,
      },
      AbortSignal.any([over.signal, signal]),
    );
    const decoded = decodeToken(token);
    const issuer = decoded.ok ? decoded.token.claims.iss : undefined;
    env = childEnvironment({
      identity,
      own: cluster.env,
      tokenFile: folder.tokenFile,
      emptyFile: folder.emptyFile,
      sessionName: sessionName(identity),
      region: options.region,
      issuerRegion: typeof issuer === 'string' ? regionOfIssuer(issuer) : undefined,
      endpoint: options.endpoint,
    });
    if (env.AWS_REGION === undefined) options.onNote('no region is known, and some SDKs need one: --region REGION');
    // A session of the same name from an earlier run is somebody else's.
    await removeAwsCliSession(env);
    options.onReady?.(identity);
    const [program, ...args] = command;
    if (signal.aborted) throw new PodroleError('stopped before the command began', { code: 'interrupted', cause: signal.reason });
    return await runChild({ command: program, args, env, takeSignals: options.takeSignals, terminal: options.terminal });
  } finally {
    over.abort();
    client.close();
    await folder.remove();
    if (env !== undefined) await removeAwsCliSession(env);
  }
}

/** One of its own for each run, so that nothing that caches sessions by role and name takes one run's for another's. */
function sessionName({ serviceAccount: { namespace, name } }: ExecIdentity): string {
  const unique = `-${randomBytes(4).toString('hex')}`;
  return `${`${name}.${namespace}`.slice(0, 64 - unique.length)}${unique}`;
}
