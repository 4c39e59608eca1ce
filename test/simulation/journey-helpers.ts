import { closedTrustDocument } from '../../src/iam/trust-document.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { admittedBy } from './invariants.ts';
import { HOST_PATH, PROVIDER, specOf } from './scenario.ts';
import { refKey } from './world/sim-kube.ts';
import { SimProcess } from './world/sim-process.ts';
import type { SmallWorld } from './world/small-world.ts';

/** A trust policy that lets nobody in. */
export const closed = closedTrustDocument(PROVIDER);

export const trust = (role: string): NonNullable<Profile['spec']> => specOf({ kind: 'trust', role });
export const annotate = (role: string): NonNullable<Profile['spec']> => specOf({ kind: 'annotate', role });

/** Who is admitted by our statements of a role, sorted. */
export function admitted({ sim }: SmallWorld, role: string): readonly string[] {
  return [...admittedBy(sim.iam.document(role) ?? closed)].sort();
}

/** Status and reason of one condition. */
export function condition({ sim }: SmallWorld, name: string, type = 'AwsIamReady'): readonly (string | undefined)[] | undefined {
  const found = sim.kube.profiles.get(name)?.status?.conditions?.find((one) => one.type === type);
  return found === undefined ? undefined : [found.status, found.reason];
}

export function account({ sim }: SmallWorld, namespace: string, name = 'default-editor'): KubeObject | undefined {
  return sim.kube.objects.get(refKey({ resource: resources.serviceAccounts, namespace, name }))?.object;
}

/** The role that `default-editor` carries. */
export function annotation(world: SmallWorld, namespace: string): string | undefined {
  return account(world, namespace)?.metadata.annotations?.['eks.amazonaws.com/role-arn'];
}

/** One Allow of our provider, in the shape that podrole and upstream write. */
export function allow(subjects: readonly string[], sid?: string): Readonly<Record<string, unknown>> {
  return {
    ...(sid === undefined ? {} : { Sid: sid }),
    Effect: 'Allow',
    Principal: { Federated: PROVIDER },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${HOST_PATH}:aud`]: ['sts.amazonaws.com'], [`${HOST_PATH}:sub`]: subjects } },
  };
}

export function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

/** The world with one process that leads. */
export async function started(world: SmallWorld): Promise<SmallWorld> {
  new SimProcess('p1', world.sim);
  await world.run(200);
  return world;
}
