import * as v from 'valibot';
import type { Profile } from './profile.ts';

/** A profile as the API server hands it over; members that podrole does not read are not looked at. */
const profileSchema = v.looseObject({
  metadata: v.looseObject({ name: v.optional(v.string()), deletionTimestamp: v.optional(v.string()), uid: v.optional(v.string()) }),
  spec: v.nullish(
    v.looseObject({
      owner: v.nullish(v.looseObject({ kind: v.optional(v.string()), name: v.optional(v.string()) })),
      plugins: v.nullish(v.array(v.looseObject({ kind: v.optional(v.string()) }))),
    }),
  ),
});

const reviewSchema = v.looseObject({
  apiVersion: v.literal('admission.k8s.io/v1'),
  kind: v.literal('AdmissionReview'),
  request: v.looseObject({
    uid: v.pipe(v.string(), v.minLength(1)),
    operation: v.string(),
    subResource: v.optional(v.string()),
    resource: v.looseObject({ group: v.string(), resource: v.string() }),
    object: v.unknown(),
    oldObject: v.unknown(),
  }),
});

/** What an AdmissionReview asks: about a profile, or about something that is not for us to judge and is let through. */
export type ProfileQuestion =
  | { readonly kind: 'profile'; readonly uid: string; readonly now: Profile; readonly before: Profile | undefined }
  | { readonly kind: 'other'; readonly uid: string };

/**
 * Reads an AdmissionReview of `admission.k8s.io/v1`. `undefined` means that it is none, or that it holds a profile of a shape that no API
 * server with the CRD lets through: whoever asks is then told so by HTTP, and its failurePolicy decides.
 */
export function readProfileReview(body: Uint8Array): ProfileQuestion | undefined {
  const review = v.safeParse(reviewSchema, parsed(body));
  if (!review.success) return undefined;
  const { uid, operation, subResource = '', resource, object, oldObject } = review.output.request;
  const ours = resource.group === 'kubeflow.org' && resource.resource === 'profiles' && subResource === '';
  if (!ours || (operation !== 'CREATE' && operation !== 'UPDATE')) return { kind: 'other', uid };
  const now = v.safeParse(profileSchema, object);
  const before = operation === 'CREATE' ? undefined : v.safeParse(profileSchema, oldObject);
  if (!now.success || before?.success === false) return undefined;
  return { kind: 'profile', uid, now: withoutNulls(now.output), before: before && withoutNulls(before.output) };
}

/** An explicit null is an absent member, as Go's decoder has it. */
function withoutNulls(profile: v.InferOutput<typeof profileSchema>): Profile {
  const { owner, plugins, ...rest } = profile.spec ?? {};
  const spec = { ...rest, ...(owner ? { owner } : {}), ...(plugins ? { plugins } : {}) };
  return { ...profile, spec } as Profile;
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
