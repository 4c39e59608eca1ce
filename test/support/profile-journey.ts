import { installCrds } from '../../src/app/crds.ts';
import { type ControllerServer, type ControllerServerOptions, startControllerServer } from '../../src/app/profile/controller-server.ts';
import { createIamRoles, type IamRoles } from '../../src/aws/iam-roles.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { providerArnOf } from '../../src/iam/arn.ts';
import { closedTrustDocument } from '../../src/iam/trust-document.ts';
import { KubeApiError } from '../../src/kube/client/errors.ts';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { resources } from '../../src/kube/core/resource.ts';
import type { ProfileControllerOptions } from '../../src/profile/options.ts';
import type { Profile } from '../../src/profile/profile.ts';
import type { World } from './worlds/world.ts';

type ProfileSpec = NonNullable<Profile['spec']>;

const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn';
const PATIENCE_MS = 40_000;
/** A journey waits for many things in turn: what a controller waits for between two writes and two looks is shorter than by default. */
const QUICK: Partial<ProfileControllerOptions> = { batchMs: 20, trustResyncMs: 1_000, lateWriteWindowMs: 1_000 };

/** A world with roles and profiles, as a test of the controller sees it. */
export interface ProfileJourney {
  readonly admin: KubeClient;
  readonly roles: IamRoles;
  /** Of this world's cluster. */
  readonly providerArn: string;
  /** A closed role, or one with this trust policy. Answers its ARN. */
  role(name: string, trustPolicy?: string): Promise<string>;
  createProfile(name: string, spec: ProfileSpec, finalizers?: readonly string[]): Promise<Profile>;
  changeProfile(name: string, spec: object): Promise<void>;
  deleteProfile(name: string): Promise<void>;
  /** Deletes every Profile and waits until the controller has let go of them: others may want the same cluster empty. */
  clear(): Promise<void>;
  profile(name: string): Promise<Profile | undefined>;
  /** Subjects that a role's trust policy names, sorted, without the prefix of all service accounts. */
  trusted(role: string): Promise<readonly string[]>;
  /** The role that a service account carries. */
  carried(namespace: string, serviceAccount?: string): Promise<string | undefined>;
  /** `[status, reason]` of a condition. */
  condition(name: string, type: string): Promise<readonly [string, string] | undefined>;
  startController(options?: Partial<ProfileControllerOptions>, over?: Partial<ControllerServerOptions>): Promise<ControllerServer>;
}

/** Makes a world ready for profiles. `iam`: the account, where it is another world's. */
export async function profileJourney(world: World, iam: World = world): Promise<ProfileJourney> {
  const admin = world.kubeClient({ userAgent: 'podrole-journey/1' });
  const roles = createIamRoles(iam.sandbox.adminTarget);
  const providerArn = providerArnOf({ partition: 'aws', account: iam.sandbox.account, issuer: world.sandbox.issuer });
  await installCrds(admin);
  const profile = (name: string): Promise<Profile | undefined> => admin.find<Profile>(resources.profiles, { name });
  return {
    admin,
    roles,
    providerArn,
    role: async (name, trustPolicy = closedTrustDocument(providerArn)) => (await roles.create({ name, trustPolicy, tags: {} })).arn,
    createProfile: (name, spec, finalizers = []) =>
      admin.create<Profile>(
        resources.profiles,
        { apiVersion: 'kubeflow.org/v1', kind: 'Profile', metadata: { name, finalizers }, spec },
        { fieldManager: 'journey' },
      ),
    changeProfile: async (name, spec) => {
      await admin.mergePatch(resources.profiles, { name }, { spec }, { fieldManager: 'journey' });
    },
    deleteProfile: async (name) => {
      await admin.delete(resources.profiles, { name });
    },
    clear: async () => {
      const names = async (): Promise<readonly string[]> =>
        (await admin.list(resources.profiles, {})).items.map(({ metadata }) => metadata.name ?? '');
      const remove = (name: string): Promise<void> =>
        admin.delete(resources.profiles, { name }).catch((error: unknown) => {
          // One that was on its way already.
          if (!(error instanceof KubeApiError && error.httpStatus === 404)) throw error;
        });
      await Promise.all((await names()).map(remove));
      await settled(names, (left) => left.length === 0);
    },
    profile,
    trusted: async (role) => {
      const document = (await roles.get(role))?.trustPolicy ?? '';
      return [...document.matchAll(/"system:serviceaccount:([^"]+)"/g)].map(([, subject]) => subject ?? '').sort();
    },
    carried: async (namespace, serviceAccount = 'default-editor') => {
      const account = await admin.find<KubeObject>(resources.serviceAccounts, { namespace, name: serviceAccount });
      return account?.metadata.annotations?.[ROLE_ANNOTATION];
    },
    condition: async (name, type) => {
      const found = (await profile(name))?.status?.conditions?.find((one) => one.type === type);
      return found === undefined ? undefined : [found.status, found.reason ?? ''];
    },
    startController: async (options = {}, over = {}) => {
      const server = await startControllerServer({
        client: over.client ?? world.kubeClient({ userAgent: 'podrole-controller/1' }),
        aws: iam.sandbox.adminTarget,
        namespace: 'default',
        labelsFile: undefined,
        clock: systemClock(),
        log: silentLog,
        controller: { ...QUICK, issuer: world.sandbox.issuer, ...options },
        leaderElect: false,
        ...over,
      });
      await server.synced;
      return server;
    },
  };
}

/** A profile of a user with roles. */
export function wants(role?: string, options: { readonly annotateOnly?: boolean; readonly owner?: string } = {}): ProfileSpec {
  const owner = { kind: 'User', name: options.owner ?? 'user@example.com' };
  if (role === undefined) return { owner };
  const spec = { awsIamRole: role, ...(options.annotateOnly === undefined ? {} : { annotateOnly: options.annotateOnly }) };
  return { owner, plugins: [{ kind: 'AwsIamForServiceAccount', spec }] };
}

/** Asks again and again until the answer is as wanted; then, or when patience ends, answers the last one for the test to judge. */
export async function settled<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (wanted(answer) || performance.now() > end) return answer;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
