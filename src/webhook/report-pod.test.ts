import { applyPatch } from 'rfc6902';
import { describe, expect, it } from 'vitest';
import { reviewOf } from '../../test/support/webhook-world.ts';
import { isJsonObject } from '../base/json.ts';
import { accountSettings } from './account-settings.ts';
import { noIdentities } from './identities.ts';
import { emptyMapping } from './mapping.ts';
import { defaultContainerCredentials, defaultWebhookOptions, type WebhookOptions } from './options.ts';
import { type PodCase, type PodReport, reportPod } from './report-pod.ts';

const ROLE = 'arn:aws:iam::111122223333:role/r';
const OTHER = 'arn:aws:iam::111122223333:role/other';
const FILE = '/var/run/secrets/eks.amazonaws.com/serviceaccount/token';
const MADE = '2026-03-01T10:00:00Z';

type Pod = { readonly metadata: Record<string, unknown>; readonly spec: Record<string, unknown> };
interface Given {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly options?: Partial<WebhookOptions>;
  readonly identities?: ReadonlySet<string>;
  readonly more?: Partial<PodCase>;
}

const podOf = (spec: object = {}, metadata: object = {}): Pod => ({
  metadata: { name: 'p', namespace: 'default', ...metadata },
  spec: { serviceAccountName: 'sa', containers: [{ name: 'c' }], ...spec },
});
const bytes = (pod: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(reviewOf(pod)));

function report(pod: unknown, { annotations = { 'eks.amazonaws.com/role-arn': ROLE }, options, identities, more }: Given = {}): PodReport {
  const resolved = { ...defaultWebhookOptions, ...options };
  return reportPod({
    review: bytes(pod),
    pod,
    admitted: false,
    sources: {
      account: { exists: true, settings: accountSettings(annotations, resolved) },
      mapping: emptyMapping,
      identities: identities ?? noIdentities,
    },
    accountMeta: undefined,
    mappingMeta: undefined,
    accountsWithRoles: [],
    registration: { kind: 'not-asked' },
    configurationName: 'pod-identity-webhook',
    options: resolved,
    ...more,
  });
}
const codes = (...args: Parameters<typeof report>): readonly string[] =>
  report(...args).findings.map(({ severity, code }) => `${severity} ${code}`);

/** The pod as the API server has it after the webhook. */
function admitted(pod: Pod, given?: Given): Pod {
  const made = structuredClone({ ...pod, metadata: { ...pod.metadata, uid: 'u', creationTimestamp: MADE } });
  applyPatch(made, structuredClone(report(pod, given).operations) as never);
  return made;
}
const live = (more: Partial<PodCase> = {}): Partial<PodCase> => ({ admitted: true, ...more });
const managed = (time: string, fieldsV1: Readonly<Record<string, unknown>>) => ({ managedFields: [{ manager: 'm', time, fieldsV1 }] });
const ANNOTATED = { 'f:metadata': { 'f:annotations': { 'f:eks.amazonaws.com/role-arn': {} } } };

