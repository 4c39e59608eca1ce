import { type Clock, sleep } from '../../base/clock.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Resource } from '../../kube/core/resource.ts';

/** One object of a cluster, told apart from a later one of the same name. */
export interface Exactly {
  readonly resource: Resource;
  readonly name: string;
  readonly uid: string;
}

const POLL_MS = 100;

/** Deletes this very object. One that is gone, being deleted, or another by now is left as it is. */
export async function deleteExactly(client: KubeClient, { resource, name, uid }: Exactly): Promise<void> {
  await client.delete(resource, { name }, { propagationPolicy: 'Background', preconditions: { uid } }).catch(ifNotThere);
}

/** Takes the finalizers off this very object. */
export async function releaseFinalizers(client: KubeClient, { resource, name, uid }: Exactly): Promise<void> {
  const patch = { metadata: { uid, finalizers: null } };
  await client.mergePatch(resource, { name }, patch, { fieldManager: 'podrole-walk' }).catch((error: unknown) => {
    // A uid is nothing that a patch may change: 422 means that the object is another by now.
    if (!(error instanceof KubeApiError && error.httpStatus === 422)) ifNotThere(error);
  });
}

/** Waits, up to `patienceMs`; answers what is still there in the end. */
export async function untilGone(
  client: KubeClient,
  all: readonly Exactly[],
  { clock, patienceMs }: { readonly clock: Clock; readonly patienceMs: number },
): Promise<readonly Exactly[]> {
  const deadline = clock.monotonic() + patienceMs;
  let left = all;
  for (;;) {
    const still = await Promise.all(left.map((one) => isThere(client, one)));
    left = left.filter((_, index) => still[index] === true);
    if (left.length === 0 || clock.monotonic() >= deadline) return left;
    await sleep(clock, POLL_MS);
  }
}

async function isThere(client: KubeClient, { resource, name, uid }: Exactly): Promise<boolean> {
  return (await client.find(resource, { name }))?.metadata.uid === uid;
}

function ifNotThere(error: unknown): void {
  // 409: another uid, or it is being deleted already.
  if (error instanceof KubeApiError && (error.httpStatus === 404 || error.httpStatus === 409)) return;
  throw error;
}
