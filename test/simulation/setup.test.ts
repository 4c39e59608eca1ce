import { describe, expect, it } from 'vitest';
import { type Asked, destroyGoneWith, destroyWith, planWith, setupOptions } from '../../src/app/run-setup.ts';
import type { SetupPorts } from '../../src/setup/ports.ts';
import { inRounds, intercepted, type PortCall, REGION, roleArn, type SetupState, SetupWorld } from '../support/setup-world.ts';

const REQUEST = {
  cluster: 'demo',
  region: REGION,
  namespace: 'kubeflow',
  enablePodIamPolicy: true,
  enableNodeGroupLog: true,
  outside: [],
};
const asked = (given: Parameters<typeof setupOptions>[0] = {}): Asked => ({
  request: REQUEST,
  region: REGION,
  options: setupOptions(given).options,
});
const CONSENT = { deleteProfiles: true, detachPolicies: true, retain: [] };

const apply = async (ports: SetupPorts, ask = asked()): Promise<void> => (await planWith(ask, ports)).apply(() => undefined);
const destroy = async (ports: SetupPorts, ask = asked()): Promise<void> => (await destroyWith(ask, ports, CONSENT)).apply(() => undefined);

/** What others have in the same account and cluster; none of it may change. */
function foreign(world: SetupWorld): void {
  world.putRole('team-a', { trustPolicy: '{"Statement":[]}', inline: { own: '{}' }, attached: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] });
  world.state.namespaces['team-a'] = { made: false };
  world.state.accounts['team-a/default'] = { roleArn: roleArn('team-a'), annotators: ['kubectl'], made: false, others: ['kubectl'] };
  world.state.accounts['kubeflow/alb-ingress-controller'] = { annotators: [], made: false, others: ['kubectl'] };
  world.state.namespaces.kubeflow = { made: false };
}

/** What users do between setup and its end. */
function usersAtWork({ state }: SetupWorld): void {
  state.roles['kf-user-demo']?.attached.push('arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess');
  state.profiles['team-b'] = [roleArn('kf-user-demo')];
}

class Crash extends Error {}

/** Ends the run at its `at`-th write: before it, or after it took effect with the answer lost. Whatever else is under way stays unheard. */
function crashing(ports: SetupPorts, { at, effect }: { readonly at: number; readonly effect: boolean }): SetupPorts {
  let writes = 0;
  return intercepted(ports, async (call, run) => {
    if (!call.write) return run();
    writes += 1;
    if (writes < at) return run();
    if (writes === at && effect) await run();
    throw new Crash(call.name);
  });
}

async function countWrites(make: () => Promise<SetupWorld>, run: (ports: SetupPorts) => Promise<void>): Promise<number> {
  const world = await make();
  let writes = 0;
  await run(
    intercepted(world.ports(), (call, go) => {
      if (call.write) writes += 1;
      return go();
    }),
  );
  return writes;
}

const fresh = async (): Promise<SetupWorld> => {
  const world = new SetupWorld();
  foreign(world);
  return world;
};

const installed = async (): Promise<SetupWorld> => {
  const world = await fresh();
  await apply(world.ports());
  usersAtWork(world);
  return world;
};