describe('a report on a pod that is still to be made', () => {
  it('finds nothing where there is nothing to find', () => {
    expect(report(podOf())).toMatchObject({
      outcome: 'injected',
      reason: 'Injected',
      serviceAccount: 'sa',
      registered: undefined,
      findings: [],
    });
    expect(report(podOf(), { annotations: {} })).toMatchObject({ outcome: 'left-alone', reason: 'NoRole', findings: [] });
  });

  it.each<readonly [string, object, object, Given, readonly string[]]>([
    ['a role without a value', {}, {}, { annotations: { 'eks.amazonaws.com/role-arn': '' } }, ['error EmptyRole']],
    ['a malformed role', {}, {}, { annotations: { 'eks.amazonaws.com/role-arn': 'r' } }, ['error InvalidRoleArn']],
    [
      'a malformed role that is refused',
      {},
      {},
      { annotations: { 'eks.amazonaws.com/role-arn': 'r' }, options: { refuseInvalidRoles: true } },
      ['error RefusedRole', 'error InvalidRoleArn'],
    ],
    ['a number out of range', {}, { annotations: { 'eks.amazonaws.com/token-expiration': '9' } }, {}, ['warning TokenExpirationTooShort']],
    [
      'a list of containers',
      { containers: [{ name: 'c' }, { name: 'side' }] },
      { annotations: { 'eks.amazonaws.com/skip-containers': 'side,gone' } },
      {},
      ['warning UnknownContainer', 'info ContainerSkipped'],
    ],
    ['half a pair', { containers: [{ name: 'c', env: [{ name: 'AWS_ROLE_ARN', value: OTHER }] }] }, {}, {}, ['error HalfSetCredentials']],
    [
      'a pair of its own, and nothing mounted there',
      {
        containers: [
          {
            name: 'c',
            env: [
              { name: 'AWS_ROLE_ARN', value: OTHER },
              { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/tokens/t' },
            ],
          },
        ],
      },
      {},
      {},
      ['error TokenNotMounted', 'warning OwnRole'],
    ],
    [
      'a pair of its own with its token',
      {
        containers: [
          {
            name: 'c',
            env: [
              { name: 'AWS_ROLE_ARN', value: OTHER },
              { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/tokens/t' },
            ],
            volumeMounts: [{ name: 'own', mountPath: '/tokens' }],
          },
        ],
        volumes: [{ name: 'own', projected: { sources: [{ serviceAccountToken: { audience: 'a', path: 't' } }] } }],
      },
      {},
      {},
      ['warning OwnRole'],
    ],
    ['a volume of the name', { volumes: [{ name: 'aws-iam-token', emptyDir: {} }] }, {}, {}, ['error VolumeClash']],
    [
      'another volume at the path',
      { containers: [{ name: 'c', volumeMounts: [{ name: 'v', mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount' }] }] },
      {},
      {},
      ['warning MountPathClash'],
    ],
    [
      'access keys, a profile, files and foreign variables',
      {
        containers: [
          {
            name: 'c',
            env: [
              { name: 'AWS_ACCESS_KEY_ID', value: 'A' },
              { name: 'AWS_SECRET_ACCESS_KEY', value: 'S' },
              { name: 'AWS_PROFILE', value: 'P' },
            ],
            envFrom: [{ secretRef: { name: 's' } }],
            volumeMounts: [{ name: 'v', mountPath: '/root/.aws' }],
          },
        ],
      },
      {},
      {},
      ['error StaticKeysWin', 'warning ProfileSet', 'warning SharedFilesMounted', 'info EnvFromUnseen'],
    ],
    ['half of the access keys', { containers: [{ name: 'c', env: [{ name: 'AWS_ACCESS_KEY_ID', value: 'A' }] }] }, {}, {}, []],
    ['the network of its node', { hostNetwork: true }, {}, {}, ['info HostNetwork']],
    [
      'Windows with EKS Pod Identity',
      { os: { name: 'windows' } },
      {},
      { options: { containerCredentials: defaultContainerCredentials }, identities: new Set(['default/sa']) },
      ['error WindowsPodIdentity'],
    ],
    ['a number for an annotation', {}, { annotations: { 'eks.amazonaws.com/token-expiration': 3600 } }, {}, ['error UndecodablePod']],
    [
      'the account default beside accounts with roles',
      { serviceAccountName: 'default' },
      {},
      { annotations: {}, more: { accountsWithRoles: ['web'] } },
      ['warning OtherAccountsHaveRoles'],
    ],
  ])('finds %s', (_, spec, metadata, given, expected) => expect(codes(podOf(spec, metadata), given)).toEqual(expected));

  it('never tells the value of a variable that is not its own', () => {
    const env = [
      { name: 'AWS_ACCESS_KEY_ID', value: 'canary-1' },
      { name: 'AWS_SECRET_ACCESS_KEY', value: 'canary-2' },
      { name: 'AWS_PROFILE', value: 'canary-3' },
      { name: 'AWS_CONFIG_FILE', value: 'canary-4' },
    ];
    expect(JSON.stringify(report(podOf({ containers: [{ name: 'c', env }] })))).not.toContain('canary');
  });

  it('says so when the review is none', () => {
    const pod = podOf();
    const broken = report(pod, { more: { review: new TextEncoder().encode('{"kind":"AdmissionReview"') } });
    expect(broken).toMatchObject({ outcome: 'undecided', reason: 'UndecodableReview' });
    expect(broken.findings).toMatchObject([{ code: 'UndecodableReview', severity: 'error' }]);
  });

  it('looks at the registration only for pods that get credentials', () => {
    const registration = { kind: 'read', configurations: [], namespaceLabels: {} } as const;
    expect(codes(podOf(), { more: { registration } })).toEqual(['error WebhookNotRegistered']);
    expect(codes(podOf(), { annotations: {}, more: { registration } })).toEqual([]);
    expect(codes(podOf(), { more: { registration: { kind: 'unread', because: 'forbidden' } } })).toEqual(['warning RegistrationUnknown']);
  });
});

describe('a report on a pod that was admitted', () => {
  const given: Given = { options: { region: 'us-west-2', stsRegional: true } };
  const injected = (): Pod => admitted(podOf({ initContainers: [{ name: 'i' }] }), given);

  it('finds nothing in what the webhook itself made, also for EKS Pod Identity and on Windows', () => {
    expect(report(injected(), { ...given, more: live() })).toMatchObject({ reason: 'AlreadyInjected', findings: [] });
    const windows = podOf({ os: { name: 'windows' } });
    expect(codes(admitted(windows), { more: live() })).toEqual([]);
    const agent: Given = { options: { containerCredentials: defaultContainerCredentials }, identities: new Set(['default/sa']) };
    expect(codes(admitted(podOf(), agent), { ...agent, more: live() })).toEqual([]);
  });

  it.each<readonly [string, Given, readonly string[]]>([
    ['another role', { annotations: { 'eks.amazonaws.com/role-arn': OTHER } }, ['error RoleChanged', 'error RoleChanged']],
    [
      'another audience',
      { annotations: { 'eks.amazonaws.com/role-arn': ROLE, 'eks.amazonaws.com/audience': 'other' } },
      ['error AudienceChanged'],
    ],
    [
      'another life of the token',
      { annotations: { 'eks.amazonaws.com/role-arn': ROLE, 'eks.amazonaws.com/token-expiration': '3600' } },
      ['warning ExpirationChanged'],
    ],
    ['no role any more', { annotations: {} }, ['warning RoleRemoved']],
  ])('finds that a new one would get %s', (_, now, expected) =>
    expect(codes(injected(), { ...given, ...now, more: live() })).toEqual(expected),
  );

  it('expects no particular life of a token whose life chance has a part in', () => {
    const agent: Given = { options: { containerCredentials: defaultContainerCredentials }, identities: new Set(['default/sa']) };
    const jittered = JSON.parse(
      JSON.stringify(admitted(podOf(), agent)).replace('"expirationSeconds":86400', '"expirationSeconds":80000'),
    ) as Pod;
    expect(JSON.stringify(jittered)).toContain('80000');
    expect(codes(jittered, { ...agent, more: live() })).toEqual([]);
  });

  it('finds that nothing was injected, and why as far as times tell', () => {
    const bare = podOf({}, { uid: 'u', creationTimestamp: MADE });
    expect(codes(bare, { more: live() })).toEqual(['error NotInjected']);
    const before = '2026-03-01T09:59:59Z';
    const after = '2026-03-01T10:00:01Z';
    const annotatedAt = (time: string): Partial<PodCase> => live({ accountMeta: managed(time, ANNOTATED) });
    expect(codes(bare, { more: annotatedAt(after) })).toEqual(['error CreatedBeforeAnnotation']);
    expect(codes(bare, { more: annotatedAt(before) })).toEqual(['error NotInjected']);
    expect(codes(bare, { more: annotatedAt(MADE) })).toEqual(['error NotInjected']);
    expect(codes(bare, { more: live({ accountMeta: { creationTimestamp: after } }) })).toEqual(['error CreatedBeforeServiceAccount']);
    expect(codes(bare, { more: live({ accountMeta: { creationTimestamp: MADE } }) })).toEqual(['error NotInjected']);
    const elsewhere = managed(after, { 'f:metadata': { 'f:annotations': { 'f:mine': {} } } });
    expect(codes(bare, { more: live({ accountMeta: elsewhere }) })).toEqual(['error NotInjected']);
  });

  it('finds containers that came after the webhook', () => {
    const { spec, ...rest } = injected();
    const pod = { ...rest, spec: { ...spec, containers: [...(spec.containers as object[]), { name: 'late' }] } };
    const { findings } = report(pod, { ...given, more: live() });
    expect(findings).toMatchObject([{ code: 'ContainerNotInjected', message: expect.stringContaining(': late') }]);
  });

  it('finds a token file where nothing is mounted', () => {
    const { spec, ...rest } = admitted(podOf());
    const containers = (spec.containers as object[]).map((container) => ({ ...container, volumeMounts: [] }));
    const { findings } = report({ ...rest, spec: { ...spec, containers } }, { more: live() });
    expect(findings).toMatchObject([
      { code: 'TokenNotMounted', message: `container c looks for its token in ${FILE}, where nothing is mounted` },
    ]);
  });

  it.each([
    ['Deployment', 'ReplicaSet', 'web-7f9', { 'pod-template-hash': '7f9' }, 'kubectl rollout restart deployment/web -n default'],
    ['StatefulSet', 'StatefulSet', 'db', {}, 'kubectl rollout restart statefulset/db -n default'],
    ['Job', 'Job', 'once', {}, 'delete the pod, so that it is made again: kubectl delete pod p -n default'],
  ])('tells how to restart the pods of a %s', (_, kind, name, labels, remedy) => {
    const owned = podOf({}, { uid: 'u', labels, ownerReferences: [{ kind, name, controller: true }] });
    expect(report(owned, { more: live() }).findings[0]?.remedy).toBe(remedy);
  });

  it('is no worse for any member that is not of the pod’s shape', () => {
    for (const member of ['containers', 'initContainers', 'volumes', 'hostNetwork', 'serviceAccountName'])
      for (const value of [null, 1, 'x', [], [null], {}, [{ name: 1, env: 1, volumeMounts: {} }]])
        for (const pod of [podOf({ [member]: value }), admitted(podOf({ [member]: value }))]) {
          const { outcome } = report(pod, { more: live() });
          expect(isJsonObject(pod) && ['injected', 'left-alone', 'undecided']).toContain(outcome);
        }
  });
});
