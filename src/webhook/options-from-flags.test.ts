import { describe, expect, it } from 'vitest';
import { cipherSuites, webhookFlagTable } from './flags.data.ts';
import { defaultContainerCredentials, defaultWebhookOptions } from './options.ts';
import { optionsFromFlags, type WebhookFlagsResult } from './options-from-flags.ts';

type Good = Extract<WebhookFlagsResult, { ok: true }>;
const good = (values: Parameters<typeof optionsFromFlags>[0]): Good => {
  const result = optionsFromFlags(values);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result;
};

describe('flags', () => {
  it('have upstream’s defaults', () => {
    const { options, serving, notices } = good({});
    expect(options).toEqual(defaultWebhookOptions);
    expect(serving).toEqual({
      port: 443,
      metricsPort: 9999,
      workers: 1,
      kubeconfig: '',
      kubeApi: '',
      tlsKeyFile: '/etc/webhook/certs/tls.key',
      tlsCertFile: '/etc/webhook/certs/tls.crt',
      tlsMinVersion: 'TLSv1.2',
      tlsCiphers: [],
      serviceName: 'pod-identity-webhook',
      namespace: 'eks',
      tlsSecret: 'pod-identity-webhook',
      ownCertificate: false,
      webhookConfiguration: 'pod-identity-webhook',
      identitiesFile: undefined,
      verbosity: 0,
      printVersion: false,
    });
    expect(notices).toEqual([]);
  });

  it('of upstream’s own manifests start without a word', () => {
    const upstream = good({
      'in-cluster': false,
      namespace: 'default',
      'service-name': 'pod-identity-webhook',
      'annotation-prefix': 'eks.amazonaws.com',
      'token-audience': 'sts.amazonaws.com',
      logtostderr: true,
    });
    expect(upstream.notices).toEqual([]);
    const kops = good({
      'in-cluster': false,
      namespace: 'kube-system',
      'token-audience': 'amazonaws.com',
      'watch-config-map': true,
      'sts-regional-endpoint': true,
      'aws-default-region': 'eu-west-1',
      v: '5',
    });
    expect(kops.options).toEqual({
      ...defaultWebhookOptions,
      audience: 'amazonaws.com',
      mapping: true,
      stsRegional: true,
      region: 'eu-west-1',
    });
    expect(kops.serving).toMatchObject({ namespace: 'kube-system', verbosity: 5 });
  });

  it('that have no effect any more are accepted with a notice', () => {
    expect(good({ 'resync-period': '30s', log_file: '/x' }).notices).toEqual([
      '--resync-period has no effect: caches are lists and watches that heal themselves',
      '--log_file has no effect: logs are JSON on standard error',
    ]);
  });

  it('turn container credentials on by the path of their file', () => {
    expect(good({ 'container-credentials-audience': 'x' }).options.containerCredentials).toBeUndefined();
    const { options, serving } = good({
      'watch-container-credentials-config': '/etc/c.json',
      'container-credentials-full-uri': 'http://[fd00:ec2::23]/v1/credentials',
    });
    expect(options.containerCredentials).toEqual({ ...defaultContainerCredentials, fullUri: 'http://[fd00:ec2::23]/v1/credentials' });
    expect(serving.identitiesFile).toBe('/etc/c.json');
  });

  it.each([
    ['599', 600],
    ['-1', 600],
    ['600', 600],
    ['86401', 86_400],
  ])('token-expiration %s is brought to %i', (text, seconds) => {
    const { options, notices } = good({ 'token-expiration': text });
    expect(options.tokenExpirationSeconds).toBe(seconds);
    expect(notices).toEqual(text === String(seconds) ? [] : [`--token-expiration ${text} is out of bounds, ${seconds} is used`]);
  });

  it.each([
    ['1m30s', 90_000],
    ['100ms', 100],
    ['1.5h', 5_400_000],
    ['0', 0],
  ])('the grace period %s is %i ms', (text, ms) =>
    expect(good({ 'service-account-lookup-grace-period': text }).options.gracePeriodMs).toBe(ms),
  );

  it.each([
    ['1.0', 'TLSv1.2', 1],
    ['VersionTLS11', 'TLSv1.2', 1],
    ['1.2', 'TLSv1.2', 0],
    ['VersionTLS12', 'TLSv1.2', 0],
    ['1.3', 'TLSv1.3', 0],
    ['VersionTLS13', 'TLSv1.3', 0],
  ])('tls-min-version %s is served as %s', (text, version, notices) => {
    const result = good({ 'tls-min-version': text });
    expect(result.serving.tlsMinVersion).toBe(version);
    expect(result.notices).toHaveLength(notices);
  });

  it('name cipher suites as Go does', () => {
    expect(good({ 'tls-cipher-suites': ' TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 ,, TLS_AES_128_GCM_SHA256' }).serving.tlsCiphers).toEqual([
      'ECDHE-ECDSA-AES128-GCM-SHA256',
    ]);
    expect(Object.keys(cipherSuites)).toHaveLength(27);
  });

  it('compose roles from a given account alone', () => {
    expect(good({ 'compose-role-arn': true, 'account-id': '111122223333', 'cluster-region': 'cn-north-1' }).options.composeRole).toEqual({
      account: '111122223333',
      partition: 'aws-cn',
    });
    expect(optionsFromFlags({ 'compose-role-arn': true })).toEqual({
      ok: false,
      problems: [
        {
          path: '--compose-role-arn',
          message: 'needs --account-id ACCOUNT, and --cluster-region outside the aws partition: instance metadata is never asked',
        },
      ],
    });
  });

  it('of a relative mount path are taken as upstream takes them, with a notice for each', () => {
    const { options, notices } = good({
      'token-mount-path': 'tokens',
      'watch-container-credentials-config': '/c.json',
      'container-credentials-token-mount-path': './identities',
    });
    expect([options.mountPath, options.containerCredentials?.mountPath]).toEqual(['tokens', './identities']);
    expect(notices).toEqual([
      '--token-mount-path tokens is relative, write an absolute path: SDKs look below their working folder',
      '--container-credentials-token-mount-path ./identities is relative, write an absolute path: SDKs look below their working folder',
    ]);
  });

  it('are all wrong at once', () => {
    const result = optionsFromFlags({
      port: '70000',
      'metrics-port': 'x',
      'annotation-prefix': 'a/b',
      'token-mount-path': 'a:b',
      'token-expiration': '1h',
      'tls-min-version': '0.9',
      'tls-cipher-suites': 'TLS_X',
      'service-account-lookup-grace-period': '10',
      'watch-container-credentials-config': 'c.json',
      'volume-clash': 'x',
      'account-id': '12',
      nonsense: 'x',
    });
    expect(result.ok ? [] : result.problems.map(({ path }) => path).sort()).toEqual([
      '--account-id',
      '--annotation-prefix',
      '--metrics-port',
      '--nonsense',
      '--port',
      '--service-account-lookup-grace-period',
      '--tls-cipher-suites',
      '--tls-min-version',
      '--token-expiration',
      '--token-mount-path',
      '--volume-clash',
      '--watch-container-credentials-config',
    ]);
  });
});

describe('the flag table', () => {
  it('names each flag once and gives each a default of its type', () => {
    expect(new Set(webhookFlagTable.map(({ name }) => name)).size).toBe(webhookFlagTable.length);
    const types = { string: 'string', bool: 'boolean', int: 'number', duration: 'string', strings: 'object' } as const;
    for (const flag of webhookFlagTable) expect([flag.name, typeof flag.default]).toEqual([flag.name, types[flag.type]]);
  });
});
