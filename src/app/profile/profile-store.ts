import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { resources } from '../../kube/core/resource.ts';
import { listAll } from '../../kube/runtime/list-all.ts';
import type { ReadonlyStore } from '../../kube/runtime/store.ts';
import { compactProfile } from '../../profile/compact-object.ts';
import type { ProfileStore } from '../../profile/ports.ts';
import { FIELD_MANAGER, nameOf, type Profile } from '../../profile/profile.ts';

const MANAGER = { fieldManager: FIELD_MANAGER };
const PROFILES = resources.profiles;

/** The HTTP status of a refusal; rethrows what is none. */
export function refusedAs(error: unknown): number {
  if (error instanceof KubeApiError) return error.httpStatus;
  throw error;
}

/** Profiles over the informer's copy and the client's wire. */
export function profileStore(client: KubeClient, copy: ReadonlyStore<Profile>): ProfileStore {
  /** A merge patch that carries uid and resourceVersion is conditional on both (409 otherwise). */
  const setFinalizers = async (profile: Profile, finalizers: readonly string[], signal: AbortSignal): Promise<Profile> => {
    const { uid, resourceVersion } = profile.metadata;
    const patch = { metadata: { uid, resourceVersion, finalizers } };
    return compactProfile(await client.mergePatch<Profile>(PROFILES, { name: nameOf(profile) }, patch, MANAGER, signal));
  };
  return {
    list: () => [...copy.values()],
    get: (name) => copy.get(name),
    read: async (name, signal) => {
      const found = await client.find<Profile>(PROFILES, { name }, signal);
      return found === undefined ? undefined : compactProfile(found);
    },
    readAll: async (signal) => (await listAll<Profile>(client, PROFILES, { each: compactProfile }, signal)).items,
    addFinalizer: async (profile, finalizer, signal) => {
      try {
        return await setFinalizers(profile, [...(profile.metadata.finalizers ?? []), finalizer], signal);
      } catch (error) {
        // 404 gone, 409 changed meanwhile, 422 being deleted: decide again from a newer state.
        if ([404, 409, 422].includes(refusedAs(error))) return undefined;
        throw error;
      }
    },
    removeFinalizers: async (profile, finalizers, signal) => {
      try {
        await setFinalizers(
          profile,
          (profile.metadata.finalizers ?? []).filter((name) => !finalizers.includes(name)),
          signal,
        );
        return 'removed';
      } catch (error) {
        const status = refusedAs(error);
        if (status === 404) return 'gone';
        if (status === 409) return 'conflict';
        throw error;
      }
    },
    applyStatus: async (profile, status, signal) => {
      const { resourceVersion } = profile.metadata;
      // A status write ignores the uid it carries; the version alone keeps it off another profile of this name.
      const metadata = { name: nameOf(profile), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
      const object: KubeObject = { apiVersion: 'kubeflow.org/v1', kind: 'Profile', metadata, status };
      try {
        return compactProfile(
          (await client.apply(PROFILES, object, { ...MANAGER, force: true, subresource: 'status' }, signal)) as Profile,
        );
      } catch (error) {
        // 409: changed meanwhile, or another profile of this name by now: its event brings another round.
        if ([404, 409].includes(refusedAs(error))) return undefined;
        throw error;
      }
    },
  };
}
