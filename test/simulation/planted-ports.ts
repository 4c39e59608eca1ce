import type { KubeObject } from '../../src/kube/core/object.ts';
import { createProfileController } from '../../src/profile/create-profile-controller.ts';
import type { ProfileControllerDeps, RoleReadOutcome, UpdateOutcome } from '../../src/profile/ports.ts';
import { isDeleting, ownFinalizers, type Profile } from '../../src/profile/profile.ts';
import type { SimWorld } from './world/sim-world.ts';

/** Ports with a mistake in them. */
export type Tamper = NonNullable<SimWorld['tamper']>;
type Update = ProfileControllerDeps['trustPolicies']['updateTrustPolicy'];
type GetRole = ProfileControllerDeps['trustPolicies']['getRole'];

const iam =
  (change: (deps: ProfileControllerDeps) => { readonly getRole?: GetRole; readonly updateTrustPolicy?: Update }): Tamper =>
  (deps) => {
    const { getRole, updateTrustPolicy } = deps.trustPolicies;
    return { ...deps, trustPolicies: { getRole, updateTrustPolicy, ...change(deps) } };
  };

/** What becomes of a write is told wrongly. */
export const outcomes = (change: (outcome: UpdateOutcome) => UpdateOutcome): Tamper =>
  iam(({ trustPolicies }) => ({
    updateTrustPolicy: async (role, document, options, signal) =>
      change(await trustPolicies.updateTrustPolicy(role, document, options, signal)),
  }));

/** What a read found is told wrongly. */
export const reads = (change: (read: RoleReadOutcome) => RoleReadOutcome): Tamper =>
  iam(({ trustPolicies }) => ({ getRole: async (role, signal) => change(await trustPolicies.getRole(role, signal)) }));

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Condition?: { readonly StringEquals?: Readonly<Record<string, string | readonly string[]>> };
}
const isOurs = ({ Sid, Effect }: Statement): boolean => Effect === 'Allow' && /^Podrole[0-9a-f]{12}$/.test(Sid ?? '');

/** Something else is written than was planned. */
export const documents = (change: (statements: readonly Statement[]) => readonly object[]): Tamper =>
  iam(({ trustPolicies }) => ({
    updateTrustPolicy: (role, document, options, signal) => {
      const parsed = JSON.parse(document) as { readonly Statement: readonly Statement[] };
      const written = JSON.stringify({ ...parsed, Statement: change(parsed.Statement) });
      return trustPolicies.updateTrustPolicy(role, written, options, signal);
    },
  }));

/** Our statement with its subjects changed. */
export const subjects = (change: (named: readonly string[]) => readonly string[]): Tamper =>
  documents((statements) =>
    statements.map((one) => {
      if (!isOurs(one)) return one;
      const equals = Object.entries(one.Condition?.StringEquals ?? {}).flatMap(([key, value]) => {
        if (!key.endsWith(':sub')) return [[key, value] as const];
        const named = change(typeof value === 'string' ? [value] : value);
        return named.length === 0 ? [] : [[key, named] as const];
      });
      return { ...one, Condition: { StringEquals: Object.fromEntries(equals) } };
    }),
  );

export const onlyOurs: Tamper = documents((statements) => {
  const ours = statements.filter((one) => isOurs(one) || one.Sid === 'PodroleClosed');
  return ours.length === 0 ? statements : ours;
});

export const sidTwice: Tamper = documents((statements) => statements.flatMap((one) => (isOurs(one) ? [one, one] : [one])));

export const profiles =
  (change: (store: ProfileControllerDeps['profiles']) => Partial<ProfileControllerDeps['profiles']>): Tamper =>
  (deps) => ({ ...deps, profiles: { ...deps.profiles, ...change(deps.profiles) } });

/** GetRole ahead of the write answers what the round began with. */
export const noSecondLook: Tamper = iam(({ trustPolicies, clock }) => {
  const last = new Map<string, { readonly at: number; readonly read: Promise<RoleReadOutcome> }>();
  return {
    getRole: (role, signal) => {
      const known = last.get(role);
      if (known !== undefined && clock.monotonic() - known.at < 30_000) return known.read;
      const read = trustPolicies.getRole(role, signal);
      last.set(role, { at: clock.monotonic(), read });
      return read;
    },
  };
});

/** After an unknown outcome the first good look counts until the wait is over: what landed meanwhile is not seen. */
export const noReadAfterWait: Tamper = iam(({ trustPolicies, clock }) => {
  const feared = new Map<string, { readonly until: number; seen: RoleReadOutcome | undefined }>();
  return {
    getRole: async (role, signal) => {
      const fear = feared.get(role);
      if (fear === undefined || clock.monotonic() > fear.until) return trustPolicies.getRole(role, signal);
      if (fear.seen === undefined) {
        const read = await trustPolicies.getRole(role, signal);
        if (read.kind !== 'found') return read;
        fear.seen = read;
      }
      return fear.seen;
    },
    updateTrustPolicy: async (role, document, options, signal) => {
      const outcome = await trustPolicies.updateTrustPolicy(role, document, options, signal);
      if (outcome.kind === 'unknown') feared.set(role, { until: clock.monotonic() + 320_000, seen: undefined });
      else feared.delete(role);
      return outcome;
    },
  };
});

