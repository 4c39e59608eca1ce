import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ControllerServer } from '../../src/app/profile/controller-server.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { type ProfileJourney, profileJourney, settled, wants } from '../support/profile-journey.ts';
import { inWorld } from '../support/worlds/world.ts';

inWorld('the pods of a profile', (world) => {
  let journey: ProfileJourney;
  let controller: ControllerServer;
  beforeAll(async () => {
    journey = await profileJourney(world());
    controller = await journey.startController({}, { reportPods: true });
  });
  afterAll(async () => {
    await journey.deleteProfile('pods');
    await settled(
      () => journey.profile('pods'),
      (left) => left === undefined,
    );
    await controller.close();
  });

  const pod = (name: string, env: readonly object[] = [], serviceAccountName = 'default-editor'): Promise<unknown> =>
    journey.admin.create<KubeObject>(resources.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'pods', name },
      spec: { serviceAccountName, containers: [{ name: 'c', image: 'example.com/i', env }] },
    } as KubeObject);
  const status = (wanted: (status: NonNullable<Profile['status']>) => boolean): Promise<NonNullable<Profile['status']>> =>
    settled(async () => (await journey.profile('pods'))?.status ?? {}, wanted);
  const current = (of: NonNullable<Profile['status']>): string | undefined =>
    of.conditions?.find(({ type }) => type === 'PodsCurrent')?.reason;

  it('are listed in its status when they are older than the role, or have a former one', async () => {
    const [role, next] = await Promise.all([journey.role('pods'), journey.role('pods-next')]);
    await journey.createProfile('pods', wants());
    const ready = await status((of) => of.conditions?.some(({ reason }) => reason === 'Reconciled') === true);
    expect(current(ready)).toBeUndefined();
    await pod('early');
    await pod('viewer', [], 'default-viewer');
    await pod('injected', [{ name: 'AWS_ROLE_ARN', value: role }]);

    await journey.changeProfile('pods', wants(role));
    const older = await status((of) => current(of) === 'PodsNeedRestart');
    expect(older.stalePods).toEqual({ count: 1, names: ['early'] });
    expect(older.conditions?.find(({ type }) => type === 'PodsCurrent')).toMatchObject({
      status: 'False',
      message: `1 pod was made before, and without, ${role} of default-editor: restart early`,
    });
    expect(older.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');

    await journey.changeProfile('pods', wants(next));
    expect((await status((of) => of.stalePods?.count === 2)).stalePods).toEqual({ count: 2, names: ['early', 'injected'] });

    await journey.changeProfile('pods', { plugins: null });
    const none = await status((of) => current(of) === undefined);
    expect([current(none), none.stalePods]).toEqual([undefined, undefined]);
  });
});
