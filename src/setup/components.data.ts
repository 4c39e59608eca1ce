import type { PolicyName } from './policies.ts';

export type Layout = 'seed' | 'least-privilege';
export type LoadBalancerController = 'v1' | 'v2';

/** What switches components on. */
export interface ComponentSwitches {
  readonly layout: Layout;
  readonly loadBalancerController: LoadBalancerController;
  readonly enableNodeGroupLog: boolean;
  readonly fsx: boolean;
  readonly pipelinesBucket: string | undefined;
}

/** A service account; without a namespace it lives in the KfDef's own. */
export interface ComponentAccount {
  readonly namespace?: string;
  readonly name: string;
  /** Only in this layout. */
  readonly only?: Layout;
}

/** A part of the control plane that calls AWS. */
export interface Component {
  /** `{role}` of its role's name in the least-privilege layout. */
  readonly key: string;
  readonly what: string;
  readonly accounts: readonly ComponentAccount[];
  readonly policy?: PolicyName;
  readonly wanted: (switches: ComponentSwitches) => boolean;
}

/** The control plane, in the order in which its subjects are written. */
export const COMPONENTS: readonly Component[] = [
  {
    key: 'administrator',
    what: 'administrators',
    accounts: [{ name: 'kf-admin' }],
    wanted: ({ layout }) => layout === 'seed',
  },
  {
    key: 'alb-ingress',
    what: 'the ALB ingress controller',
    accounts: [{ name: 'alb-ingress-controller' }],
    policy: 'alb-ingress-v1',
    wanted: ({ loadBalancerController }) => loadBalancerController === 'v1',
  },
  {
    key: 'load-balancer',
    what: 'the AWS load balancer controller',
    accounts: [{ namespace: 'kube-system', name: 'aws-load-balancer-controller' }],
    policy: 'alb-ingress-v2',
    wanted: ({ loadBalancerController }) => loadBalancerController === 'v2',
  },
  {
    key: 'profile-controller',
    what: 'the Profile controller',
    accounts: [{ name: 'profiles-controller-service-account' }],
    policy: 'profile-controller',
    wanted: () => true,
  },
  {
    key: 'logs',
    what: 'the log shipper',
    // The DaemonSet runs in kube-system; kfctl trusted the other account only, which nothing uses.
    accounts: [
      { name: 'fluentd', only: 'seed' },
      { namespace: 'kube-system', name: 'fluentd' },
    ],
    policy: 'cloudwatch',
    wanted: ({ enableNodeGroupLog }) => enableNodeGroupLog,
  },
  {
    key: 'fsx-csi',
    what: 'the FSx for Lustre CSI driver',
    accounts: [{ namespace: 'kube-system', name: 'fsx-csi-controller-sa' }],
    policy: 'fsx-csi',
    wanted: ({ fsx }) => fsx,
  },
  {
    key: 'pipelines',
    what: 'Kubeflow Pipelines',
    accounts: [{ name: 'ml-pipeline' }, { name: 'pipeline-runner' }],
    policy: 'pipelines',
    wanted: ({ pipelinesBucket }) => pipelinesBucket !== undefined,
  },
];

/** The account of the users' role in the seed's layout. */
export const USER_ACCOUNT = 'kf-user';

/** Inline policies that kfctl put on its admin role. The profile controller's let four pods rewrite every trust policy of the account. */
export const KFCTL_POLICIES: readonly string[] = ['iam_alb_ingress_policy', 'iam_profile_controller_policy', 'iam_cloudwatch_policy'];
