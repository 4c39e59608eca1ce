import type { KubeObject } from '../../../kube/core/object.ts';
import { type AdmissionAttributes, type AdmissionUser, type Invocation, namespaceOf } from './attributes.ts';

/** The `request` of an AdmissionReview, its members in the order in which the API server writes them. */
export function reviewRequest(review: {
  readonly uid: string;
  readonly attributes: AdmissionAttributes;
  readonly invocation: Invocation;
  readonly object: KubeObject | null;
  readonly oldObject: KubeObject | null;
}): Readonly<Record<string, unknown>> {
  const { uid, attributes, invocation, object, oldObject } = review;
  const { subresource, name, operation, dryRun, options } = attributes;
  const namespace = namespaceOf(attributes);
  return {
    uid,
    kind: { group: invocation.kind.group, version: invocation.kind.version, kind: invocation.kind.kind },
    resource: resourceOf(invocation.resource),
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: { group: attributes.kind.group, version: attributes.kind.version, kind: attributes.kind.kind },
    requestResource: resourceOf(attributes.resource),
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(name ? { name } : {}),
    ...(namespace === '' ? {} : { namespace }),
    operation,
    userInfo: userInfoOf(attributes.userInfo),
    object,
    oldObject,
    dryRun,
    options: options ?? null,
  };
}

function resourceOf({ group, version, resource }: Invocation['resource']): Invocation['resource'] {
  return { group, version, resource };
}

function userInfoOf({ username, uid, groups, extra }: AdmissionUser): AdmissionUser {
  return {
    ...(username ? { username } : {}),
    ...(uid ? { uid } : {}),
    ...(groups && groups.length > 0 ? { groups } : {}),
    ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

/** The body of a call: one line, no newline at its end. `version`: the AdmissionReview version that the webhook takes. */
export function reviewBody(version: 'v1' | 'v1beta1', request: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: `admission.k8s.io/${version}`, request });
}
