import type { KubeObject } from '../../kube/core/object.ts';
import type { Claim } from '../claims.ts';
import { FIELD_MANAGER } from '../profile.ts';
import type { SubjectState } from '../role-book.ts';

/** What is known about one service account and its role annotation. */
export interface AnnotationFacts {
  readonly live: KubeObject | undefined;
  readonly key: string;
  readonly claim: Claim | undefined;
  readonly state: SubjectState | undefined;
  /** Whether podrole put this value there: the record or the status of the profile says so. */
  readonly isOurs: (role: string) => boolean;
  /** Whether the role in the annotation still trusts the subject. */
  readonly stillTrusted: (role: string) => boolean;
}

/** `wait`: do not make the service account yet. `keep`: whatever it carries. `role`: this role. `none`: no role of ours. */
export type AnnotationDecision =
  | { readonly kind: 'wait' | 'keep' }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'none'; readonly remove: string | undefined };

/** Whether this controller is among those who wrote the annotation. */
export function ownsAnnotation(live: KubeObject | undefined, key: string): boolean {
  return (live?.metadata.managedFields ?? []).some((entry) => {
    const metadata = entry.fieldsV1?.['f:metadata'] as Record<string, unknown> | undefined;
    const annotations = metadata?.['f:annotations'] as Record<string, unknown> | undefined;
    return entry.manager === FIELD_MANAGER && annotations !== undefined && Object.hasOwn(annotations, `f:${key}`);
  });
}

/**
 * Which role a service account shall carry. It never carries a role that is known not to trust it: its pods would fail instead of falling
 * back to the node's credentials. An annotation that is not ours is left alone unless a claim takes its place.
 */
export function decideAnnotation(facts: AnnotationFacts): AnnotationDecision {
  const { claim, state, live } = facts;
  const carried = live?.metadata.annotations?.[facts.key];
  if (claim?.mode === 'annotate') return { kind: 'role', role: claim.role.text };
  if (claim !== undefined && state?.kind === 'granted') return { kind: 'role', role: claim.role.text };
  if (claim !== undefined && (state === undefined || state.kind === 'pending' || state.kind === 'gone' || state.kind === 'leaving'))
    return { kind: live === undefined ? 'wait' : 'keep' };
  if (claim !== undefined && state?.kind === 'refused' && !state.definite) return { kind: 'keep' };
  if (carried === undefined) return { kind: 'none', remove: undefined };
  if (claim !== undefined && facts.stillTrusted(carried)) return { kind: 'keep' };
  const ours = ownsAnnotation(live, facts.key) || facts.isOurs(carried) || carried === claim?.role.text;
  return { kind: 'none', remove: ours ? carried : undefined };
}
