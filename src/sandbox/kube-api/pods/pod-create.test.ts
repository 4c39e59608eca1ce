import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../kube/core/object.ts';
import { listKeysOf } from '../patch/list-keys.ts';
import { recordUpdate } from '../patch/managed-fields.ts';
import { invalid, invalidValue } from '../status/field-error.ts';
import { admitPod } from './pod-admission.ts';
import { defaultPod } from './pod-defaults.ts';
import { startingStatus } from './pod-status.ts';
import { admitServiceAccount, type PodAdmission } from './service-account-admission.ts';
import { validatePod } from './validate-pod.ts';

const recorded = (path: string) => JSON.parse(readFileSync(new URL(`../../../../test/conformance/${path}`, import.meta.url), 'utf8'));

const account = (more: object = {}): KubeObject => ({ kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'default' }, ...more });
const pod = (spec: object, name = 'x'): KubeObject => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name, namespace: 'alpha' },
  spec: { ...spec },
});
const main = { name: 'main', image: 'example/app:1' };
const podOf = (outcome: PodAdmission): KubeObject => {
  if (!outcome.ok) throw new Error(outcome.status.message);
  return outcome.pod;
};
const admitted = (defaulted: KubeObject, options: { suffix: string; serviceAccount?: KubeObject }): KubeObject =>
  podOf(admitPod(podOf(admitServiceAccount(defaulted, { serviceAccount: account(), ...options }))));
const managed = (after: KubeObject, now: string) =>
  recordUpdate({ before: undefined, after, manager: 'podrole', apiVersion: 'v1', now: new Date(now), listKeys: listKeysOf('', 'Pod') });

describe('a pod on its way in', () => {
  it('reaches a webhook as the real API server sends it', () => {
    const real: KubeObject = recorded('samples/admission-review.pod.json').request.object;
    const defaulted = defaultPod({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'p1', namespace: 'hooks' },
      spec: { containers: [main] },
    });
    const managedFields = managed(defaulted, '2026-11-24T06:50:54Z');
    expect({ ...admitted(defaulted, { suffix: 'lx5g4' }), metadata: { ...defaulted.metadata, managedFields } }).toEqual(real);
  });

  it('is stored with the status of a waiting pod', () => {
    const real: KubeObject = recorded('samples/pod.created.json');
    const stored = startingStatus(admitted(defaultPod(pod({ containers: [main] })), { suffix: 'bvbff' }));
    expect([stored.spec, stored.status]).toEqual([real.spec, real.status]);
  });

  it('gets every default that the real API server gave it', () => {
    const { request, response } = recorded('samples/recorded/pod.defaults.json');
    const defaulted = defaultPod(request);
    const stored = startingStatus(admitted(defaulted, { suffix: 'rbrsg' }));
    expect([stored.spec, stored.status]).toEqual([response.spec, response.status]);
    expect(managed(defaulted, '2026-11-24T08:43:20Z')).toEqual(response.metadata.managedFields);
  });

  it('is admitted twice as once', () => {
    const once = admitted(defaultPod(pod({ containers: [main], initContainers: [{ ...main, name: 'first' }] })), { suffix: 'aaaaa' });
    expect(admitted(once, { suffix: 'bbbbb' })).toEqual(once);
  });
});

describe('admitServiceAccount', () => {
  it('answers 403 when the account is absent', () => {
    const outcome = admitServiceAccount(pod({ serviceAccountName: 'ghost' }), { serviceAccount: undefined, suffix: 'aaaaa' });
    expect(outcome).toEqual({ ok: false, status: recorded('samples/pod.no-service-account.403.json') });
  });

  it.each([
    ['the pod says no', { automountServiceAccountToken: false }, {}, false],
    ['the account says no', {}, { automountServiceAccountToken: false }, false],
    ['the pod overrules its account', { automountServiceAccountToken: true }, { automountServiceAccountToken: false }, true],
  ])('mounts the token unless told not to: %s', (_, spec, more, mounted) => {
    const result = podOf(admitServiceAccount(pod({ containers: [main], ...spec }), { serviceAccount: account(more), suffix: 'aaaaa' }));
    expect('volumes' in (result.spec as object)).toBe(mounted);
  });

  it('leaves a container alone that mounts something of its own there', () => {
    const volumeMounts = [{ name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }];
    const result = podOf(
      admitServiceAccount(pod({ containers: [{ ...main, volumeMounts }] }), { serviceAccount: account(), suffix: 'aaaaa' }),
    );
    expect(result.spec).toEqual({ containers: [{ ...main, volumeMounts }], serviceAccountName: 'default', serviceAccount: 'default' });
  });

  it("takes the account's pull secrets only where the pod has none", () => {
    const serviceAccount = account({ imagePullSecrets: [{ name: 'pull' }], automountServiceAccountToken: false });
    const secretsOf = (spec: object) =>
      (podOf(admitServiceAccount(pod(spec), { serviceAccount, suffix: 'aaaaa' })).spec as { imagePullSecrets?: unknown }).imagePullSecrets;
    expect([secretsOf({}), secretsOf({ imagePullSecrets: [{ name: 'own' }] })]).toEqual([[{ name: 'pull' }], [{ name: 'own' }]]);
  });
});

