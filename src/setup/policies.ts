import albIngress from './policies/alb-ingress-v1.json' with { type: 'json' };
import cloudwatch from './policies/cloudwatch-v1.json' with { type: 'json' };
import profileController from './policies/profile-controller-v1.json' with { type: 'json' };

/** A policy that setup puts on a role: its name there and its JSON text. */
export interface NamedPolicy {
  readonly name: string;
  readonly document: string;
}

const render = (document: object, values: Readonly<Record<string, string>> = {}): string =>
  JSON.stringify(document).replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

/** What an AWS load balancer controller of the ingress generation (v1) calls. */
export const albIngressPolicy = (): NamedPolicy => ({ name: 'podrole-alb-ingress', document: render(albIngress) });

/** What a log shipper calls. */
export const cloudwatchPolicy = (): NamedPolicy => ({ name: 'podrole-cloudwatch', document: render(cloudwatch) });

/** What the Profile controller calls: it may edit the trust of the user role alone, and its own never. */
export const profileControllerPolicy = (roles: { readonly userRoleArn: string; readonly ownRoleArn: string }): NamedPolicy => ({
  name: 'podrole-profile-controller',
  document: render(profileController, roles),
});
