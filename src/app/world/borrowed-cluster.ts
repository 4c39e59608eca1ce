import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { messageOf, PodroleError } from '../../base/errors.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { type Resource, resources } from '../../kube/core/resource.ts';
import { shippedCrds } from '../crds.ts';
import { PROFILES } from '../walk/walk-world.ts';
import { claimCluster, releaseClaim } from './cluster-claim.ts';
import { deleteExactly, type Exactly, releaseFinalizers, untilGone } from './exact-delete.ts';
import { patientList } from './patient-list.ts';
import { isAlreadyThere, marked, markingClient, runOf } from './run-mark.ts';

/** An existing cluster for the time of a run. What was made in it goes in two parts: first what the controller must still see go. */
export interface BorrowedCluster {
  /** What a walk that was killed had left and this one removed, as `kind/name`. */
  readonly swept: readonly string[];
  /** The client of whoever makes Profiles and namespaces for the walk: they are known by it as the walk's own. */
  own(client: KubeClient): KubeClient;
  /**
   * Deletes the walk's Profiles and waits until they and their namespaces are gone. To be called while the controller runs. Rejects with
   * `cluster-not-clean` where somebody else has made a Profile meanwhile: it is left alone, its finalizers and namespace too.
   */
  deleteProfiles(): Promise<void>;
  /** Deletes everything else that the run made, its claim last. Rejects with `cluster-not-clean`, which names what is left. */
  giveBack(): Promise<void>;
}

type IsOwn = (object: KubeObject) => boolean;

/** A namespace of a real cluster is gone some seconds after its content, and its garbage collector learns of a new kind within half a minute. */
const PATIENCE_MS = 60_000;
/** Namespaces that the walk makes under these very names. */
const NAMESPACES: readonly string[] = ['kubeflow', ...PROFILES];

/**
 * Claims a cluster for a run, removes what a killed run left in it, and installs the Profile CRD unless it has it. Rejects as
 * `claimCluster`, and with `cluster-occupied` where the run would change or delete what is not its own: a Profile of any name, or a
 * namespace that the walk makes. Nothing of this run is left then.
 */
export async function borrowCluster(given: KubeClient, clock: Clock): Promise<BorrowedCluster> {
  const client = patientList(given, clock);
  const run = randomUUID();
  const claim = await claimCluster(client, run);
  const wait = { clock, patienceMs: PATIENCE_MS };
  const isOwn: IsOwn = (object) => runOf(object) === run;
  const giveBack = async (): Promise<void> => {
    try {
      await clear(client, isOwn, wait);
    } finally {
      await releaseClaim(client, claim);
    }
  };
  try {
    // Only the holder of the claim makes marked objects: with the claim in hand, whatever bears a mark is of a run that was killed.
    const swept = await sweep(client, wait);
    await refuseOccupied(client);
    await installCrds(client, run);
    return { swept, own: (of) => markingClient(of, run), deleteProfiles: () => deleteProfiles(client, isOwn, wait), giveBack };
  } catch (error) {
    await giveBack();
    throw error;
  }
}

const text = ({ resource, name }: Exactly): string => `${resource.kind.toLowerCase()}/${name}`;

const exactly = (resource: Resource, { metadata }: KubeObject): Exactly => ({
  resource,
  name: metadata.name ?? '',
  uid: metadata.uid ?? '',
});

async function installCrds(client: KubeClient, run: string): Promise<void> {
  for (const crd of await shippedCrds()) {
    await client
      .create(resources.customResourceDefinitions, marked(crd, run), { fieldManager: 'podrole-setup' })
      .catch((error: unknown) => {
        if (!isAlreadyThere(error)) throw error;
      });
  }
}

/** None where the CRD is absent. */
async function profilesOf(client: KubeClient): Promise<readonly KubeObject[]> {
  try {
    return (await client.list(resources.profiles, {})).items;
  } catch (error) {
    if (error instanceof KubeApiError && error.httpStatus === 404) return [];
    throw error;
  }
}

async function refuseOccupied(client: KubeClient): Promise<void> {
  const [profiles, namespaces] = await Promise.all([profilesOf(client), client.list(resources.namespaces, {})]);
  const there = namespaces.items.map(({ metadata }) => metadata.name ?? '');
  const names = profiles.map(({ metadata }) => `profile/${metadata.name ?? ''}`);
  const inTheWay = [...NAMESPACES.filter((name) => there.includes(name)).map((name) => `namespace/${name}`), ...names];
  if (inTheWay.length === 0) return;
  throw new PodroleError(`the cluster already has ${inTheWay.join(', ')}, which the walk would change and delete`, {
    code: 'cluster-occupied',
    hint:
      names.length > 0
        ? "take a cluster without Profiles: the walk's controller would give these roles of the sandbox's account, and leave them without a controller in the end"
        : 'take a cluster without these namespaces',
  });
}

