import type { Tags } from './ports.ts';

/** One write, as a value: what is executed is what was shown. */
export type SetupAction =
  | {
      readonly kind: 'create-provider';
      readonly providerArn: string;
      readonly issuer: string;
      readonly clientIds: readonly string[];
      readonly thumbprints: readonly string[];
    }
  | { readonly kind: 'add-client-id'; readonly providerArn: string; readonly clientId: string }
  | { readonly kind: 'create-role'; readonly role: string; readonly trustPolicy: string; readonly description: string }
  | { readonly kind: 'tag-role'; readonly role: string; readonly tags: Tags }
  | { readonly kind: 'update-trust-policy'; readonly role: string; readonly document: string }
  | { readonly kind: 'put-inline-policy'; readonly role: string; readonly policy: string; readonly document: string }
  | { readonly kind: 'delete-inline-policy'; readonly role: string; readonly policy: string }
  | { readonly kind: 'create-namespace'; readonly namespace: string }
  | {
      readonly kind: 'apply-service-account';
      readonly namespace: string;
      readonly name: string;
      readonly roleArn: string;
      readonly made: boolean;
    }
  | { readonly kind: 'release-service-account'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'delete-service-account'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'delete-profile'; readonly profile: string }
  | { readonly kind: 'detach-policy'; readonly role: string; readonly policyArn: string }
  | { readonly kind: 'delete-role'; readonly role: string }
  | { readonly kind: 'delete-provider'; readonly providerArn: string };

/** What becomes of one object. `keep` and `conflict` carry no action. */
export interface PlanItem {
  readonly verb: 'create' | 'change' | 'delete' | 'keep' | 'conflict';
  /** `provider/…`, `role/…`, `trust/ROLE`, `policy/ROLE/NAME`, `namespace/…`, `serviceaccount/NS/NAME`, `profile/…`. */
  readonly object: string;
  readonly reason: string;
  readonly action?: SetupAction;
  /** Of a conflict: what mends it. */
  readonly fix?: string;
  /** A document before and after, where one changes. */
  readonly before?: string;
  readonly after?: string;
}

export type PlanSummary = Readonly<Record<PlanItem['verb'], number>>;

/** How many items there are of each kind. */
export function summaryOf(items: readonly PlanItem[]): PlanSummary {
  const count = (verb: PlanItem['verb']): number => items.filter((item) => item.verb === verb).length;
  return { create: count('create'), change: count('change'), delete: count('delete'), keep: count('keep'), conflict: count('conflict') };
}

/**
 * Which actions must have ended before others begin; within a phase they run at once. Making goes provider and roles, then what hangs on
 * them; taking down goes the other way round, and Profiles go first of all. A policy goes only when the one in its place is there.
 */
export const PHASE: Readonly<Record<SetupAction['kind'], number>> = {
  'create-provider': 0,
  'add-client-id': 0,
  'create-role': 0,
  'tag-role': 0,
  'create-namespace': 0,
  'delete-profile': 0,
  'update-trust-policy': 1,
  'put-inline-policy': 1,
  'apply-service-account': 1,
  'release-service-account': 2,
  'delete-service-account': 2,
  'delete-inline-policy': 2,
  'detach-policy': 2,
  'delete-role': 3,
  'delete-provider': 4,
};
