import { PodroleError } from '../../base/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { resources } from '../../kube/core/resource.ts';
import { type ProcessIdentity, processState, readProcessIdentity, thisProcess } from '../process-identity.ts';
import { deleteExactly } from './exact-delete.ts';
import { isAlreadyThere, marked, runOf } from './run-mark.ts';

/** The claim of a walk on a cluster is the webhook's own configuration: it is the walk's first object there, and its last. */
const CLAIM = { resource: resources.mutatingWebhookConfigurations, name: 'pod-identity-webhook' } as const;
const HOLDER_ANNOTATION = 'podrole.dev/run-by';
const TRIES = 5;

/**
 * Claims a cluster for one walk, by a create that only one can do. The claim of a process of this machine that is gone is removed first.
 * Answers the claim's uid. Rejects with `cluster-in-use` while another walk holds the cluster or may hold it, and with `cluster-occupied`
 * where the webhook's configuration is somebody else's.
 */
export async function claimCluster(client: KubeClient, run: string): Promise<string> {
  const claim: KubeObject = marked(
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: CLAIM.name, annotations: { [HOLDER_ANNOTATION]: JSON.stringify(thisProcess()) } },
      webhooks: [],
    },
    run,
  );
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      const { metadata } = await client.create(CLAIM.resource, claim, { fieldManager: 'podrole-walk' });
      return metadata.uid ?? '';
    } catch (error) {
      if (!isAlreadyThere(error)) throw error;
    }
    const held = await client.find(CLAIM.resource, { name: CLAIM.name });
    if (held === undefined) continue;
    refuseUnlessGone(held);
    await deleteExactly(client, { ...CLAIM, uid: held.metadata.uid ?? '' });
  }
  throw new PodroleError('other walks claim the cluster at this moment', { code: 'cluster-in-use', hint: 'try again' });
}

/** Gives the claim up; nothing happens where it is another's by now. */
export async function releaseClaim(client: KubeClient, uid: string): Promise<void> {
  await deleteExactly(client, { ...CLAIM, uid });
}

function refuseUnlessGone(held: KubeObject): void {
  const holder = runOf(held) === undefined ? undefined : holderOf(held);
  const text = `mutatingwebhookconfiguration/${CLAIM.name}`;
  if (holder === undefined) {
    throw new PodroleError(`the cluster already has ${text}, which no walk of podrole made and a walk would change`, {
      code: 'cluster-occupied',
      hint: `take a cluster without a pod identity webhook; if nobody needs it: kubectl delete ${text.replace('/', ' ')}`,
    });
  }
  const state = processState(holder);
  if (state === 'gone') return;
  const by = `process ${holder.pid} of host ${holder.host}`;
  throw state === 'alive'
    ? new PodroleError(`podrole up, ${by}, walks on this cluster`, {
        code: 'cluster-in-use',
        hint: 'end it first: Ctrl-C there gives the cluster back',
      })
    : new PodroleError(`podrole up, ${by}, has claimed this cluster, and it cannot be seen from here whether it lives`, {
        code: 'cluster-in-use',
        hint: `end it there; if it is gone, run podrole up there again, which clears up after it, or: kubectl delete ${text.replace('/', ' ')}, then this again`,
      });
}

function holderOf(held: KubeObject): ProcessIdentity | undefined {
  try {
    return readProcessIdentity(JSON.parse(held.metadata.annotations?.[HOLDER_ANNOTATION] ?? ''));
  } catch {
    return undefined;
  }
}
