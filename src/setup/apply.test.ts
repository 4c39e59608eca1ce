import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { planFor } from '../../test/support/setup-plans.ts';
import { intercepted, OWN_TAGS, SetupWorld } from '../../test/support/setup-world.ts';
import { carryOut, type Work } from './apply.ts';
import type { Plan } from './plan.ts';
import type { SetupPorts } from './ports.ts';

const work = (plan: Plan, more: Partial<Work> = {}): Work => ({
  items: plan.items,
  tags: plan.tags,
  clock: new FakeClock(),
  told: () => undefined,
  ...more,
});

/** Ports of which one call does something else. */
const instead = (ports: SetupPorts, name: string, answer: (run: () => Promise<unknown>) => Promise<unknown>): SetupPorts =>
  intercepted(ports, (call, run) => (call.name === name ? answer(run) : run()));

describe('carrying out a plan', () => {
  it('tells every step as it ends, roles before what hangs on them', async () => {
    const world = new SetupWorld();
    const told: string[] = [];
    await carryOut(world.ports(), work(await planFor(world), { told: ({ item, ok }) => told.push(`${ok} ${item.object.split('/')[0]}`) }));
    expect(told.slice(0, 4).sort()).toEqual(['true namespace', 'true provider', 'true role', 'true role']);
    expect(told.slice(4).sort()).toEqual([...Array(2).fill('true policy'), ...Array(4).fill('true serviceaccount')]);
  });

  it('writes nothing while something is in conflict', async () => {
    const world = new SetupWorld();
    world.putRole('kf-user-demo', {});
    const before = world.snapshot();
    await expect(carryOut(world.ports(), work(await planFor(world)))).rejects.toMatchObject({
      code: 'plan-has-conflicts',
      message: 'nothing was written: role/kf-user-demo: exists, made by somebody who left no mark',
      hint: '--adopt takes it over, --role-names names this cluster’s roles otherwise',
    });
    expect(world.snapshot()).toEqual(before);
  });

  it('goes on with a phase when one of its steps fails, and stops after it', async () => {
    const world = new SetupWorld();
    const told: string[] = [];
    const ports = instead(world.ports(), 'aws.createProvider', () => Promise.reject(new Error('Throttling')));
    await expect(
      carryOut(ports, work(await planFor(world), { told: ({ item, ok }) => told.push(`${ok} ${item.object}`) })),
    ).rejects.toMatchObject({ code: 'setup-incomplete', retry: 'backoff', message: expect.stringContaining('Throttling') });
    expect(told.filter((line) => line.startsWith('false'))).toHaveLength(1);
    expect(Object.keys(world.state.roles)).toEqual(['kf-admin-demo', 'kf-user-demo']);
    expect(world.state.accounts).toEqual({});
  });

  it('ends between phases when it is told to stop, and says how far it came', async () => {
    const world = new SetupWorld();
    const stop = new AbortController();
    const ports = intercepted(world.ports(), async (call, run) => {
      if (call.name === 'aws.createRole') stop.abort('SIGINT');
      return run();
    });
    await expect(carryOut(ports, work(await planFor(world)), stop.signal)).rejects.toMatchObject({
      code: 'setup-interrupted',
      message: 'stopped with 4 of 10 steps done',
    });
    expect(Object.keys(world.state.roles)).toEqual(['kf-admin-demo', 'kf-user-demo']);
    await carryOut(world.ports(), work(await planFor(world)));
    expect((await planFor(world)).items.every(({ verb }) => verb === 'keep')).toBe(true);
  });
});

describe('a new role that IAM does not show everywhere yet', () => {
  it('is waited for', async () => {
    const world = new SetupWorld();
    const clock = new FakeClock();
    let refusals = 0;
    const ports = instead(world.ports(), 'aws.putInlinePolicy', async (run) => {
      if (clock.monotonic() >= 12_000) return run();
      refusals += 1;
      return 'absent';
    });
    const done = carryOut(ports, work(await planFor(world), { clock }));
    await clock.advance(12_500);
    await clock.advance(4_000);
    await done;
    expect(refusals).toBeGreaterThan(4);
    expect(Object.keys(world.state.roles['kf-admin-demo']!.inline)).toHaveLength(2);
  });

  it('is given up after 30 seconds, by name', async () => {
    const world = new SetupWorld();
    const clock = new FakeClock();
    const ports = instead(world.ports(), 'aws.putInlinePolicy', async () => 'absent');
    const done = expect(carryOut(ports, work(await planFor(world), { clock }))).rejects.toMatchObject({
      code: 'setup-incomplete',
      message: expect.stringContaining('role kf-admin-demo cannot be found, 30 s after'),
    });
    await clock.advance(60_000);
    await done;
  });
});

describe('what appears between plan and act', () => {
  it('is taken for our own by its tags when the answer to its creation was lost', async () => {
    const world = new SetupWorld();
    const plan = await planFor(world);
    // The SDK tries again by itself and hears that the role exists.
    const ports = instead(world.ports(), 'aws.createRole', async (run) => {
      await run();
      return run();
    });
    await carryOut(ports, work(plan));
    expect((await planFor(world)).items.every(({ verb }) => verb === 'keep')).toBe(true);
  });

  it.each(['profile/team-a', 'setup/adopted'])('is left alone when its owner for this cluster is %s', async (owner) => {
    const world = new SetupWorld();
    const plan = await planFor(world);
    world.putRole('kf-user-demo', { tags: { ...OWN_TAGS, 'podrole.dev/owner': owner } });
    await expect(carryOut(world.ports(), work(plan))).rejects.toMatchObject({
      message: expect.stringContaining('somebody else made role kf-user-demo meanwhile'),
    });
  });

  it('is left alone when it is somebody else’s', async () => {
    const world = new SetupWorld();
    const plan = await planFor(world);
    world.putRole('kf-user-demo', { trustPolicy: '{"theirs":true}' });
    world.state.providers['arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/AAAA0000AAAA0000AAAA0000AAAA0000'] =
      {
        clientIds: ['other'],
        thumbprints: [],
        tags: {},
      };
    const before = world.snapshot();
    const failure = await carryOut(world.ports(), work(plan)).catch((error: Error) => error.message);
    expect(failure).toContain('somebody else made role kf-user-demo meanwhile');
    expect(failure).toContain('without the audience sts.amazonaws.com');
    expect(world.state.roles['kf-user-demo']).toEqual(before.roles['kf-user-demo']);
    expect(world.state.providers).toEqual(before.providers);
  });
});
