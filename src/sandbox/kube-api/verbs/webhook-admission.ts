import type { KubeObject } from '../../../kube/core/object.ts';
import { admit } from '../admission/admit.ts';
import type { AdmissionAttributes, EquivalentResource } from '../admission/attributes.ts';
import type { CallWebhook } from '../admission/webhook-call.ts';
import type { ApiRequest } from '../context.ts';
import { behaviourOf } from '../kinds/kinds.ts';
import { readObject } from '../resources/canonical.ts';
import { apiVersionOfType } from '../resources/resource-type.ts';
import { Refusal } from '../status/refusal.ts';
import type { AdmissionPlugin, Attributes } from './admission-chain.ts';

const BUCKETS = {
  mutating: 'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  validating: 'validatingwebhookconfigurations.admissionregistration.k8s.io',
} as const;

/** The webhooks of one phase, as they are configured at the time of the request. */
export function webhookAdmission(phase: keyof typeof BUCKETS, call: CallWebhook): AdmissionPlugin {
  return async (attributes) => {
    const { context, request, namespace } = attributes.call;
    const configurations = context.store.list(BUCKETS[phase]).map((entry) => entry.object);
    if (configurations.length === 0) return { object: attributes.object, warnings: [] };
    const outcome = await admit(
      {
        configurations,
        attributes: toAdmission(attributes),
        object: attributes.object,
        oldObject: attributes.oldObject,
        namespaceLabels: (namespace === undefined ? undefined : context.store.get('namespaces', namespace)?.metadata.labels) ?? {},
        call,
        newId: context.newId,
        equivalents: equivalents(attributes.call),
        read: (patched) => readPatched(attributes.call, patched),
      },
      request.signal,
    );
    if (!outcome.ok) throw new Refusal(outcome.status, outcome.warnings);
    return { object: outcome.object, warnings: outcome.warnings };
  };
}

function toAdmission({ call, operation, object, oldObject, options }: Attributes): AdmissionAttributes {
  const { type, namespace, subresource, user } = call;
  const name = (object ?? oldObject)?.metadata.name ?? call.name;
  return {
    kind: { group: type.group, version: type.version, kind: type.kind },
    resource: { group: type.group, version: type.version, resource: type.plural },
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name ? { name } : {}),
    operation,
    userInfo: {
      username: user.username,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    },
    dryRun: options.dryRun,
    options: {
      kind: options.kind,
      apiVersion: 'meta.k8s.io/v1',
      ...(options.dryRun ? { dryRun: ['All'] } : {}),
      ...(options.givenFieldManager === undefined ? {} : { fieldManager: options.givenFieldManager }),
      ...(options.givenFieldValidation === undefined ? {} : { fieldValidation: options.givenFieldValidation }),
    },
  };
}

/** The other versions and groups of the same objects. */
function equivalents({ context, type }: ApiRequest): readonly EquivalentResource[] {
  return context.registry
    .all()
    .filter((other) => other.bucket === type.bucket && other !== type)
    .map(({ group, version, plural, kind }) => ({ resource: { group, version, resource: plural }, kind: { group, version, kind } }));
}

function readPatched(
  { type, context }: ApiRequest,
  patched: Readonly<Record<string, unknown>>,
): { readonly ok: true; readonly object: KubeObject } | { readonly ok: false; readonly message: string } {
  const read = readObject(type, { ...patched, kind: type.kind, apiVersion: apiVersionOfType(type) });
  if (!read.ok) return read;
  return { ok: true, object: behaviourOf(type.bucket).defaults?.(read.object, context) ?? read.object };
}
