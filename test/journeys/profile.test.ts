import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControllerServer } from '../../src/app/profile/controller-server.ts';
import { trustDocument } from '../../src/iam/trust-document.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { desiredNamespace, desiredRoleBindings, desiredServiceAccount } from '../../src/profile/desired-objects.ts';
import { type ProfileJourney, profileJourney, settled, wants } from '../support/profile-journey.ts';
import { startPodrole } from '../support/run-podrole.ts';
import { openApiDoor } from '../support/worlds/api-door.ts';
import { inWorld, openSecondWorldOfRun, openWorldOfRun, type World, worldSkipped } from '../support/worlds/world.ts';

const AUDIENCE = 'sts.amazonaws.com';
const subjectOf = (profile: string): string => `system:serviceaccount:${profile}:default-editor`;
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

inWorld('a profile', (world) => {
  let journey: ProfileJourney;
  let controller: ControllerServer;
  beforeAll(async () => {
    journey = await profileJourney(world());
    controller = await journey.startController();
  });
  afterAll(async () => {
    await journey.clear();
    await controller.close();
  });

  const trusted = (role: string, wanted: readonly string[]): Promise<readonly string[]> =>
    settled(
      () => journey.trusted(role),
      (found) => same(found, wanted),
    );
  const carried = (profile: string, wanted: string | undefined): Promise<string | undefined> =>
    settled(
      () => journey.carried(profile),
      (found) => found === wanted,
    );
  const reason = (profile: string, type: string, wanted: string): Promise<readonly [string, string] | undefined> =>
    settled(
      () => journey.condition(profile, type),
      (found) => found?.[1] === wanted,
    );
  const gone = (profile: string): Promise<unknown> =>
    settled(
      () => journey.profile(profile),
      (found) => found === undefined,
    );

  describe.concurrent('on a role of podrole’s own', () => {
    it('gets its namespace and its role, and gives both back', async ({ expect }) => {
      const role = await journey.role('life');
      await journey.createProfile('life', wants(role));
      expect(await reason('life', 'Ready', 'Reconciled')).toEqual(['True', 'Reconciled']);
      expect(await journey.trusted('life')).toEqual(['life:default-editor']);
      expect(await journey.carried('life')).toBe(role);
      await journey.deleteProfile('life');
      expect(await gone('life')).toBeUndefined();
      expect(await journey.trusted('life')).toEqual([]);
    });

    it('moves from one role to another', async ({ expect }) => {
      const [before, after] = [await journey.role('move-a'), await journey.role('move-b')];
      await journey.createProfile('move', wants(before));
      expect(await carried('move', before)).toBe(before);
      await journey.changeProfile('move', wants(after));
      expect(await carried('move', after)).toBe(after);
      expect(await trusted('move-a', [])).toEqual([]);
      expect(await journey.trusted('move-b')).toEqual(['move:default-editor']);
    });

    it('loses the role with its plugin', async ({ expect }) => {
      const role = await journey.role('plugin');
      await journey.createProfile('plugin', wants(role));
      expect(await carried('plugin', role)).toBe(role);
      await journey.changeProfile('plugin', { plugins: null });
      expect(await carried('plugin', undefined)).toBeUndefined();
      expect(await trusted('plugin', [])).toEqual([]);
      expect(await reason('plugin', 'AwsIamReady', 'NoPlugin')).toEqual(['True', 'NoPlugin']);
    });

    it('flips annotateOnly, and hears that the role does not trust it then', async ({ expect }) => {
      const role = await journey.role('flip');
      await journey.createProfile('flip', wants(role));
      expect(await carried('flip', role)).toBe(role);
      await journey.changeProfile('flip', wants(role, { annotateOnly: true }));
      expect(await trusted('flip', [])).toEqual([]);
      expect((await reason('flip', 'AwsIamReady', 'AnnotatedNotTrusted'))?.[1]).toBe('AnnotatedNotTrusted');
      expect(await journey.carried('flip')).toBe(role);
      await journey.changeProfile('flip', wants(role, { annotateOnly: false }));
      expect(await trusted('flip', ['flip:default-editor'])).toEqual(['flip:default-editor']);
    });

    it('is refused another owner, with a reason', async ({ expect }) => {
      await journey.createProfile('owner', wants(undefined, { owner: 'first@example.com' }));
      expect(await reason('owner', 'Ready', 'Reconciled')).toEqual(['True', 'Reconciled']);
      await journey.changeProfile('owner', { owner: { kind: 'User', name: 'second@example.com' } });
      expect(await reason('owner', 'NamespaceReady', 'OwnerChangeRefused')).toEqual(['False', 'OwnerChangeRefused']);
      const namespace = await journey.admin.get(resources.namespaces, { name: 'owner' });
      expect(namespace.metadata.annotations?.owner).toBe('first@example.com');
    });

    it('is deleted although its role is gone', async ({ expect }) => {
      const role = await journey.role('vanishing');
      await journey.createProfile('vanishing', wants(role));
      expect(await carried('vanishing', role)).toBe(role);
      await journey.roles.delete('vanishing');
      await journey.deleteProfile('vanishing');
      expect(await gone('vanishing')).toBeUndefined();
    });

    it('is trusted again after somebody overwrote the role, whose own statement stays', async ({ expect }) => {
      const role = await journey.role('overwritten');
      await journey.createProfile('overwritten', wants(role));
      expect(await carried('overwritten', role)).toBe(role);
      const ec2 = { Sid: 'Ec2', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
      await journey.roles.updateTrustPolicy('overwritten', JSON.stringify({ Version: '2012-10-17', Statement: [ec2] }));
      expect(await trusted('overwritten', ['overwritten:default-editor'])).toEqual(['overwritten:default-editor']);
      const healed = JSON.parse((await journey.roles.get('overwritten'))?.trustPolicy ?? '') as { readonly Statement: readonly object[] };
      expect(healed.Statement[0]).toEqual(ec2);
    });

    it('shares a role with 39 others as far as the quota goes; nobody who is in loses', async ({ expect }) => {
      const role = await journey.role('crowd');
      const names = Array.from({ length: 40 }, (_, index) => `crowd-${String(index).padStart(2, '0')}`);
      for (const name of names.slice(0, 20)) await journey.createProfile(name, wants(role));
      const first = names.slice(0, 20).map((name) => `${name}:default-editor`);
      expect(await trusted('crowd', first)).toEqual(first);
      await Promise.all(names.slice(20).map((name) => journey.createProfile(name, wants(role))));
      const outcomes = await settled(
        () => Promise.all(names.map(async (name) => (await journey.condition(name, 'AwsIamReady'))?.[1])),
        (found) => found.every((one) => one === 'Trusted' || one === 'TrustPolicyFull'),
      );
      const inside = names.filter((_, index) => outcomes[index] === 'Trusted').map((name) => `${name}:default-editor`);
      expect(await journey.trusted('crowd')).toEqual(inside);
      expect(inside).toEqual(expect.arrayContaining(first));
      const outside = names.filter((_, index) => outcomes[index] === 'TrustPolicyFull');
      expect(outside.length).toBeGreaterThan(0);
      const said = (await journey.profile(outside[0] ?? ''))?.status?.conditions?.find((one) => one.type === 'AwsIamReady');
      expect(said?.message).toMatch(/\d+ of 2048 characters .*ask AWS for a larger ACLSizePerRole/);
      // Room that becomes free is given to one who waits.
      await journey.deleteProfile(names[0] ?? '');
      const after = await settled(
        () => journey.trusted('crowd'),
        (found) => found.length === inside.length && !found.includes(inside[0] ?? ''),
      );
      expect(after).toEqual(expect.arrayContaining(inside.slice(1)));
      expect(after).toHaveLength(inside.length);
    });
  });

  it('of an upstream installation is taken over without touching what is as it should be', async () => {
    const { admin, providerArn } = journey;
    const policy = trustDocument({ providerArn, audience: AUDIENCE, subjects: [subjectOf('taken')] });
    const role = await journey.role('taken', policy);
    await controller.close();
    const profile = await journey.createProfile('taken', wants(role), ['profile-finalizer']);
    const objects = [
      desiredNamespace(profile, undefined, new Map()),
      desiredServiceAccount(profile, 'default-editor', role, undefined),
      desiredServiceAccount(profile, 'default-viewer', undefined, undefined),
      ...desiredRoleBindings(profile, () => undefined),
    ];
    for (const { resource, object } of objects) await admin.create(resource, object, { fieldManager: 'manager' });
    const versions = (): Promise<readonly unknown[]> =>
      Promise.all(
        objects.map(async ({ resource, object }) => {
          const { name = '', namespace } = object.metadata;
          const found = await admin.get<KubeObject>(resource, namespace === undefined ? { name } : { namespace, name });
          return [resource.plural, name, found.metadata.managedFields?.map(({ manager }) => manager)];
        }),
      );
    const before = await versions();
    controller = await journey.startController();
    expect(await reason('taken', 'Ready', 'Reconciled')).toEqual(['True', 'Reconciled']);
    expect(await versions()).toEqual(before);
    expect((await journey.roles.get('taken'))?.trustPolicy).toBe(policy);
    await journey.deleteProfile('taken');
    expect(await gone('taken')).toBeUndefined();
    expect(await journey.trusted('taken')).toEqual([]);
  });

  it('stays while IAM cannot be asked, says so, and goes when it can', async () => {
    const role = await journey.role('outage');
    await journey.createProfile('outage', wants(role));
    expect(await carried('outage', role)).toBe(role);
    world().sandbox.aws.setFault({ operation: 'iam:GetRole', kind: 'InternalFailure', times: Number.POSITIVE_INFINITY });
    await journey.deleteProfile('outage');
    const told = await settled(
      () => journey.condition('outage', 'AwsIamReady'),
      (found) => found?.[1] === 'IamRefused' || found?.[1] === 'IamUnavailable',
    );
    expect(told?.[0]).toBe('False');
    expect((await journey.profile('outage'))?.metadata.finalizers).toContain('podrole.dev/aws-iam');
    expect((await journey.admin.get(resources.namespaces, { name: 'outage' })).metadata.deletionTimestamp).toBeUndefined();
    world().sandbox.aws.clearFaults();
    expect(await gone('outage')).toBeUndefined();
    expect(await journey.trusted('outage')).toEqual([]);
  });

  it('can be forced to go while IAM cannot be asked, and its subject goes when it can', async () => {
    const role = await journey.role('forced');
    await journey.createProfile('forced', wants(role));
    expect(await carried('forced', role)).toBe(role);
    world().sandbox.aws.setFault({ operation: 'iam:GetRole', kind: 'InternalFailure', times: Number.POSITIVE_INFINITY });
    await journey.deleteProfile('forced');
    await settled(
      () => journey.condition('forced', 'AwsIamReady'),
      (found) => found?.[0] === 'False',
    );
    const finalizers = { metadata: { finalizers: null } };
    await journey.admin.mergePatch(resources.profiles, { name: 'forced' }, finalizers, { fieldManager: 'journey' });
    expect(await gone('forced')).toBeUndefined();
    world().sandbox.aws.clearFaults();
    expect(await trusted('forced', [])).toEqual([]);
  });
});

describe.skipIf(worldSkipped() !== undefined)('two clusters', () => {
  let worlds: readonly [World, World];
  beforeAll(async () => {
    worlds = [await openWorldOfRun(), await openSecondWorldOfRun()];
  });
  afterAll(() => Promise.all(worlds.map((world) => world.close())));

  it('share a role, each with a statement of its own', async () => {
    const [one, two] = await Promise.all(worlds.map((world) => profileJourney(world, worlds[0])));
    if (one === undefined || two === undefined) throw new Error('two worlds make two journeys');
    const role = await one.role('shared');
    const controllers = await Promise.all([one.startController(), two.startController()]);
    await Promise.all([one.createProfile('team-one', wants(role)), two.createProfile('team-two', wants(role))]);
    const both = ['team-one:default-editor', 'team-two:default-editor'];
    const found = await settled(
      () => one.trusted('shared'),
      (subjects) => same(subjects, both),
    );
    expect(found).toEqual(both);
    expect(one.providerArn).not.toBe(two.providerArn);
    const document = JSON.parse((await one.roles.get('shared'))?.trustPolicy ?? '') as {
      readonly Statement: readonly { readonly Principal: { readonly Federated: string } }[];
    };
    expect(document.Statement.map(({ Principal }) => Principal.Federated).sort()).toEqual([one.providerArn, two.providerArn].sort());
    await one.deleteProfile('team-one');
    const left = await settled(
      () => one.trusted('shared'),
      (subjects) => same(subjects, both.slice(1)),
    );
    expect(left).toEqual(both.slice(1));
    await one.clear();
    await Promise.all(controllers.map((server) => server.close()));
  });
});

inWorld('a controller that is killed', (world) => {
  it('between the grant and the annotation is finished by its successor', async () => {
    const journey = await profileJourney(world());
    const role = await journey.role('crash');
    const door = await openApiDoor(world().credentials, (next) => async (request) => {
      // The annotation never arrives.
      const isAccount = request.method !== 'GET' && new URL(request.url).pathname.endsWith('/serviceaccounts/default-editor');
      return isAccount && (await request.clone().text()).includes(role) ? new Promise(() => undefined) : next(request);
    });
    const home = await mkdtemp(join(tmpdir(), 'podrole-home-'));
    const kubeconfig = await door.kubeconfig(home);
    const { child, ended } = startPodrole(
      ['controller', '--kubeconfig', kubeconfig, '--iam-endpoint', world().sandbox.awsEndpoint, '--metrics-bind-address', '0'].concat([
        '--health-probe-bind-address',
        '0',
      ]),
      { home, env: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-west-2' } },
    );
    await journey.createProfile('crash', wants(role));
    const granted = await settled(
      () => journey.trusted('crash'),
      (found) => found.length > 0,
    );
    expect(granted).toEqual(['crash:default-editor']);
    child.kill('SIGKILL');
    await ended;
    expect(await journey.carried('crash')).toBeUndefined();
    await door.close();
    const successor = await journey.startController();
    const carried = await settled(
      () => journey.carried('crash'),
      (found) => found === role,
    );
    expect(carried).toBe(role);
    await journey.clear();
    await successor.close();
    await rm(home, { recursive: true, force: true });
  });
});