interface OwnNamespaces {
  /** Made by the walk itself. */
  readonly made: readonly Exactly[];
  /** Made by the controller for one of the walk's Profiles. */
  readonly owned: readonly Exactly[];
  /** On their way out under a name of the walk: being deleted, or made for a Profile that is gone, which the garbage collector sees to. */
  readonly going: readonly Exactly[];
}

async function ownNamespaces(client: KubeClient, isOwn: IsOwn): Promise<OwnNamespaces> {
  const [profiles, namespaces] = await Promise.all([profilesOf(client), client.list(resources.namespaces, {})]);
  const uids = (of: readonly KubeObject[]): ReadonlySet<string> => new Set(of.map(({ metadata }) => metadata.uid ?? ''));
  const [live, ours] = [uids(profiles), uids(profiles.filter(isOwn))];
  const isMadeFor = ({ metadata }: KubeObject, test: (uid: string) => boolean): boolean =>
    (metadata.ownerReferences ?? []).some(({ kind, uid }) => kind === resources.profiles.kind && test(uid));
  const which = (test: IsOwn): readonly Exactly[] => namespaces.items.filter(test).map((one) => exactly(resources.namespaces, one));
  return {
    made: which(isOwn),
    owned: which((namespace) => isMadeFor(namespace, (uid) => ours.has(uid))),
    going: which(
      (namespace) =>
        NAMESPACES.includes(namespace.metadata.name ?? '') &&
        (namespace.metadata.deletionTimestamp !== undefined || isMadeFor(namespace, (uid) => !live.has(uid))),
    ),
  };
}

interface Wait {
  readonly clock: Clock;
  readonly patienceMs: number;
}

/** Removes whatever bears a mark. Its controller is gone: nobody else takes the finalizers off its Profiles. */
async function sweep(client: KubeClient, wait: Wait): Promise<readonly string[]> {
  const isMarked: IsOwn = (object) => runOf(object) !== undefined;
  const profiles = (await profilesOf(client)).filter(isMarked).map((one) => exactly(resources.profiles, one));
  const { owned } = await ownNamespaces(client, isMarked);
  await Promise.all(profiles.map((one) => deleteExactly(client, one)));
  await Promise.all(profiles.map((one) => releaseFinalizers(client, one)));
  await Promise.all(owned.map((one) => deleteExactly(client, one)));
  const rest = await clear(client, isMarked, wait);
  return [...profiles, ...owned, ...rest].map(text);
}

async function deleteProfiles(client: KubeClient, isOwn: IsOwn, wait: Wait): Promise<void> {
  const profiles = (await profilesOf(client)).filter(isOwn).map((one) => exactly(resources.profiles, one));
  const { owned, going } = await ownNamespaces(client, isOwn);
  await Promise.all(profiles.map((one) => deleteExactly(client, one)));
  const left = await untilGone(client, [...profiles, ...owned, ...going], wait);
  // The controller did not let go of them: its finalizer must not hold the cluster's owner up.
  const held = left.filter(({ resource }) => resource === resources.profiles);
  await Promise.all(held.map((one) => releaseFinalizers(client, one)));
  const foreign = (await profilesOf(client)).filter((one) => !isOwn(one)).map(({ metadata }) => metadata.name ?? '');
  if (foreign.length === 0) return;
  throw new PodroleError(`somebody made profile ${foreign.join(', ')} in the cluster meanwhile; nobody reconciles it any more`, {
    code: 'cluster-not-clean',
    hint: `if it is yours to remove: ${foreign
      .map((name) => `kubectl patch profile ${name} --type=merge -p '{"metadata":{"finalizers":null}}' && kubectl delete profile ${name}`)
      .join(' && ')}`,
  });
}

/** Deletes own namespaces and the own CRD, and waits; answers what it deleted. A CRD goes with everything of its kind: not while somebody's is there. */
async function clear(client: KubeClient, isOwn: IsOwn, wait: Wait): Promise<readonly Exactly[]> {
  let made: readonly Exactly[] = [];
  try {
    const namespaces = await ownNamespaces(client, isOwn);
    const foreign = (await profilesOf(client)).filter((one) => !isOwn(one));
    const crds = foreign.length > 0 ? [] : (await client.list(resources.customResourceDefinitions, {})).items.filter(isOwn);
    made = [...namespaces.made, ...namespaces.owned, ...crds.map((one) => exactly(resources.customResourceDefinitions, one))];
    await Promise.all(made.map((one) => deleteExactly(client, one)));
    const left = await untilGone(client, [...made, ...namespaces.going], wait);
    if (left.length > 0) throw new Error(`${left.map(text).join(', ')} ${left.length === 1 ? 'was' : 'were'} deleted, but still there`);
    return made;
  } catch (error) {
    throw new PodroleError(`the cluster may still hold things of a walk: ${messageOf(error)}`, {
      code: 'cluster-not-clean',
      hint:
        made.length > 0
          ? `the next podrole up on this cluster tries again; by hand: kubectl delete --ignore-not-found ${made.map(text).join(' ')}`
          : 'the next podrole up on this cluster tries again',
      cause: error,
    });
  }
}
