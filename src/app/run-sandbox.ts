import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createIamRoles } from '../aws/iam-roles.ts';
import { PodroleError } from '../base/errors.ts';
import { resources } from '../kube/core/resource.ts';
import { ROLE_ANNOTATION } from '../setup/gather.ts';
import { type Embedded, type EmbeddedOptions, openEmbedded } from './embedded.ts';
import { ended } from './ended.ts';
import { packageRoot } from './package-root.ts';
import { planWith, readKfDef, setupPorts } from './run-setup.ts';
import type { Sandbox } from './sandbox.ts';
import { createProfile } from './walk/manifests.ts';
import { until } from './walk/observe.ts';
import { subject, subjectsOf } from './walk/step-profiles.ts';
import { PROFILES, USER_ROLE, userRoleArn } from './walk/walk-world.ts';

export type { Fault } from '../sandbox/aws/faults.ts';
export { type IssuerAddresses, readIssuerAddresses } from './issuer-addresses.ts';

export interface RunSandboxOptions extends EmbeddedOptions {
  /** Setup, webhook, controller and the seed's profiles from the start. */
  readonly seed: boolean;
}

/** What a client needs to know; printed as it is. */
export interface SandboxFacts {
  readonly endpoint: string;
  readonly kubeconfig: string;
  readonly issuer: string;
  readonly issuerCa: string;
  readonly issuerResolve: string;
  readonly decisionsTokenFile: string;
  readonly account: string;
  readonly region: string;
  readonly cluster: string;
  /** ARN that user-a's service account may assume; only with the seed. */
  readonly role?: string;
  /** File of a token of user-a's service account that lives 24 hours; only with the seed. */
  readonly tokenFile?: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface RunningSandbox {
  readonly facts: SandboxFacts;
  /** Resolves when the signal aborts. */
  ended(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const TOKEN_SECONDS = 86_400;
const WAIT_MS = 20_000;

/** Starts a sandbox for others to use. Rejects as `openEmbedded`, or with `not-observed` when the seed does not come up. */
export async function runSandbox(options: RunSandboxOptions, signal: AbortSignal): Promise<RunningSandbox> {
  const embedded = await openEmbedded(options);
  try {
    if (options.seed) await plantSeed(embedded, signal);
    const identity = options.seed ? await userIdentity(embedded, signal) : undefined;
    return { facts: sandboxFacts(embedded.sandbox, identity), ended, close: embedded.close };
  } catch (error) {
    await embedded.close();
    throw error;
  }
}

/** The environment by which any client finds the sandbox. Both STS names, as the Go SDK reads the second one only. */
export function sandboxFacts(sandbox: Sandbox, identity: { readonly role: string; readonly tokenFile: string } | undefined): SandboxFacts {
  return {
    endpoint: sandbox.awsEndpoint,
    kubeconfig: sandbox.kubeconfig,
    issuer: sandbox.issuer,
    issuerCa: sandbox.caFile,
    issuerResolve: sandbox.issuerResolve,
    decisionsTokenFile: sandbox.decisionsTokenFile,
    account: sandbox.account,
    region: sandbox.region,
    cluster: sandbox.cluster,
    ...identity,
    env: {
      KUBECONFIG: sandbox.kubeconfig,
      AWS_ENDPOINT_URL: sandbox.awsEndpoint,
      AWS_ENDPOINT_URL_STS: sandbox.awsEndpoint,
      AWS_REGION: sandbox.region,
      AWS_DEFAULT_REGION: sandbox.region,
      AWS_EC2_METADATA_DISABLED: 'true',
      PODROLE_SANDBOX_TOKEN_FILE: sandbox.decisionsTokenFile,
      ...(sandbox.awsEndpoint.startsWith('https:') ? { AWS_CA_BUNDLE: sandbox.caFile, NODE_EXTRA_CA_CERTS: sandbox.caFile } : {}),
      ...(identity === undefined ? {} : { AWS_ROLE_ARN: identity.role, AWS_WEB_IDENTITY_TOKEN_FILE: identity.tokenFile }),
    },
  };
}

async function plantSeed(embedded: Embedded, signal: AbortSignal): Promise<void> {
  const { sandbox } = embedded;
  const kube = embedded.own(sandbox.kubeClient('podrole-setup'));
  const read = readKfDef(await readFile(join(packageRoot(), 'examples/kfctl_aws.yaml'), 'utf8'), { cluster: sandbox.cluster });
  if (!read.ok) throw new PodroleError('the shipped example is not a setup', { code: 'example-invalid' });
  const setup = await planWith({ request: read.request, region: sandbox.region }, setupPorts(sandbox.adminTarget, kube), signal);
  await setup.apply(() => undefined, signal);
  await embedded.startServers(signal);
  for (const profile of PROFILES) {
    // A sandbox that was kept has them.
    if ((await kube.find(resources.profiles, { name: profile }, signal)) === undefined)
      await createProfile(kube, { profile, sandbox }, signal);
  }
}

/** Waits until user-a's service account is trusted, and writes a token of it: the identity that the printed environment stands for. */
export async function userIdentity(
  embedded: Embedded,
  signal: AbortSignal,
): Promise<{ readonly role: string; readonly tokenFile: string }> {
  const { sandbox, clock } = embedded;
  const kube = sandbox.kubeClient('podrole-setup');
  const account = { namespace: 'user-a', name: 'default-editor' };
  const roles = createIamRoles(sandbox.adminTarget);
  await until(
    clock,
    {
      what: `${subject('user-a')}, annotated, in the trust policy of ${USER_ROLE(sandbox.cluster)}`,
      ms: WAIT_MS,
      look: async () => {
        const [role, found] = await Promise.all([
          roles.get(USER_ROLE(sandbox.cluster), signal),
          kube.find(resources.serviceAccounts, account, signal),
        ]);
        const subjects = subjectsOf(role?.trustPolicy ?? '{}', sandbox.issuer);
        const annotated = found?.metadata.annotations?.[ROLE_ANNOTATION] === userRoleArn(sandbox);
        if (annotated && subjects.includes(subject('user-a'))) return { found: true };
        return { seen: `${annotated ? 'annotated' : 'not annotated'}; ${subjects.join(', ') || 'no subject'}` };
      },
    },
    signal,
  );
  const { token } = await kube.createToken(account, { audiences: ['sts.amazonaws.com'], expirationSeconds: TOKEN_SECONDS }, signal);
  return { role: userRoleArn(sandbox), tokenFile: await sandbox.writeSecretFile('user-a.token', token) };
}
