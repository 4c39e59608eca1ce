import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { controllerFlagTable } from './flags.data.ts';
import { resolveOptions, resyncMs } from './options.ts';
import { optionsFromFlags } from './options-from-flags.ts';

describe('optionsFromFlags', () => {
  it('gives upstream’s defaults for no flags at all', () => {
    const result = optionsFromFlags({});
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.serving).toEqual({
      kubeconfig: '',
      issuer: undefined,
      iamEndpoint: undefined,
      region: undefined,
      metrics: { address: '', port: 8080 },
      health: { address: '', port: 9876 },
      leaderElect: false,
      namespace: undefined,
      labelsFile: '/etc/profile-controller/namespace-labels.yaml',
      dryRun: false,
      reportPods: false,
    });
    expect(result.options).toMatchObject({
      audience: 'sts.amazonaws.com',
      lateWriteWindowMs: 300_000,
      allowedRoles: [],
    });
    expect(result.options.trustPolicyQuota).toBeUndefined();
    expect(result.options.istio).toEqual({
      userIdHeader: 'x-goog-authenticated-user-email',
      userIdPrefix: 'accounts.google.com:',
      gatewayPrincipal: 'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account',
      pipelineUiPrincipal: 'cluster.local/ns/kubeflow/sa/ml-pipeline-ui',
      notebookControllerPrincipal: 'cluster.local/ns/kubeflow/sa/notebook-controller-service-account',
    });
    expect(result.notices).toEqual([]);
  });

  it('reads every value, and upstream’s environment where it is not empty', () => {
    const result = optionsFromFlags(
      {
        'trust-policy-quota': 'off',
        'trust-resync': '1m30s',
        'late-write-window': '0',
        'allowed-role': ['arn:aws:iam::111122223333:role/kf-*', 'tag:team=a'],
        'default-role': 'arn:aws:iam::111122223333:role/{namespace}',
        'metrics-bind-address': '0',
        'health-probe-bind-address': '[::1]:0',
        issuer: 'https://oidc.example.com/id/1',
        'leader-elect': true,
        'zap-devel': false,
      },
      { KFP_UI_PRINCIPAL: 'cluster.local/ns/x/sa/y', ISTIO_INGRESS_GATEWAY_PRINCIPAL: '' },
    );
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.options).toMatchObject({ trustPolicyQuota: 'off', trustResyncMs: 90_000, lateWriteWindowMs: 0 });
    expect(result.options.allowedRoles?.map((one) => one.kind)).toEqual(['arn', 'tag']);
    expect(result.options.istio?.pipelineUiPrincipal).toBe('cluster.local/ns/x/sa/y');
    expect(result.options.istio?.gatewayPrincipal).toContain('istio-ingressgateway');
    expect([result.serving.metrics, result.serving.health]).toEqual([undefined, { address: '::1', port: 0 }]);
    expect(result.notices).toEqual(['--zap-devel has no effect: logs are JSON on standard error']);
  });

  it('serves the webhook by files or by a certificate of its own, and not at all by default', () => {
    const webhook = (values: Parameters<typeof optionsFromFlags>[0]) => {
      const result = optionsFromFlags(values);
      return result.ok ? result.serving.webhook : result.problems;
    };
    expect(webhook({})).toBeUndefined();
    expect(webhook({ 'webhook-port': '9443' })).toEqual({
      port: 9443,
      certificate: {
        kind: 'own',
        secret: 'podrole-profile-webhook',
        service: 'podrole-profile-webhook',
        configuration: 'podrole-profiles',
      },
    });
    expect(webhook({ 'webhook-port': '9443', 'tls-cert': 'c', 'tls-key': 'k' })).toEqual({
      port: 9443,
      certificate: { kind: 'files', certFile: 'c', keyFile: 'k' },
    });
    expect(webhook({ 'webhook-port': '9443', 'tls-key': 'k', 'service-name': 'A' })).toEqual([
      { path: '--tls-cert', message: 'the webhook wants both files, or neither' },
      { path: '--service-name', message: 'must be a DNS label' },
    ]);
  });

  it('reports every problem at once, each at its flag', () => {
    const result = optionsFromFlags({
      issuer: 'http://x',
      'trust-policy-quota': '-1',
      'trust-resync': 'soon',
      'allowed-role': ['kf-*'],
      'default-role': 'kf-{name}',
      'metrics-bind-address': 'localhost',
    });
    expect(result.ok ? [] : result.problems.map((problem) => problem.path)).toEqual([
      '--issuer',
      '--trust-resync',
      '--default-role',
      '--trust-policy-quota',
      '--allowed-role',
      '--metrics-bind-address',
    ]);
  });

  it('never throws on any text', () => {
    const names = controllerFlagTable.filter((flag) => flag.type !== 'bool').map((flag) => flag.name);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string(), (name, text) => {
        expect(typeof optionsFromFlags({ [name]: name === 'allowed-role' ? [text] : text }).ok).toBe('boolean');
      }),
      { numRuns: 300 },
    );
  });

  it('names no flag twice', () => {
    const names = controllerFlagTable.map((flag) => flag.name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('resyncMs', () => {
  it('is ten seconds a role, at least 20 s, at most 5 min, unless it was set', () => {
    const options = resolveOptions({ issuer: 'https://x' });
    expect([0, 1, 2, 3, 30, 1_000].map((roles) => resyncMs(options, roles))).toEqual([20_000, 20_000, 20_000, 30_000, 300_000, 300_000]);
    expect(resyncMs(resolveOptions({ issuer: 'https://x', trustResyncMs: 1_000 }), 30)).toBe(1_000);
  });
});
