import { describe, expect, it } from 'vitest';
import { closedTrustDocument } from '../../src/iam/trust-document.ts';
import { resources } from '../../src/kube/core/resource.ts';
import type { Action } from '../../src/profile/action.ts';
import type { ProfileEvent } from '../../src/profile/ports.ts';
import { type FaultMix, FaultTally, noFaults } from './world/faults.ts';
import { Scheduler, seededRandom } from './world/scheduler.ts';
import { SimIam } from './world/sim-iam.ts';
import { refKey, SimKube } from './world/sim-kube.ts';
import { SimLease } from './world/sim-lease.ts';
import { SimProcess, type SimWorld } from './world/sim-process.ts';

const ISSUER = 'https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF';
const PROVIDER = `arn:aws:iam::111122223333:oidc-provider/${ISSUER.slice(8)}`;
const ROLE = 'arn:aws:iam::111122223333:role/kf-user-demo';

function world(quota = 2048): {
  readonly sim: SimWorld;
  readonly actions: Action[];
  readonly events: ProfileEvent[];
  set(faults: Partial<FaultMix>): void;
  run(ms: number): Promise<void>;
} {
  const scheduler = new Scheduler(seededRandom(1));
  const actions: Action[] = [];
  const events: ProfileEvent[] = [];
  let faults = noFaults;
  const sim: SimWorld = {
    scheduler,
    kube: new SimKube(scheduler),
    iam: new SimIam(scheduler, quota),
    lease: new SimLease(scheduler),
    tally: new FaultTally(),
    faults: () => faults,
    options: {
      issuer: ISSUER,
      trustPolicyQuota: quota,
      istio: {
        userIdHeader: 'kubeflow-userid',
        userIdPrefix: '',
        gatewayPrincipal: 'g',
        pipelineUiPrincipal: 'p',
        notebookControllerPrincipal: 'n',
      },
    },
    watcher: {
      onIamWrite: () => undefined,
      onIamSettled: () => undefined,
      onPause: () => undefined,
      onRelease: () => undefined,
      onAction: (_process, action) => actions.push(action),
      onEvent: (event) => events.push(event),
      onCount: () => undefined,
    },
  };
  return {
    sim,
    actions,
    events,
    set: (some) => (faults = { ...noFaults, ...some }),
    run: (ms) => scheduler.runUntil(scheduler.now + ms, () => undefined),
  };
}

const profileOf = (role: string) => ({
  owner: { kind: 'User', name: 'a@example.com' },
  plugins: [{ kind: 'AwsIamForServiceAccount', spec: { awsIamRole: role } }],
});
const subjectsOf = (document: string | undefined): unknown => {
  const statement = JSON.parse(document ?? '{}').Statement[0];
  return statement.Condition?.StringEquals?.[`${ISSUER.slice(8)}:sub`] ?? statement.Sid;
};

describe('the life of a profile', () => {
  it('makes the namespace, grants, annotates, and closes the role when the last profile goes', async () => {
    const { sim, actions, run } = world();
    sim.iam.createRole(ROLE, closedTrustDocument(PROVIDER));
    const process = new SimProcess('p1', sim);
    await run(100);
    expect(process.leads).toBe(true);
    sim.kube.createProfile('user-a', profileOf(ROLE));
    await run(3_000);
    expect(subjectsOf(sim.iam.document('kf-user-demo'))).toEqual(['system:serviceaccount:user-a:default-editor']);
    const account = sim.kube.objects.get(
      refKey({ resource: resources.serviceAccounts, namespace: 'user-a', name: 'default-editor' }),
    )?.object;
    expect(account?.metadata.annotations).toEqual({ 'eks.amazonaws.com/role-arn': ROLE });
    expect(sim.kube.profiles.get('user-a')?.status?.conditions?.map((one) => [one.type, one.status, one.reason])).toEqual([
      ['Ready', 'True', 'Reconciled'],
      ['NamespaceReady', 'True', 'NamespaceApplied'],
      ['AccessReady', 'True', 'AccessApplied'],
      ['AwsIamReady', 'True', 'Trusted'],
    ]);
    // With the direct read of the namespace these are nine requests to Kubernetes beside the record.
    expect(actions.map((action) => action.type)).toEqual([
      'add-finalizer',
      ...Array<string>(5).fill('apply-object'),
      'put-record',
      'put-trust-policy',
      'apply-object',
      'set-status',
    ]);
    actions.length = 0;
    await run(600_000);
    expect(actions).toEqual([]);
    sim.kube.deleteProfile('user-a');
    await run(3_000);
    expect(sim.kube.profiles.size).toBe(0);
    expect(subjectsOf(sim.iam.document('kf-user-demo'))).toBe('PodroleClosed');
    expect(actions.map((action) => action.type)).toEqual(['put-record', 'put-trust-policy', 'remove-finalizers']);
  });
});
