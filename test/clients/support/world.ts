import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Running, startPodrole } from '../../support/run-podrole.ts';
import { type Issuer, startIssuer } from './issuer.ts';

export interface Facts {
  readonly endpoint: string;
  readonly issuer: string;
  readonly account: string;
  readonly cluster: string;
  readonly role: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A sandbox as `podrole sandbox start` gives it, and the environments by which a client finds it. */
export interface World {
  readonly facts: Facts;
  readonly issuer: Issuer;
  /** As a pod of user-a: role and token file, no keys. */
  readonly podEnv: Readonly<Record<string, string>>;
  readonly adminEnv: Readonly<Record<string, string>>;
  /** Nobody: only the endpoint. */
  readonly anonymousEnv: Readonly<Record<string, string>>;
  /** Another sandbox whose STS fails the given ways, in turn; empty but for its cluster. */
  faulty(faults: readonly string[]): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const home = await mkdtemp(join(tmpdir(), 'podrole-clients-'));
  const issuer = await startIssuer(home);
  const running: Running[] = [];
  const start = async (flags: readonly string[]): Promise<Facts> => {
    const podrole = startPodrole(['sandbox', 'start', '-o', 'json', ...flags], { home });
    running.push(podrole);
    return JSON.parse(await podrole.line((line) => line.includes('"SandboxReady"'))) as Facts;
  };
  const facts = await start(['--with', 'seed', ...issuer.flags]);
  // Nothing of the developer's own; one attempt, so that every refusal is seen as it comes.
  const bare = (env: Readonly<Record<string, string>>) => ({ PATH: process.env.PATH ?? '', HOME: home, AWS_MAX_ATTEMPTS: '1', ...env });
  const withoutIdentity = ({ AWS_ROLE_ARN: _, AWS_WEB_IDENTITY_TOKEN_FILE: __, ...env }: Readonly<Record<string, string>>) => bare(env);
  return {
    facts,
    issuer,
    podEnv: bare(facts.env),
    adminEnv: { ...withoutIdentity(facts.env), AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    anonymousEnv: withoutIdentity(facts.env),
    faulty: async (faults) => bare((await start(faults.flatMap((fault) => ['--fault', fault]))).env),
    close: async () => {
      for (const { child } of running) child.kill('SIGTERM');
      await Promise.all(running.map(({ ended }) => ended));
      await issuer.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
