import type { Profile } from '../../src/profile/profile.ts';
import type { SimKube } from './world/sim-kube.ts';

export const ACCOUNT = '111122223333';
export const ISSUER = 'https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF';
export const HOST_PATH = ISSUER.slice('https://'.length);
export const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${HOST_PATH}`;
export const QUOTA = 4096;

export const ROLE_A = `arn:aws:iam::${ACCOUNT}:role/kf-user-demo`;
export const ROLE_B = `arn:aws:iam::${ACCOUNT}:role/team/data`;
export const OWN_ROLE = `arn:aws:iam::${ACCOUNT}:role/podrole-controller`;
export const NAMES = ['user-a', 'user-b', 'user-c', 'user-d'] as const;

/** What a user wants of AWS: nothing, a role to be trusted by, or a role to be annotated with. */
export type Wish = { readonly kind: 'none'; readonly role?: undefined } | { readonly kind: 'trust' | 'annotate'; readonly role: string };

export function specOf(wish: Wish): NonNullable<Profile['spec']> {
  const owner = { kind: 'User', name: 'a@example.com' };
  if (wish.kind === 'none') return { owner };
  return { owner, plugins: [{ kind: 'AwsIamForServiceAccount', spec: { awsIamRole: wish.role, annotateOnly: wish.kind === 'annotate' } }] };
}

export function wishOf(profile: Profile): Wish {
  const spec = profile.spec?.plugins?.[0]?.spec as { readonly awsIamRole: string; readonly annotateOnly: boolean } | undefined;
  return spec === undefined ? { kind: 'none' } : { kind: spec.annotateOnly ? 'annotate' : 'trust', role: spec.awsIamRole };
}

export function subjectOfProfile(name: string): string {
  return `system:serviceaccount:${name}:default-editor`;
}

/** The oracle: which subjects a role shall trust, from the profiles as they truly are. Written apart from the product's own rules. */
export function desiredOn(role: string, kube: SimKube): ReadonlySet<string> {
  const subjects = new Set<string>();
  for (const [name, profile] of kube.profiles) {
    const wish = wishOf(profile);
    // What stands in a namespace of somebody else is nobody's default-editor.
    if (kube.foreign.has(name)) continue;
    if (profile.metadata.deletionTimestamp === undefined && wish.kind === 'trust' && wish.role === role)
      subjects.add(subjectOfProfile(name));
  }
  return subjects;
}
