import { describe, expect, it } from 'vitest';
import type { ProfileControllerDeps } from '../../src/profile/ports.ts';
import { admitted, allow, closed, condition, policy, started, trust } from './journey-helpers.ts';
import { ROLE_A, subjectOfProfile } from './scenario.ts';
import type { SimWorld } from './world/sim-world.ts';
import { type SmallWorld, smallWorld } from './world/small-world.ts';

const NAME = 'kf-user-demo';
const ec2 = { Sid: 'Ec2', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };

interface Watched extends SmallWorld {
  /** What was asked of IAM, in order: reads by the document that they began with, writes by the one that was sent. */
  readonly calls: { readonly call: 'read' | 'write'; readonly document: string | undefined }[];
}

/**
 * A world in which somebody else acts just ahead of the controller's second (or another) look at the role, which sees it. The third look is
 * the one beside the write: it is answered at once, so that it is ahead of the write for certain.
 */
function betweenLooks(act: (sim: SimWorld) => void, look = 2): Watched {
  const world = smallWorld();
  const calls: Watched['calls'] = [];
  let looks = 0;
  const tamper = (deps: ProfileControllerDeps): ProfileControllerDeps => ({
    ...deps,
    trustPolicies: {
      getRole: (role, signal) => {
        looks += 1;
        if (looks === look) act(world.sim);
        const document = world.sim.iam.document(role);
        calls.push({ call: 'read', document });
        if (looks === look && look > 2 && document !== undefined)
          return Promise.resolve({ kind: 'found', role: { arn: ROLE_A, document } });
        return deps.trustPolicies.getRole(role, signal);
      },
      updateTrustPolicy: (role, document, options, signal) => {
        calls.push({ call: 'write', document });
        return deps.trustPolicies.updateTrustPolicy(role, document, options, signal);
      },
    },
  });
  return { ...world, sim: { ...world.sim, tamper }, calls };
}

describe('the second look at a role, just ahead of a write', () => {
  it('finds another document: nothing is written from the old one, the edit is planned anew', async () => {
    const foreign = policy(ec2);
    const world = betweenLooks((sim) => void sim.iam.write(NAME, foreign, 'foreign'));
    await started(world);
    world.sim.iam.createRole(ROLE_A, closed);
    world.sim.kube.createProfile('user-a', trust(ROLE_A));
    await world.run(5_000);
    expect(world.calls.slice(0, 6).map(({ call, document }) => [call, call === 'read' ? document : undefined])).toEqual([
      ['read', closed],
      ['read', foreign],
      ['read', foreign],
      ['read', foreign],
      ['read', foreign],
      ['write', undefined],
    ]);
    expect(world.calls.filter(({ call }) => call === 'write')).toHaveLength(1);
    expect(JSON.parse(world.sim.iam.document(NAME) ?? '').Statement[0]).toEqual(ec2);
    expect(admitted(world, NAME)).toEqual([subjectOfProfile('user-a')]);
  });

  it.each([
    [
      'another role of that name, whose document is the same',
      (sim: SimWorld) => sim.iam.createRole(ROLE_A.replace(':role/', ':role/team/'), closed),
      'RoleMismatch',
    ],
    ['no role any more', (sim: SimWorld) => sim.iam.deleteRole(NAME), 'RoleNotFound'],
  ])('finds %s: nothing is written', async (_what, act, reason) => {
    const world = betweenLooks(act);
    await started(world);
    world.sim.iam.createRole(ROLE_A, closed);
    world.sim.kube.createProfile('user-a', trust(ROLE_A));
    await world.run(30_000);
    expect(world.calls.length).toBeGreaterThan(2);
    expect(world.calls.filter(({ call }) => call === 'write')).toEqual([]);
    expect(condition(world, 'user-a')).toEqual(['False', reason]);
  });
});

describe('a read sent just ahead of a write and answered beside it', () => {
  it('shows an edit that the write overwrites: it is reported once, by what it added', async () => {
    const { Statement } = JSON.parse(closed) as { readonly Statement: readonly object[] };
    const world = betweenLooks((sim) => void sim.iam.write(NAME, policy(...Statement, ec2), 'foreign'), 3);
    await started(world);
    world.sim.iam.createRole(ROLE_A, closed);
    world.sim.kube.createProfile('user-a', trust(ROLE_A));
    await world.run(60_000);
    expect(world.sim.iam.document(NAME)).not.toContain('Ec2');
    expect(world.events.filter(({ reason }) => reason === 'ForeignEditLost').map(({ message }) => message)).toEqual([
      `${NAME}: an edit of somebody else fell between our read and our write and was overwritten: statement Ec2 was added; make it again`,
    ]);
  });

  it('shows nothing where nobody else writes', async () => {
    const world = betweenLooks(() => undefined, 3);
    await started(world);
    world.sim.iam.createRole(ROLE_A, closed);
    world.sim.kube.createProfile('user-a', trust(ROLE_A));
    await world.run(60_000);
    expect(admitted(world, NAME)).toEqual([subjectOfProfile('user-a')]);
    expect(world.events.filter(({ type }) => type === 'Warning')).toEqual([]);
  });
});

describe('a subject of the record that is missing from the role', () => {
  it('is not granted again on the word of a cache: its profile is looked at, and is gone', async () => {
    const world = await started(smallWorld());
    const { sim, run, set, actions } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(30_000);
    expect(admitted(world, NAME)).toEqual([subjectOfProfile('user-a')]);
    set({ missedEvent: 1 });
    sim.kube.deleteProfile('user-a');
    sim.kube.forceProfile('user-a');
    sim.iam.write(NAME, closed, 'foreign');
    actions.length = 0;
    await run(60_000);
    expect(sim.kube.profiles.size).toBe(0);
    expect(actions.filter((action) => action.type === 'put-trust-policy')).toEqual([]);
    expect(sim.iam.document(NAME)).toBe(closed);
  });
});

describe('a role that may be named only for its tag', () => {
  it('is not written to while it does not carry the tag, whatever it holds', async () => {
    const world = await started(smallWorld({ options: { allowedRoles: [{ kind: 'tag', key: 'team', value: 'ml' }] } }));
    const { sim, run, actions } = world;
    const theirs = policy(allow(['system:serviceaccount:ops:deployer'], 'Theirs'));
    sim.iam.createRole(ROLE_A, theirs);
    const { writes } = sim.iam;
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(30_000);
    expect(condition(world, 'user-a')).toEqual(['False', 'RoleNotAllowed']);
    expect([sim.iam.document(NAME), sim.iam.writes]).toEqual([theirs, writes]);
    expect(actions.filter((action) => action.type === 'put-trust-policy')).toEqual([]);
  });
});
