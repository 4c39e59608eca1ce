import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createIamPolicies } from '../aws/iam-policies.ts';
import { createIamProviders } from '../aws/iam-providers.ts';
import { createIamRoles } from '../aws/iam-roles.ts';
import { createS3Objects } from '../aws/s3-objects.ts';
import { Kubelet } from '../sandbox/kubelet/kubelet.ts';
import { type Embedded, type EmbeddedOptions, openEmbedded } from './embedded.ts';
import { ended } from './ended.ts';
import { kubeletApi } from './kubelet-api.ts';
import { packageRoot } from './package-root.ts';
import { sandboxFacts, userIdentity } from './run-sandbox.ts';
import { setupPorts } from './run-setup.ts';
import { createProfile } from './walk/manifests.ts';
import { admissionStep } from './walk/step-admission.ts';
import { deletionStep } from './walk/step-deletion.ts';
import { identityStep } from './walk/step-identity.ts';
import { permissionStep } from './walk/step-permission.ts';
import { profilesStep } from './walk/step-profiles.ts';
import { setupStep } from './walk/step-setup.ts';
import { type WalkStep, walk } from './walk/walk.ts';
import { SDK_IMAGE, type WalkWorld } from './walk/walk-world.ts';

export interface UpOptions extends Omit<EmbeddedOptions, 'adminKey' | 'dataDir'> {
  /** Told once, with the milliseconds that the servers took. */
  readonly onStarted?: (ms: number) => void;
  /** Told before that what a killed walk had left in an existing cluster and was removed, as `kind/name`; not called for nothing. */
  readonly onSwept?: (what: readonly string[]) => void;
  readonly onStep: (step: WalkStep) => void;
  /** How long a step waits for what others do before it is red, in milliseconds. Default 20,000; in an existing cluster 60,000. */
  readonly patienceMs?: number;
  /** For tests: replaces a part of the walk's world. */
  readonly replace?: (world: WalkWorld) => WalkWorld;
}

export interface RunningUp {
  readonly steps: readonly WalkStep[];
  /** Whether every step was observed. */
  readonly ok: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly tries: readonly string[];
  ended(signal: AbortSignal): Promise<void>;
  /** Stops everything; rejects as `Embedded.close`. */
  close(): Promise<void>;
}

const STEPS = [setupStep, profilesStep, admissionStep, identityStep, permissionStep, deletionStep];

/**
 * Starts everything, walks the seed's page and leaves a world to try things in: the Profile user-a, once more.
 * Rejects as `openEmbedded`, or with the signal's reason; a red step is a value.
 */
export async function runUp(options: UpOptions, signal: AbortSignal): Promise<RunningUp> {
  const started = performance.now();
  const embedded = await openEmbedded({ ...options, adminKey: { accessKeyId: 'test', secretAccessKey: 'test' } });
  const { sandbox, clock } = embedded;
  let kubelet: Kubelet | undefined;
  const close = async (): Promise<void> => {
    try {
      await kubelet?.close();
    } finally {
      await embedded.close();
    }
  };
  try {
    if (embedded.swept.length > 0) options.onSwept?.(embedded.swept);
    options.onStarted?.(Math.round(performance.now() - started));
    kubelet = await openKubelet(embedded);
    const world = walkWorld(embedded, kubelet, options.patienceMs ?? patienceMs(options));
    const steps = await walk(
      STEPS,
      { world: options.replace?.(world) ?? world, monotonic: () => clock.monotonic(), onStep: options.onStep },
      signal,
    );
    const ok = steps.every((step) => step.ok);
    const identity = ok ? await userAgain(embedded, world, signal) : undefined;
    return { steps, ok, env: sandboxFacts(sandbox, identity).env, tries: tries(sandbox.cluster), ended, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The garbage collector of a real cluster learns of a new kind within half a minute. */
const patienceMs = ({ existing }: UpOptions): number => (existing === undefined ? 20_000 : 60_000);

async function openKubelet(embedded: Embedded): Promise<Kubelet> {
  const root = join(embedded.folder, 'pods');
  await mkdir(root, { mode: 0o700 });
  return new Kubelet({
    api: kubeletApi(embedded.sandbox.kubeClient('kubelet')),
    clock: embedded.clock,
    log: embedded.log,
    root,
    images: new Map([[SDK_IMAGE, [process.execPath, join(packageRoot(), 'dist/workload-aws-sdk.mjs')]]]),
    path: '/usr/local/bin:/usr/bin:/bin',
  });
}

function walkWorld(embedded: Embedded, kubelet: Kubelet, patienceMs: number): WalkWorld {
  const { sandbox } = embedded;
  const target = sandbox.adminTarget;
  return {
    sandbox,
    clock: embedded.clock,
    kubelet,
    setup: setupPorts(target, embedded.own(sandbox.kubeClient('podrole-setup'))),
    startServers: embedded.startServers,
    actor: {
      kube: embedded.own(sandbox.kubeClient('platform-engineer')),
      policies: createIamPolicies(target),
      s3: createS3Objects(target),
    },
    observer: {
      kube: sandbox.kubeClient('observer'),
      roles: createIamRoles(target),
      policies: createIamPolicies(target),
      providers: createIamProviders(target),
    },
    patienceMs,
    notes: { tokens: new Map() },
  };
}

async function userAgain(
  embedded: Embedded,
  world: WalkWorld,
  signal: AbortSignal,
): Promise<{ readonly role: string; readonly tokenFile: string }> {
  await createProfile(world.actor.kube, { profile: 'user-a', sandbox: embedded.sandbox }, signal);
  return userIdentity(embedded, signal);
}

function tries(cluster: string): readonly string[] {
  return [
    'kubectl get profiles',
    'aws sts get-caller-identity',
    `aws iam get-role --role-name kf-user-${cluster}   # AccessDenied: users may not`,
  ];
}
