import { resources } from '../kube/core/resource.ts';
import { openEmbedded } from './embedded.ts';
import { type SandboxFacts, sandboxFacts } from './run-sandbox.ts';
import type { Sandbox } from './sandbox.ts';
import { makeSigningKeysAhead } from './world/signing-keys.ts';

export type { SandboxAws } from '../sandbox/aws/create-aws.ts';
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

export interface ServiceAccountTokenOptions {
  /** Default `sts.amazonaws.com`. */
  readonly audience?: string;
  /** Seconds, at least 600. Default 3,600. */
  readonly expirationSeconds?: number;
}

/** A cluster and an AWS account on loopback, for a test of one's own. */
export interface StartedSandbox extends SandboxFacts {
  /** What STS and the account judged, and why. */
  readonly decisions: Sandbox['aws']['decisions'];
  /** What goes wrong on purpose, and when changes take effect; STS, IAM, EKS and S3 without a socket. */
  readonly aws: Sandbox['aws'];
  /** Keys of the account's administrator. */
  readonly adminKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /**
   * A token of a service account, as a pod of it would hold; namespace and account are made where they are missing.
   * Rejects with what the Kubernetes API refuses.
   */
  serviceAccountToken(
    account: { readonly namespace: string; readonly name: string },
    options?: ServiceAccountTokenOptions,
  ): Promise<string>;
  /** Stops every listener and removes the sandbox's folder; twice is fine. */
  close(): Promise<void>;
}

/** Starts a sandbox in this process: a fresh world each time, the second and later ones in well under 100 ms. Rejects with `sandbox-not-started`, with nothing left listening. */
export async function startSandbox(options: StartSandboxOptions = {}): Promise<StartedSandbox> {
  const adminKey = options.adminKey ?? { accessKeyId: 'test', secretAccessKey: 'test' };
  const { sandbox, close } = await openEmbedded({
    account: options.account ?? '111122223333',
    region: options.region ?? 'us-west-2',
    cluster: options.cluster ?? 'demo',
    adminKey,
    port: options.port ?? 0,
    awsTls: false,
    logTo: undefined,
    dataDir: options.dataDir,
  });
  makeSigningKeysAhead();
  return {
    ...sandboxFacts(sandbox, undefined),
    decisions: sandbox.aws.decisions,
    aws: sandbox.aws,
    adminKey,
    serviceAccountToken: (account, asked) => serviceAccountToken(sandbox, account, asked),
    close,
  };
}

async function serviceAccountToken(
  sandbox: Sandbox,
  account: { readonly namespace: string; readonly name: string },
  { audience = 'sts.amazonaws.com', expirationSeconds = 3_600 }: ServiceAccountTokenOptions = {},
): Promise<string> {
  const kube = sandbox.kubeClient('podrole-sandbox');
  const { namespace, name } = account;
  if ((await kube.find(resources.namespaces, { name: namespace })) === undefined)
    await kube.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  if ((await kube.find(resources.serviceAccounts, account)) === undefined)
    await kube.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } });
  return (await kube.createToken(account, { audiences: [audience], expirationSeconds })).token;
}
