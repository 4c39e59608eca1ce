// Paths and objects of the requests that were recorded.

export const configmaps = '/api/v1/namespaces/alpha/configmaps';
export const profiles = '/apis/kubeflow.org/v1/profiles';
export const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
export const accounts = '/api/v1/namespaces/watch/serviceaccounts';
const role = 'arn:aws:iam::111122223333:role/team-a';
export const pod = (name: string, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'example/app:1' }], ...spec },
});
export const lease = (extra: object = {}): object => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'podrole', ...extra },
  spec: {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    acquireTime: '2026-11-24T06:54:49.241000Z',
    renewTime: '2026-11-24T06:54:49.242000Z',
    leaseTransitions: 0,
  },
});
export const profile = (name: string, spec?: object): object => ({
  apiVersion: 'kubeflow.org/v1',
  kind: 'Profile',
  metadata: { name },
  ...(spec ? { spec } : {}),
});
export const owned = (name: string): object => ({
  owner: { kind: 'User', name },
  plugins: [{ kind: 'AwsIamForServiceAccount', spec: { awsIamRole: role } }],
});
export const tokenRequest = (spec: object): object => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });

export const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'profiles.kubeflow.org' },
  spec: {
    group: 'kubeflow.org',
    scope: 'Cluster',
    names: { plural: 'profiles', kind: 'Profile' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  owner: { type: 'object', required: ['kind', 'name'], properties: { kind: { type: 'string' }, name: { type: 'string' } } },
                  plugins: {
                    type: 'array',
                    items: {
                      type: 'object',
                      properties: { kind: { type: 'string' }, spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
                    },
                  },
                },
              },
              status: {
                type: 'object',
                properties: { conditions: { type: 'array', items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
              },
            },
          },
        },
      },
    ],
  },
};