/** A write is spared when one read, of whatever age, already looks as wanted. */
export const skipWhatLooksRight: Tamper = iam(({ trustPolicies }) => ({
  updateTrustPolicy: async (role, document, options, signal) => {
    const subjectsOf = (text: string): string =>
      [...text.matchAll(/system:serviceaccount:[a-z-]+:[a-z-]+/g)]
        .map(([one]) => one)
        .sort()
        .join();
    const read = await trustPolicies.getRole(role, signal);
    if (read.kind === 'found' && subjectsOf(read.role.document) === subjectsOf(document)) return { kind: 'applied' };
    return trustPolicies.updateTrustPolicy(role, document, options, signal);
  },
}));

/** A deletion takes the finalizer away as soon as it is heard of, and revokes afterwards. */
export const finalizerFirst: Pick<SimWorld, 'make'>['make'] = (deps, options) => {
  const controller = createProfileController(deps, options);
  const never = new AbortController().signal;
  return {
    ...controller,
    profileChanged: (name) => {
      const profile: Profile | undefined = deps.profiles.get(name);
      if (profile !== undefined && isDeleting(profile) && ownFinalizers(profile).length > 0)
        void deps.profiles.removeFinalizers(profile, ownFinalizers(profile), never).catch(() => undefined);
      controller.profileChanged(name);
    },
  };
};

/** Two sets of workers, each of which takes a role for its own. */
export const twoWriters: Pick<SimWorld, 'make'>['make'] = (deps, options) => {
  const [one, other] = [createProfileController(deps, options), createProfileController(deps, options)];
  return {
    ...one,
    start: async (signal) => {
      await Promise.all([one.start(signal), other.start(signal)]);
    },
    onAction: (listener) => {
      one.onAction(listener);
      other.onAction(listener);
    },
    profileChanged: (name) => {
      one.profileChanged(name);
      other.profileChanged(name);
    },
    objectChanged: (object) => {
      one.objectChanged(object);
      other.objectChanged(object);
    },
    settled: () => one.settled() && other.settled(),
  };
};

const records =
  (change: (store: ProfileControllerDeps['records'], deps: ProfileControllerDeps) => Partial<ProfileControllerDeps['records']>): Tamper =>
  (deps) => ({ ...deps, records: { ...deps.records, ...change(deps.records, deps) } });

export const noRecords: Tamper = records(() => ({
  put: async (object) => ({ kind: 'written', object }),
  list: async () => [],
  read: async () => undefined,
}));

/** The record forgets what was revoked as soon as it is. */
export const noTombstones: Tamper = records((store) => ({
  put: (object, signal) => {
    const data = object.data as { readonly record: string };
    const record = { ...(JSON.parse(data.record) as object), tombstones: [] };
    return store.put({ ...object, data: { record: JSON.stringify(record) } } as KubeObject, signal);
  },
}));

/** A record that somebody else wrote meanwhile is taken for written. */
export const conflictIsFine: Tamper = records((store) => ({
  put: async (object, signal) => {
    const outcome = await store.put(object, signal);
    return outcome.kind === 'conflict' ? { kind: 'written', object } : outcome;
  },
}));

/** The record is written some time after the trust policy. */
export const recordAfterwards: Tamper = records((store, { clock }) => {
  const versions = new Map<string, string | undefined>();
  const never = new AbortController().signal;
  return {
    put: async (object) => {
      const { name = '', resourceVersion } = object.metadata;
      if (resourceVersion !== 'soon') versions.set(name, resourceVersion);
      clock.after(40_000, () => {
        const { resourceVersion: _version, ...metadata } = object.metadata;
        const version = versions.get(name);
        const real = { ...object, metadata: { ...metadata, ...(version === undefined ? {} : { resourceVersion: version }) } };
        void store.put(real, never).then(
          (outcome) => {
            if (outcome.kind === 'written') versions.set(name, outcome.object.metadata.resourceVersion);
          },
          () => undefined,
        );
      });
      return { kind: 'written', object: { ...object, metadata: { ...object.metadata, resourceVersion: 'soon' } } };
    },
  };
});

/** Namespaces are not looked at before they are applied. */
export const takesAnyNamespace: Tamper = (deps) => ({
  ...deps,
  objects: {
    ...deps.objects,
    get: (ref) => (ref.resource.plural === 'namespaces' ? undefined : deps.objects.get(ref)),
    read: async (ref, signal) => (ref.resource.plural === 'namespaces' ? undefined : deps.objects.read(ref, signal)),
  },
});
