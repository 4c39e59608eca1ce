import { type Clock, sleep } from '../../base/clock.ts';
import { messageOf, PodroleError } from '../../base/errors.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { type Resource, resources } from '../../kube/core/resource.ts';
import { installCrds } from '../crds.ts';
import { PROFILES } from '../walk/walk-world.ts';

/** An existing cluster for the time of a run. What was made in it goes in two parts: first what the controller must still see go. */
export interface BorrowedCluster {
  /**
   * Deletes the walk's Profiles and waits until they and their namespaces are gone. To be called while the controller runs. Rejects with
   * `cluster-not-clean` where somebody else has made a Profile meanwhile: it is left alone, its finalizers and namespace too.
   */
  deleteProfiles(): Promise<void>;
  /** Deletes everything else that the run made. Rejects with `cluster-not-clean`, which names what is left. */
  giveBack(): Promise<void>;
}

interface Named {
  readonly resource: Resource;
  readonly name: string;
}

const PROFILES_CRD = 'profiles.kubeflow.org';
/** A namespace of a real cluster is gone some seconds after its content. */
const PATIENCE_MS = 30_000;
const POLL_MS = 100;

/** What a run makes under these very names; none of them was there before. */
const MADE: readonly Named[] = [
  { resource: resources.mutatingWebhookConfigurations, name: 'pod-identity-webhook' },
  ...['kubeflow', ...PROFILES].map((name) => ({ resource: resources.namespaces, name })),
];

/**
 * Takes a cluster for a run, and installs the Profile CRD unless it has it. Rejects with `cluster-occupied` where the run would change or
 * delete what is not its own: a Profile of any name, or a namespace or webhook that the walk makes.
 */
export async function borrowCluster(client: KubeClient, clock: Clock): Promise<BorrowedCluster> {
  const crd = { resource: resources.customResourceDefinitions, name: PROFILES_CRD };
  const [hadCrd, ...occupied] = await Promise.all([crd, ...MADE].map((one) => isThere(client, one)));
  const before = MADE.filter((_, index) => occupied[index] === true).map(text);
  const profiles = hadCrd === true ? await profileNames(client) : [];
  const inTheWay = [...before, ...profiles.map((name) => `profile/${name}`)];
  if (inTheWay.length > 0) {
    throw new PodroleError(`the cluster already has ${inTheWay.join(', ')}, which the walk would change and delete`, {
      code: 'cluster-occupied',
      hint: `take an empty cluster, or, if they are left over from a walk that was killed: ${remedy(profiles, inTheWay)}`,
    });
  }
  const made = [...MADE, ...(hadCrd === true ? [] : [crd])];
  if (hadCrd !== true) {
    await installCrds(client).catch(async (error: unknown) => {
      // Nothing else of this run is there yet.
      await giveBack(client, clock, [crd]);
      throw error;
    });
  }
  return {
    deleteProfiles: () => deleteProfiles(client, clock),
    giveBack: async () => {
      // A CRD goes with everything of its kind: not while somebody else's is there.
      const foreign = await foreignProfiles(client);
      await giveBack(client, clock, foreign.length > 0 ? MADE : made);
    },
  };
}

const text = ({ resource, name }: Named): string => `${resource.kind.toLowerCase()}/${name}`;

async function isThere(client: KubeClient, { resource, name }: Named): Promise<boolean> {
  return (await client.find(resource, { name })) !== undefined;
}

/** None where the CRD is gone. */
async function profileNames(client: KubeClient): Promise<readonly string[]> {
  try {
    return (await client.list(resources.profiles, {})).items.map(({ metadata }) => metadata.name ?? '');
  } catch (error) {
    if (error instanceof KubeApiError && error.httpStatus === 404) return [];
    throw error;
  }
}

const foreignProfiles = async (client: KubeClient): Promise<readonly string[]> =>
  (await profileNames(client)).filter((name) => !(PROFILES as readonly string[]).includes(name));

/** How to remove what a killed walk left: its controller is gone, so its finalizer would hold the Profiles for ever. */
function remedy(profiles: readonly string[], all: readonly string[]): string {
  const patches = profiles.map((name) => `kubectl patch profile ${name} --type=merge -p '{"metadata":{"finalizers":null}}'`);
  return [...patches, `kubectl delete ${all.join(' ')}`].join(' && ');
}

async function deleteProfiles(client: KubeClient, clock: Clock): Promise<void> {
  await Promise.all(PROFILES.map((name) => deleteIfThere(client, { resource: resources.profiles, name })));
  const left = await untilGone(
    client,
    clock,
    PROFILES.flatMap((name) => [
      { resource: resources.profiles, name },
      { resource: resources.namespaces, name },
    ]),
  );
  // The controller did not let go of them: its finalizer must not hold the cluster's owner up.
  for (const { resource, name } of left) {
    if (resource !== resources.profiles) continue;
    await client.mergePatch(resource, { name }, { metadata: { finalizers: null } }, { fieldManager: 'podrole-setup' }).catch(ifGone);
  }
  const foreign = await foreignProfiles(client);
  if (foreign.length > 0) {
    throw new PodroleError(`somebody made profile ${foreign.join(', ')} in the cluster meanwhile; nobody reconciles it any more`, {
      code: 'cluster-not-clean',
      hint: `if it is yours to remove: ${remedy(
        foreign,
        foreign.map((name) => `profile/${name}`),
      )}`,
    });
  }
}

async function giveBack(client: KubeClient, clock: Clock, made: readonly Named[]): Promise<void> {
  try {
    await Promise.all(made.map((one) => deleteIfThere(client, one)));
    const left = await untilGone(client, clock, made);
    if (left.length > 0) throw new Error('they were deleted, but they are still there');
  } catch (error) {
    const names = made.map(text).join(' ');
    throw new PodroleError(`the cluster may still hold things of this run: ${messageOf(error)}`, {
      code: 'cluster-not-clean',
      hint: `kubectl delete --ignore-not-found ${names}`,
      cause: error,
    });
  }
}

async function deleteIfThere(client: KubeClient, { resource, name }: Named): Promise<void> {
  await client.delete(resource, { name }, { propagationPolicy: 'Background' }).catch(ifGone);
}

function ifGone(error: unknown): void {
  // 409: it is being deleted already.
  if (error instanceof KubeApiError && (error.httpStatus === 404 || error.httpStatus === 409)) return;
  throw error;
}

/** Waits; answers what is still there in the end. */
async function untilGone(client: KubeClient, clock: Clock, all: readonly Named[]): Promise<readonly Named[]> {
  const deadline = clock.monotonic() + PATIENCE_MS;
  let left = all;
  for (;;) {
    const still = await Promise.all(left.map((one) => isThere(client, one)));
    left = left.filter((_, index) => still[index] === true);
    if (left.length === 0 || clock.monotonic() >= deadline) return left;
    await sleep(clock, POLL_MS);
  }
}
