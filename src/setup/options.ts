import type { Problem } from '../base/errors.ts';
import type { Layout, LoadBalancerController } from './components.data.ts';
import { mistakesInTemplate, ROLE_NAME_PATTERNS } from './role-naming.ts';

/** What the command line says beside the file. Plain data: a saved plan carries it. */
export interface SetupOptions {
  /** `seed`: one role for the whole control plane, as the Kubeflow documentation has it; `least-privilege`: a role per component. */
  readonly layout: Layout;
  /** How roles are named: `{role}`, `{cluster}` and `{region}` stand for themselves. */
  readonly roleNames: string;
  /** Generation of the AWS load balancer controller: v1 is `kubeflow/alb-ingress-controller`, v2 `kube-system/aws-load-balancer-controller`. */
  readonly loadBalancerController: LoadBalancerController;
  readonly fsx: boolean;
  /** Bucket that pipelines may use; absent: pipelines get no role. */
  readonly pipelinesBucket: string | undefined;
  /** Consent to take over what somebody else made. */
  readonly adopt: boolean;
  /** Consent to withdraw, in the control plane's roles, what they grant to another issuer. */
  readonly replaceIssuer: boolean;
  /** The cluster is not an EKS cluster: EKS is not asked. */
  readonly selfManaged: boolean;
  /** Lower-case hex SHA-1 of CA certificates, only for an issuer with a private CA. */
  readonly thumbprints: readonly string[];
  /** Characters; the account's quota of a trust policy. */
  readonly trustPolicyQuota: number | 'off';
}

/** What holds when nothing is said. */
export const DEFAULT_OPTIONS: SetupOptions = {
  layout: 'seed',
  roleNames: ROLE_NAME_PATTERNS['kfctl-1.0'],
  loadBalancerController: 'v1',
  fsx: false,
  pipelinesBucket: undefined,
  adopt: false,
  replaceIssuer: false,
  selfManaged: false,
  thumbprints: [],
  trustPolicyQuota: 2048,
};

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/; // S3 user guide, bucket naming rules
const THUMBPRINT = /^[0-9a-f]{40}$/;
const MAX_THUMBPRINTS = 5;

/** Everything that is wrong with the options; `path` is the flag. */
export function mistakesInOptions(options: SetupOptions): readonly Problem[] {
  const problems: Problem[] = [];
  for (const message of mistakesInTemplate(options.roleNames)) problems.push({ path: '--role-names', message });
  if (options.pipelinesBucket !== undefined && !BUCKET.test(options.pipelinesBucket))
    problems.push({ path: '--with-pipelines', message: `${JSON.stringify(options.pipelinesBucket)} is not the name of an S3 bucket` });
  if (options.thumbprints.length > MAX_THUMBPRINTS)
    problems.push({ path: '--thumbprint', message: `IAM takes at most ${MAX_THUMBPRINTS} thumbprints` });
  for (const thumbprint of options.thumbprints) {
    if (!THUMBPRINT.test(thumbprint))
      problems.push({ path: '--thumbprint', message: `${JSON.stringify(thumbprint)} is not a SHA-1 in 40 lower-case hex digits` });
  }
  return problems;
}
