import albIngressV1 from './policies/alb-ingress-v1.json' with { type: 'json' };
import albIngressV2 from './policies/alb-ingress-v2.json' with { type: 'json' };
import cloudwatch from './policies/cloudwatch-v1.json' with { type: 'json' };
import fsxCsi from './policies/fsx-csi-v1.json' with { type: 'json' };
import pipelines from './policies/pipelines-v1.json' with { type: 'json' };
import profileController from './policies/profile-controller-v1.json' with { type: 'json' };

/** A policy that setup puts on a role: its name there and its JSON text. */
export interface NamedPolicy {
  readonly name: string;
  readonly document: string;
}

/** The names of setup's inline policies begin so. */
const PREFIX = 'podrole-';

const POLICIES = {
  'alb-ingress-v1': albIngressV1,
  'alb-ingress-v2': albIngressV2,
  cloudwatch,
  'fsx-csi': fsxCsi,
  pipelines,
  'profile-controller': profileController,
} as const;

export type PolicyName = keyof typeof POLICIES;

/** What the documents leave open: `${name}` in the data. */
export interface PolicyValues {
  readonly partition: string;
  /** The one role whose trust policy the Profile controller may edit. */
  readonly userRoleArn: string;
  /** The role that carries the policy. */
  readonly ownRoleArn: string;
  readonly bucket: string;
}

/** A shipped policy, filled in. The two generations of the load balancer controller share a name, so that one takes the other's place. */
export function policyOf(name: PolicyName, values: PolicyValues): NamedPolicy {
  const text = JSON.stringify(POLICIES[name]);
  const document = text.replace(/\$\{(partition|userRoleArn|ownRoleArn|bucket)\}/g, (_, value: keyof PolicyValues) => values[value]);
  return { name: nameOf(name), document };
}

const nameOf = (name: PolicyName): string => `${PREFIX}${name.replace(/-v\d$/, '')}`;

/**
 * Every name under which setup puts an inline policy on a role of the control plane. All others are the user's, whatever they begin with,
 * and so are all that the users' role carries.
 */
export const SETUP_POLICIES: readonly string[] = [...new Set(Object.keys(POLICIES).map((name) => nameOf(name as PolicyName)))];
