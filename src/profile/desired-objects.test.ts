import { describe, expect, it } from 'vitest';
import {
  desiredAuthorizationPolicy,
  desiredNamespace,
  desiredQuota,
  desiredRoleBindings,
  desiredServiceAccount,
  labelsToRemove,
} from './desired-objects.ts';
import { resolveOptions } from './options.ts';
import type { Profile } from './profile.ts';

const profile: Profile = {
  metadata: { name: 'user-a', uid: 'uid-1' },
  spec: { owner: { kind: 'User', name: 'alice@example.com' }, resourceQuotaSpec: { hard: { cpu: '2', 'requests.nvidia.com/gpu': 1 } } },
};
const owner = { apiVersion: 'kubeflow.org/v1', kind: 'Profile', name: 'user-a', uid: 'uid-1', controller: true, blockOwnerDeletion: true };
const { istio } = resolveOptions({ issuer: 'https://x' });

describe('the objects of a profile', () => {
  it('are upstream’s namespace, with the default labels', () => {
    expect(desiredNamespace(profile, undefined, new Map([['app.kubernetes.io/part-of', 'kubeflow-profile']])).object).toEqual({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: 'user-a',
        annotations: { owner: 'alice@example.com' },
        labels: { 'istio-injection': 'enabled', 'app.kubernetes.io/part-of': 'kubeflow-profile' },
        ownerReferences: [owner],
      },
    });
  });

  it('never overwrite a label, and give up what the file empties', () => {
    const live = {
      metadata: {
        name: 'user-a',
        labels: { 'istio-injection': 'enabled', x: 'mine' },
        ownerReferences: [{ ...owner, apiVersion: 'kubeflow.org/v1beta1' }],
      },
    };
    const labels = new Map([
      ['istio-injection', ''],
      ['x', 'default'],
    ]);
    expect(desiredNamespace(profile, live, labels).object.metadata).toMatchObject({
      labels: { x: 'mine' },
      ownerReferences: [{ apiVersion: 'kubeflow.org/v1beta1' }],
    });
    expect(labelsToRemove(live, labels)).toEqual(['istio-injection']);
  });

  it('do not make a namespace that was there before go with the profile', () => {
    const { ownerReferences } = desiredNamespace(
      profile,
      { metadata: { name: 'user-a', annotations: { owner: 'alice@example.com' } } },
      new Map(),
    ).object.metadata;
    expect(ownerReferences).toBeUndefined();
  });

  it('are upstream’s role bindings, as the API server stores them', () => {
    const [editor, viewer, admin] = desiredRoleBindings(profile, () => undefined).map(({ object }) => object);
    expect([editor?.roleRef, editor?.subjects]).toEqual([
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kubeflow-edit' },
      [{ kind: 'ServiceAccount', name: 'default-editor', namespace: 'user-a' }],
    ]);
    expect(viewer?.roleRef).toEqual({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kubeflow-view' });
    expect(admin).toEqual({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: {
        name: 'namespaceAdmin',
        namespace: 'user-a',
        annotations: { user: 'alice@example.com', role: 'admin' },
        ownerReferences: [owner],
      },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kubeflow-admin' },
      subjects: [{ kind: 'User', name: 'alice@example.com', apiGroup: 'rbac.authorization.k8s.io' }],
    });
  });

  it('are upstream’s four rules where Istio is', () => {
    expect(
      desiredAuthorizationPolicy(profile, { ...istio, userIdHeader: 'kubeflow-userid', userIdPrefix: '' }, undefined).object.spec,
    ).toEqual({
      rules: [
        {
          when: [{ key: 'request.headers[kubeflow-userid]', values: ['alice@example.com'] }],
          from: [
            {
              source: {
                principals: [
                  'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account',
                  'cluster.local/ns/kubeflow/sa/ml-pipeline-ui',
                ],
              },
            },
          ],
        },
        { when: [{ key: 'source.namespace', values: ['user-a'] }] },
        { to: [{ operation: { paths: ['/healthz', '/metrics', '/wait-for-drain'] } }] },
        {
          from: [{ source: { principals: ['cluster.local/ns/kubeflow/sa/notebook-controller-service-account'] } }],
          to: [{ operation: { methods: ['GET'], paths: ['*/api/kernels'] } }],
        },
      ],
    });
  });

  it('hold a quota only when something is limited', () => {
    expect(desiredQuota(profile, undefined)?.object.spec).toEqual({ hard: { cpu: '2', 'requests.nvidia.com/gpu': '1' } });
    expect(desiredQuota({ ...profile, spec: { resourceQuotaSpec: { scopes: ['BestEffort'] } } }, undefined)).toBeUndefined();
  });

  it('leave a service account that is only named to whoever owns it', () => {
    const role = 'arn:aws:iam::111122223333:role/a';
    expect(desiredServiceAccount(profile, 'default', role, undefined).object.metadata).toEqual({
      name: 'default',
      namespace: 'user-a',
      annotations: { 'eks.amazonaws.com/role-arn': role },
    });
    expect(desiredServiceAccount(profile, 'default-editor', undefined, undefined).object.metadata).toEqual({
      name: 'default-editor',
      namespace: 'user-a',
      ownerReferences: [owner],
    });
  });
});