/** A kfctl installation that is to be taken over. */
const byKfctl = async (): Promise<SetupWorld> => {
  const world = await fresh();
  const admin = 'arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/AAAA0000AAAA0000AAAA0000AAAA0000';
  const key = admin.slice(admin.indexOf('/') + 1);
  const trustPolicy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: admin },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${key}:aud`]: ['sts.amazonaws.com'], [`${key}:sub`]: ['system:serviceaccount:kubeflow:kf-admin'] } },
      },
    ],
  });
  world.state.providers[admin] = { clientIds: ['sts.amazonaws.com'], thumbprints: [], tags: {} };
  world.putRole('kf-admin-demo', {
    trustPolicy,
    tags: { 'kubeflow/cluster-name': 'kf-admin-demo' },
    inline: { iam_alb_ingress_policy: '{}', iam_profile_controller_policy: '{}' },
  });
  world.putRole('kf-user-demo', { trustPolicy, tags: { 'kubeflow/cluster-name': 'kf-user-demo' } });
  return world;
};

const journeys = [
  { name: 'apply', make: fresh, run: (ports: SetupPorts) => apply(ports) },
  {
    name: 'apply, one role per component',
    make: fresh,
    run: (ports: SetupPorts) =>
      apply(ports, asked({ layout: 'least-privilege', loadBalancerController: 'v2', fsx: true, pipelinesBucket: 'bucket' })),
  },
  { name: 'taking over from kfctl', make: byKfctl, run: (ports: SetupPorts) => apply(ports, asked({ adopt: true })) },
  { name: 'destroy', make: installed, run: (ports: SetupPorts) => destroy(ports) },
] as const;

/** Parts of the world that are nobody's business here. */
const others = ({ roles, namespaces, accounts }: SetupState): object => ({
  role: roles['team-a'],
  namespace: namespaces['team-a'],
  account: accounts['team-a/default'],
});

describe('a cluster that was deleted before its setup', () => {
  const gone = async (): Promise<SetupWorld> => {
    const world = await installed();
    world.cluster = undefined;
    return world;
  };
  const take = async (world: SetupWorld, retain: readonly string[] = []): Promise<void> => {
    const consent = { ...CONSENT, retain };
    const prepared = await destroyGoneWith(asked(), world.ports().aws, { consent, issuer: undefined });
    await prepared.apply(() => undefined);
  };

  it('leaves nothing of setup’s in AWS, and everything of others', async () => {
    const world = await gone();
    const before = world.snapshot();
    await take(world);
    expect(Object.keys(world.state.roles)).toEqual(['team-a']);
    expect(world.state.providers).toEqual({});
    const { accounts, namespaces, profiles } = world.snapshot();
    expect({ accounts, namespaces, profiles }).toEqual({
      accounts: before.accounts,
      namespaces: before.namespaces,
      profiles: before.profiles,
    });
  });

  it('is thought of where the cluster is not found', async () => {
    await expect(destroy((await gone()).ports())).rejects.toMatchObject({
      code: 'cluster-not-found',
      hint: expect.stringContaining('--cluster-gone'),
    });
  });

  it('keeps its hands off when what is to be retained is misspelt, or the cluster is there', async () => {
    const world = await gone();
    const before = world.snapshot();
    await expect(take(world, ['role/kf-user-demmo'])).rejects.toMatchObject({ code: 'retain-unknown' });
    world.cluster = (await installed()).cluster;
    await expect(take(world)).rejects.toMatchObject({ code: 'cluster-exists' });
    expect(world.snapshot()).toEqual(before);
  });
});

describe.each(journeys)('a crash at every write of $name', ({ make, run }) => {
  it.each([
    ['before it takes effect', false],
    ['after it took effect, with the answer lost', true],
  ])('%s, and a second run, end as an uncrashed run does', async (_, effect) => {
    const whole = await make();
    const before = others(whole.snapshot());
    await run(whole.ports());
    const writes = await countWrites(make, run);
    expect(writes).toBeGreaterThan(5);
    for (let at = 1; at <= writes; at += 1) {
      const world = await make();
      await expect(run(crashing(world.ports(), { at, effect }))).rejects.toThrow();
      await run(world.ports());
      expect(world.snapshot()).toEqual(whole.snapshot());
      expect(others(world.snapshot())).toEqual(before);
    }
  });

  it('writes nothing more when it is run again', async () => {
    const world = await make();
    await run(world.ports());
    const calls: PortCall[] = [];
    await run(
      intercepted(world.ports(), (call, go) => {
        calls.push(call);
        return go();
      }),
    );
    expect(calls.filter(({ write }) => write)).toEqual([]);
  });
});

describe('destroy', () => {
  it('leaves of a whole installation nothing but the namespace and what others own', async () => {
    const untouched = (await fresh()).snapshot();
    const world = await installed();
    await destroy(world.ports());
    expect(world.snapshot()).toEqual(untouched);
  });
});

describe('two runs at once', () => {
  it('both succeed, and leave what one leaves', async () => {
    const alone = await fresh();
    await apply(alone.ports());
    const world = await fresh();
    // In rounds, so that each reads before the other has written anything.
    const { ports } = inRounds(world.ports());
    await Promise.all([apply(ports), apply(ports)]);
    expect(world.snapshot()).toEqual(alone.snapshot());
  });
});

describe('the number of calls', () => {
  it('is one per fact and one per change, four round trips deep', async () => {
    const world = new SetupWorld();
    const seed: Asked = { request: { ...REQUEST, enableNodeGroupLog: false }, region: REGION };
    const { ports, calls, rounds } = inRounds(world.ports());
    await apply(ports, seed);
    expect(rounds()).toBe(4);
    const names = calls.map(
      ({ name, args }) =>
        `${name} ${
          typeof args[0] === 'string'
            ? args
                .slice(0, 2)
                .filter((arg) => typeof arg === 'string')
                .join(' ')
                .slice(0, 60)
            : ''
        }`,
    );
    expect(new Set(names.filter((name) => name.startsWith('aws.') && !name.startsWith('aws.create'))).size).toBe(
      names.filter((name) => name.startsWith('aws.') && !name.startsWith('aws.create')).length,
    );
    const aws = (write: boolean): number => calls.filter((call) => call.name.startsWith('aws.') && call.write === write).length;
    // Identity, cluster, provider, two roles and kfctl's other names for them, the admin role's list of policies and two of them.
    expect(aws(false)).toBe(10);
    // A provider, two roles, two policies.
    expect(aws(true)).toBe(5);
  });
});
