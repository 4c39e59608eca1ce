import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/core/object.ts';
import { registrationOf } from './registration.ts';

const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }];
const service = { service: { name: 'pod-identity-webhook', namespace: 'eks' }, caBundle: 'Y2E=' };
const configuration = (webhook: object, name = 'pod-identity-webhook'): KubeObject => ({
  metadata: { name },
  webhooks: [{ name: 'pod-identity-webhook.amazonaws.com', clientConfig: service, rules, ...webhook }],
});
const ask = (...configurations: readonly KubeObject[]) =>
  registrationOf({
    configurations,
    configurationName: 'pod-identity-webhook',
    namespaceLabels: { 'kubernetes.io/metadata.name': 'team-a' },
    podLabels: { app: 'web' },
  });
const codes = (...configurations: readonly KubeObject[]): readonly string[] => ask(...configurations).findings.map(({ code }) => code);

describe('the registration of a pod identity webhook', () => {
  it('is told with its failure policy when it calls', () => {
    expect(ask(configuration({ failurePolicy: 'Fail' }))).toEqual({
      webhooks: [
        {
          configuration: 'pod-identity-webhook',
          webhook: 'pod-identity-webhook.amazonaws.com',
          verdict: 'calls',
          failurePolicy: 'Fail',
          matchConditions: [],
        },
      ],
      findings: [],
    });
  });

  it.each<readonly [string, object, readonly string[]]>([
    ['ignores failures', { failurePolicy: 'Ignore' }, ['FailuresIgnored']],
    ['leaves the namespace out', { namespaceSelector: { matchLabels: { pods: 'yes' } } }, ['NamespaceNotSelected']],
    [
      'leaves the pod out',
      { objectSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] } },
      ['PodNotSelected'],
    ],
    ['asks for other operations', { rules: [{ ...rules[0], operations: ['UPDATE'] }] }, ['WebhookRulesMiss']],
    ['asks for other resources', { rules: [{ ...rules[0], resources: ['pods/exec'] }] }, ['WebhookRulesMiss']],
    ['asks for what has no namespace', { rules: [{ ...rules[0], scope: 'Cluster' }] }, ['WebhookRulesMiss']],
    ['asks for everything', { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }] }, []],
    ['cannot be verified', { clientConfig: { service: service.service } }, ['WebhookUntrusted']],
    ['has conditions', { matchConditions: [{ name: 'no-mirrors', expression: 'true' }] }, ['MatchConditionsUnjudged']],
  ])('that %s', (_, webhook, expected) => expect(codes(configuration(webhook))).toEqual(expected));

  it('is missing among foreign ones, and found under another name', () => {
    const foreign = configuration({ name: 'sidecar.istio.io', clientConfig: { service: { name: 'istiod' } } }, 'istio');
    expect(codes(foreign)).toEqual(['WebhookNotRegistered']);
    expect(codes(foreign, configuration({}, 'mine'))).toEqual([]);
    expect(codes(configuration({ name: 'iam-for-pods.amazonaws.com', clientConfig: { url: 'https://127.0.0.1/' } }, 'x'))).toEqual([]);
  });

  it('is enough once', () => {
    const other = configuration({ namespaceSelector: { matchLabels: { no: 'no' } } }, 'other');
    expect(codes(other, configuration({}))).toEqual([]);
  });
});
