import type { Profile } from '../../src/profile/profile.ts';
import type { Random } from './world/scheduler.ts';
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
export type Wish = { readonly kind: 'none' } | { readonly kind: 'trust' | 'annotate'; readonly role: string };

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
    if (profile.metadata.deletionTimestamp === undefined && wish.kind === 'trust' && wish.role === role)
      subjects.add(subjectOfProfile(name));
  }
  return subjects;
}

/** One thing a user does. */
export interface Step {
  readonly at: number;
  readonly name: string;
  readonly does: string;
  readonly run: (kube: SimKube) => void;
}

function drawWish(random: Random): Wish {
  const kind = random.pick(['trust', 'trust', 'trust', 'trust', 'annotate', 'none'] as const);
  if (kind === 'none') return { kind };
  if (kind === 'trust' && random.chance(0.04)) return { kind, role: OWN_ROLE };
  return { kind, role: random.chance(0.6) ? ROLE_A : ROLE_B };
}

/** What the users do in one run: create, delete, re-create, change the role, drop the plugin, flip annotateOnly, in `spanMs`. */
export function drawSteps(random: Random, count: number, spanMs: number): readonly Step[] {
  const steps: Step[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = random.pick(NAMES);
    const wish = drawWish(random);
    const at = random.between(0, spanMs);
    const does = random.pick(['create', 'create', 'create', 'change', 'change', 'delete', 'delete', 'recreate'] as const);
    const finalizers = random.chance(0.15) ? ['profile-finalizer'] : undefined;
    const run = (kube: SimKube): void => {
      if (does === 'change') kube.editProfile(name, () => specOf(wish));
      else if (does === 'delete') kube.deleteProfile(name);
      else kube.createProfile(name, specOf(wish), finalizers);
    };
    if (does === 'recreate') {
      steps.push({ at, name, does: 'delete', run: (kube) => kube.deleteProfile(name) });
      for (let again = 1; again <= 8; again += 1) steps.push({ at: at + again * 2_500, name, does: 'create again', run });
    } else steps.push({ at, name, does, run });
  }
  return steps.sort((a, b) => a.at - b.at);
}
