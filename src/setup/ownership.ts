import { ADOPTED, CLUSTER_TAG, OWNER, OWNER_TAG } from './desired-state.ts';
import type { Tags } from './ports.ts';

/** Who made an IAM role or provider, by its tags. */
export type Maker =
  /** Setup, for this cluster; `adopted`: taken over from somebody, and never deleted. */
  | { readonly kind: 'setup'; readonly adopted: boolean }
  /** Podrole, but for another cluster or by another part of it. */
  | { readonly kind: 'podrole'; readonly cluster: string; readonly owner: string }
  | { readonly kind: 'kfctl' }
  | { readonly kind: 'eksctl'; readonly cluster: string }
  | { readonly kind: 'cloudformation'; readonly stack: string }
  | { readonly kind: 'unknown' };

/** Reads the tags: ours first, then those by which kfctl, eksctl and CloudFormation mark what they make. */
export function makerOf(tags: Tags, clusterId: string): Maker {
  const cluster = tags[CLUSTER_TAG];
  const owner = tags[OWNER_TAG] ?? '';
  if (cluster !== undefined) {
    if (cluster === clusterId && (owner === OWNER || owner === ADOPTED)) return { kind: 'setup', adopted: owner === ADOPTED };
    return { kind: 'podrole', cluster, owner };
  }
  // kfctl meant to write the cluster's name here and wrote the role's; only the key says anything.
  if (tags['kubeflow/cluster-name'] !== undefined) return { kind: 'kfctl' };
  const eksctl = tags['alpha.eksctl.io/cluster-name'];
  if (eksctl !== undefined) return { kind: 'eksctl', cluster: eksctl };
  const stack = tags['aws:cloudformation:stack-name'];
  return stack === undefined ? { kind: 'unknown' } : { kind: 'cloudformation', stack };
}

/** A maker in words, after "made by". */
export function makerInWords(maker: Maker): string {
  switch (maker.kind) {
    case 'setup':
      return maker.adopted ? 'somebody else and taken over by podrole setup' : 'podrole setup';
    case 'podrole':
      return `podrole ${maker.owner} for cluster ${maker.cluster}`;
    case 'kfctl':
      return 'kfctl';
    case 'eksctl':
      return `eksctl for cluster ${maker.cluster}`;
    case 'cloudformation':
      return `CloudFormation (stack ${maker.stack})`;
    case 'unknown':
      return 'somebody who left no mark';
  }
}
