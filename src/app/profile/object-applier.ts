import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import type { Resource } from '../../kube/core/resource.ts';
import type { ReadonlyStore } from '../../kube/runtime/store.ts';
import { compactObject } from '../../profile/compact-object.ts';
import type { ApplyRefusal, ObjectApplier, ObjectRef } from '../../profile/ports.ts';
import { FIELD_MANAGER } from '../../profile/profile.ts';
import { refusedAs } from './profile-store.ts';

const MANAGER = { fieldManager: FIELD_MANAGER };

/** The objects of profiles' namespaces over the informers' copies (by plural) and the client's wire. A resource without a copy is not served. */
export function objectApplier(client: KubeClient, copies: ReadonlyMap<string, ReadonlyStore<KubeObject>>): ObjectApplier {
  const targetOf = (ref: ObjectRef): { readonly namespace?: string; readonly name: string } =>
    ref.namespace === undefined ? { name: ref.name } : { namespace: ref.namespace, name: ref.name };
  return {
    get: (ref) => copies.get(ref.resource.plural)?.get(ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`),
    serves: (resource) => copies.has(resource.plural),
    read: async (ref, signal) => {
      const found = await client.find(ref.resource, targetOf(ref), signal);
      return found === undefined ? undefined : compactObject(found);
    },
    apply: async (resource, object, signal) => {
      try {
        return { ok: true, object: compactObject(await client.apply(resource, object, { ...MANAGER, force: true }, signal)) };
      } catch (error) {
        if (error instanceof KubeApiError && error.httpStatus < 500 && error.httpStatus !== 429) return refusalOf(resource, error);
        throw error;
      }
    },
    delete: async (ref, signal) => {
      try {
        await client.delete(ref.resource, targetOf(ref), {}, signal);
      } catch (error) {
        if (refusedAs(error) !== 404) throw error;
      }
    },
    removeEntry: async (ref, { map, key, value }, signal) => {
      const found = await client.find(ref.resource, targetOf(ref), signal);
      if (found?.metadata[map]?.[key] !== value) return undefined;
      const patch = { metadata: { resourceVersion: found.metadata.resourceVersion, [map]: { [key]: null } } };
      try {
        return compactObject(await client.mergePatch(ref.resource, targetOf(ref), patch, MANAGER, signal));
      } catch (error) {
        // Gone meanwhile is fine; changed meanwhile is decided again by whoever asked, from what is there then.
        if (refusedAs(error) === 404) return undefined;
        throw error;
      }
    },
  };
}

function refusalOf(resource: Resource, error: KubeApiError): ApplyRefusal {
  const message = error.status.message ?? error.message;
  const terminating = error.status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') === true;
  if (error.httpStatus === 403 && terminating) return { ok: false, code: 'namespace-terminating', message };
  if (error.httpStatus === 404 && (error.status.details?.name ?? '') === '')
    return { ok: false, code: 'not-served', message: `${resource.plural} are not served: ${message}` };
  if (error.httpStatus === 422 && /immutable|cannot change roleRef/.test(message)) return { ok: false, code: 'immutable', message };
  if (error.httpStatus === 409) return { ok: false, code: 'conflict', message };
  return { ok: false, code: 'refused', message };
}
