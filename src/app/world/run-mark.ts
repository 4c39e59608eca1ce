import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { type Resource, resources } from '../../kube/core/resource.ts';

/** On what a walk makes in a cluster that was there before: the walk's own id. It is how the walk, or the one after a killed one, knows its own. */
const RUN_ANNOTATION = 'podrole.dev/run';
const FIELD_MANAGER = 'podrole-walk';

/** The id of the walk that made an object, if one did. */
export function runOf(object: KubeObject): string | undefined {
  return object.metadata.annotations?.[RUN_ANNOTATION];
}

/** The object with a walk's mark on it. */
export function marked<T extends KubeObject>(object: T, run: string): T {
  const { annotations } = object.metadata;
  return { ...object, metadata: { ...object.metadata, annotations: { ...annotations, [RUN_ANNOTATION]: run } } };
}

/**
 * A client that marks the Profiles and namespaces which it makes. One that is there already is not marked, also if it came a moment ago:
 * a namespace that will be applied is first created, which only one can do.
 */
export function markingClient(client: KubeClient, run: string): KubeClient {
  const isMarked = ({ plural }: Resource): boolean => plural === resources.profiles.plural || plural === resources.namespaces.plural;
  return {
    ...client,
    create: (resource, object, options, signal) =>
      client.create(resource, isMarked(resource) ? marked(object, run) : object, options, signal),
    apply: async (resource, object, options, signal) => {
      if (isMarked(resource)) {
        const bare = marked({ metadata: { name: object.metadata.name ?? '' } }, run);
        await client.create(resource, bare, { fieldManager: FIELD_MANAGER }, signal).catch(unlessThere);
      }
      return client.apply(resource, object, options, signal);
    },
  };
}

/** The server's answer to a create of what is there already. */
export const isAlreadyThere = (error: unknown): boolean => error instanceof KubeApiError && error.status.reason === 'AlreadyExists';

function unlessThere(error: unknown): void {
  if (!isAlreadyThere(error)) throw error;
}