describe('admitPod', () => {
  it.each([
    [{ priorityClassName: 'foo' }, 'pods "x" is forbidden: no PriorityClass with name foo was found'],
    [
      { priority: 5 },
      'pods "x" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    ],
  ])('refuses the priority of %j', (spec, message) => {
    const outcome = admitPod(pod(spec));
    expect(outcome.ok ? 'admitted' : [outcome.status.code, outcome.status.message]).toEqual([403, message]);
  });
});

describe('qosClassOf', () => {
  const classOf = (...resources: object[]) =>
    (
      startingStatus(defaultPod(pod({ containers: resources.map((each) => ({ ...main, resources: each })) }))).status as {
        qosClass: string;
      }
    ).qosClass;
  it('follows requests and limits of CPU and memory', () => {
    const full = { limits: { cpu: '1', memory: '1Gi' } };
    expect([classOf(full), classOf(full, {}), classOf({ requests: { cpu: '0' } }), classOf({ requests: { cpu: '10m' } })]).toEqual([
      'Guaranteed',
      'Burstable',
      'BestEffort',
      'Burstable',
    ]);
  });
});

describe('validatePod', () => {
  const kind = { group: '', kind: 'Pod' };
  const messageOf = (spec: object): string | undefined => {
    const errors = validatePod(defaultPod(pod(spec)));
    return errors.length === 0 ? undefined : invalid(kind, 'x', errors).status.message;
  };

  it('answers as the real API server does', () => {
    const real = recorded('samples/pod.invalid.422.json');
    const name = real.details.causes[0];
    const errors = [
      invalidValue('metadata.name', 'Bad_Name', name.message.replace('Invalid value: "Bad_Name": ', '')),
      ...validatePod(defaultPod(pod({ containers: [{ name: 'main' }] }, 'Bad_Name'))),
    ];
    expect(invalid(kind, 'Bad_Name', errors).status).toEqual(real);
  });

  it('has nothing to say about a minimal pod', () => {
    expect(messageOf({ containers: [main] })).toBeUndefined();
  });

  it.each<[object, string]>([
    [{}, 'spec.containers: Required value'],
    [{ containers: [] }, 'spec.containers: Required value'],
    [{ containers: [{ image: 'x' }] }, 'spec.containers[0].name: Required value'],
    [{ containers: [main, main] }, 'spec.containers[1].name: Duplicate value: "main"'],
    [{ containers: [main], initContainers: [main] }, 'spec.initContainers[0].name: Duplicate value: "main"'],
    [
      { containers: [main], restartPolicy: 'Nope' },
      'spec.restartPolicy: Unsupported value: "Nope": supported values: "Always", "OnFailure", "Never"',
    ],
    [
      {
        containers: [
          {
            ...main,
            volumeMounts: [
              { name: 'nope', mountPath: '/x' },
              { name: 'a', mountPath: '/x' },
              { name: 'a', mountPath: '' },
              { name: '', mountPath: '/y:z' },
            ],
          },
        ],
        volumes: [{ name: 'a' }],
      },
      '[spec.containers[0].volumeMounts[0].name: Not found: "nope", spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique, spec.containers[0].volumeMounts[2].mountPath: Required value, spec.containers[0].volumeMounts[3].name: Required value, spec.containers[0].volumeMounts[3].name: Not found: ""]',
    ],
    [
      {
        containers: [main],
        volumes: [
          {
            name: 't',
            projected: {
              sources: [
                { serviceAccountToken: { path: '', expirationSeconds: 599 } },
                { serviceAccountToken: { path: '../x', expirationSeconds: 4294967297 } },
              ],
            },
          },
        ],
      },
      '[spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes, spec.volumes[0].projected.path: Required value, spec.volumes[0].projected.sources[1].serviceAccountToken.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds, spec.volumes[0].projected.path: Invalid value: "../x": must not contain \'..\']',
    ],
    [
      {
        containers: [
          {
            ...main,
            env: [
              { name: '' },
              { name: 'A=B' },
              { name: 'X', value: '1', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'Z', valueFrom: {} },
            ],
          },
        ],
      },
      '[spec.containers[0].env[0].name: Required value, spec.containers[0].env[1].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than \'=\', spec.containers[0].env[2].valueFrom: Invalid value: "": may not be specified when `value` is not empty, spec.containers[0].env[3].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`]',
    ],
    [
      { containers: [{ ...main, imagePullPolicy: 'Foo', terminationMessagePolicy: 'x' }] },
      '[spec.containers[0].terminationMessagePolicy: Unsupported value: "x": supported values: "File", "FallbackToLogsOnError", spec.containers[0].imagePullPolicy: Unsupported value: "Foo": supported values: "Always", "IfNotPresent", "Never"]',
    ],
    [
      { containers: [{ ...main, ports: [{ containerPort: 0 }, { containerPort: 70000, protocol: 'X' }] }] },
      '[spec.containers[0].ports[0].containerPort: Required value, spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive, spec.containers[0].ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"]',
    ],
    [
      { containers: [main], volumes: [{ name: 't', emptyDir: {}, secret: { secretName: 'x' } }] },
      'spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type',
    ],
    [
      { containers: [main], activeDeadlineSeconds: 0 },
      'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
    ],
  ])('says what is wrong with %j', (spec, text) => {
    expect(messageOf(spec)).toBe(`Pod "x" is invalid: ${text}`);
  });
});
