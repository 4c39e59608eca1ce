import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { closedTrustDocument } from '../../src/iam/trust-document.ts';
import { describeAction } from '../../src/profile/action.ts';
import { planProfiles } from '../../src/profile/plan-profiles.ts';
import type { ProfileControllerDeps } from '../../src/profile/ports.ts';
import { FIELD_MANAGER } from '../../src/profile/profile.ts';
import { ISSUER, PROVIDER, ROLE_A, specOf } from './scenario.ts';
import { refKey } from './world/sim-kube.ts';
import { SimProcess } from './world/sim-process.ts';
import { type SmallWorld, smallWorld } from './world/small-world.ts';

/** Ports whose writes fail the test: a dry run may only read. */
function readOnly({ sim }: SmallWorld): ProfileControllerDeps {
  const never = (): never => {
    throw new Error(`a dry run writes as ${FIELD_MANAGER}`);
  };
  const { kube, iam, scheduler } = sim;
  return {
    clock: scheduler.clock('dry run'),
    log: silentLog,
    random: () => 0.5,
    sha256Hex: (text) => createHash('sha256').update(text).digest('hex'),
    processId: 'dry-run',
    lease: { elected: false, remainingMs: () => 0, takenOverAt: () => undefined },
    events: { emit: never },
    metrics: { count: never, set: never },
    callerIdentity: () => Promise.reject(new Error('no credentials')),
    readLabels: () => Promise.resolve(''),
    profiles: {
      list: () => [...kube.profiles.values()],
      get: (name) => kube.profiles.get(name),
      read: (name) => Promise.resolve(kube.profiles.get(name)),
      readAll: () => Promise.resolve([...kube.profiles.values()]),
      addFinalizer: never,
      removeFinalizers: never,
      applyStatus: never,
    },
    objects: {
      get: (ref) => kube.objects.get(refKey(ref))?.object,
      serves: () => true,
      read: (ref) => Promise.resolve(kube.objects.get(refKey(ref))?.object),
      apply: never,
      delete: never,
      removeEntry: never,
    },
    records: {
      list: () => Promise.resolve([...kube.records.values()]),
      read: (name) => Promise.resolve(kube.records.get(name)),
      put: never,
      delete: never,
    },
    trustPolicies: { getRole: (name) => Promise.resolve(iam.read(name)), updateTrustPolicy: never },
  };
}

it('a dry run says in order what would be done, and does nothing', async () => {
  const world = smallWorld();
  world.sim.iam.createRole(ROLE_A, closedTrustDocument(PROVIDER));
  world.sim.kube.createProfile('user-a', specOf({ kind: 'trust', role: ROLE_A }));
  const actions = await planProfiles(readOnly(world), { issuer: ISSUER });
  const lines = actions.map(describeAction);
  expect(lines.filter((line) => !line.startsWith('record'))).toEqual([
    'add finalizer podrole.dev/aws-iam to Profile user-a',
    'apply Namespace user-a',
    'apply ServiceAccount user-a/default-viewer',
    'apply AuthorizationPolicy user-a/ns-owner-access-istio',
    'apply RoleBinding user-a/default-editor',
    'apply RoleBinding user-a/default-viewer',
    'apply RoleBinding user-a/namespaceAdmin',
    `write the trust policy of ${ROLE_A}: + system:serviceaccount:user-a:default-editor (512 of 2048 characters)`,
    'apply ServiceAccount user-a/default-editor',
    'set status of Profile user-a: Ready=True (Reconciled), NamespaceReady=True (NamespaceApplied), AccessReady=True (AccessApplied), AwsIamReady=True (Trusted)',
  ]);
});

it('a dry run of a converged world says nothing', async () => {
  const world = smallWorld();
  world.sim.iam.createRole(ROLE_A, closedTrustDocument(PROVIDER));
  world.sim.kube.createProfile('user-a', specOf({ kind: 'trust', role: ROLE_A }));
  new SimProcess('p1', world.sim);
  await world.run(30_000);
  const actions = await planProfiles(
    {
      ...readOnly(world),
      objects: { ...readOnly(world).objects, serves: () => false },
      readLabels: () => Promise.resolve('app.kubernetes.io/part-of: kubeflow-profile\n'),
    },
    { issuer: ISSUER },
  );
  expect(actions.map(describeAction)).toEqual([]);
});
