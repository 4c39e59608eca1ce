import { openEmbedded } from './embedded.ts';
import { type SandboxFacts, sandboxFacts } from './run-sandbox.ts';
import type { Sandbox } from './sandbox.ts';
import { makeSigningKeysAhead } from './world/signing-keys.ts';

export type { Decision, DecisionFilter, DecisionLog } from '../sandbox/aws/decision-log.ts';
export type { SandboxFacts } from './run-sandbox.ts';

export interface StartSandboxOptions {
  /** Default `111122223333`. */
  readonly account?: string;
  /** Default `us-west-2`. */
  readonly region?: string;
  /** Name of the EKS cluster. Default `demo`. */
  readonly cluster?: string;
  /** Static keys of the account's administrator. Default `test`, `test`. */
  readonly adminKey?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Port of the AWS endpoint. Default: any free one. */
  readonly port?: number;
  /** A folder that keeps the sandbox between starts. Default: none. */
  readonly dataDir?: string;
}

/** A cluster and an AWS account on loopback, for a test of one's own. */
export interface StartedSandbox extends SandboxFacts {
  /** What STS and the account judged, and why. */
  readonly decisions: Sandbox['aws']['decisions'];
  /** Stops every listener and removes the sandbox's folder; twice is fine. */
  close(): Promise<void>;
}

/** Starts a sandbox in this process: a fresh world each time, the second and later ones in well under 100 ms. Rejects with `sandbox-not-started`, with nothing left listening. */
export async function startSandbox(options: StartSandboxOptions = {}): Promise<StartedSandbox> {
  const { sandbox, close } = await openEmbedded({
    account: options.account ?? '111122223333',
    region: options.region ?? 'us-west-2',
    cluster: options.cluster ?? 'demo',
    adminKey: options.adminKey ?? { accessKeyId: 'test', secretAccessKey: 'test' },
    port: options.port ?? 0,
    awsTls: false,
    logTo: undefined,
    dataDir: options.dataDir,
  });
  makeSigningKeysAhead();
  return { ...sandboxFacts(sandbox, undefined), decisions: sandbox.aws.decisions, close };
}
