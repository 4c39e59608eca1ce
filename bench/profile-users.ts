import { systemClock } from '../src/host/system-clock.ts';
import type { KubeObject } from '../src/kube/core/object.ts';
import { type Resource, resources } from '../src/kube/core/resource.ts';
import { createInformer, type Informer } from '../src/kube/runtime/informer.ts';
import type { ProfileWorld } from './profile-world.ts';

const AT_ONCE = 16;
const MANAGER = { fieldManager: 'podrole-bench' };

/** What a profile's status says of one condition. */
interface SeenCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** The people whose profiles are measured, and what they see: copies kept by watches, since asking would load what is measured. */
export interface ProfileUsers {
  readonly profiles: { readonly size: number; get(name: string): readonly SeenCondition[] | undefined };
  /** The role that a profile's `default-editor` carries. */
  annotated(profile: string): string | undefined;
  create(names: readonly string[], role: string): Promise<void>;
  delete(names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export const subjectOf = (profile: string): string => `system:serviceaccount:${profile}:default-editor`;

export async function openProfileUsers({ admin }: ProfileWorld): Promise<ProfileUsers> {
  const ending = new AbortController();
  const running: Promise<void>[] = [];
  const follow = async <S>(resource: Resource, transform: (object: KubeObject) => S | undefined): Promise<Informer<S>> => {
    const informer = createInformer<KubeObject, S>({ client: admin, resource, clock: systemClock(), random: Math.random, transform });
    running.push(informer.run(ending.signal));
    await informer.synced;
    return informer;
  };
  const profiles = await follow(
    resources.profiles,
    (object) => (object as { readonly status?: { readonly conditions?: readonly SeenCondition[] } }).status?.conditions ?? [],
  );
  const accounts = await follow(resources.serviceAccounts, (object) => object.metadata.annotations?.['eks.amazonaws.com/role-arn']);
  return {
    profiles: profiles.store,
    annotated: (profile) => accounts.store.get(`${profile}/default-editor`),
    create: (names, role) => atOnce(names, (name) => admin.create(resources.profiles, profileOf(name, role), MANAGER)),
    delete: (names) => atOnce(names, (name) => admin.delete(resources.profiles, { name }, { propagationPolicy: 'Background' })),
    close: async () => {
      ending.abort();
      await Promise.all(running);
    },
  };
}

function profileOf(name: string, role: string): KubeObject {
  const spec = {
    owner: { kind: 'User', name: `${name}@example.com` },
    plugins: [{ kind: 'AwsIamForServiceAccount', spec: { awsIamRole: role } }],
  };
  return { apiVersion: 'kubeflow.org/v1', kind: 'Profile', metadata: { name }, spec } as KubeObject;
}

async function atOnce<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items].reverse();
  const worker = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
