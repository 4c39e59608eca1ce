import { resources } from '../../kube/core/resource.ts';
import { createProfile } from './manifests.ts';
import { until } from './observe.ts';
import type { StepPlan } from './walk.ts';
import { PROFILES, providerArn, USER_ROLE, userRoleArn, type WalkWorld } from './walk-world.ts';

/** The seed's statement, as far as the walk looks at it. */
interface SeedStatement {
  readonly Effect?: string;
  readonly Principal?: { readonly Federated?: unknown };
  readonly Condition?: { readonly StringEquals?: Readonly<Record<string, unknown>> };
}

/** Step 2: two profiles get their namespaces, their annotations and their place in the trust policy. */
export const profilesStep: StepPlan<WalkWorld> = {
  name: 'two Profiles are created',
  run: async (world, signal) => {
    const { sandbox, clock, actor, observer } = world;
    for (const profile of PROFILES) await createProfile(actor.kube, { profile, sandbox }, signal);
    for (const profile of PROFILES) {
      await until(
        clock,
        {
          what: `${profile}/default-editor annotated with ${userRoleArn(sandbox)}`,
          ms: world.patienceMs,
          look: async () => {
            const account = await observer.kube.find(resources.serviceAccounts, { namespace: profile, name: 'default-editor' }, signal);
            const role = account?.metadata.annotations?.['eks.amazonaws.com/role-arn'];
            if (role === userRoleArn(sandbox)) return { found: true };
            return { seen: account === undefined ? 'no such service account' : `role annotation ${role ?? 'absent'}` };
          },
        },
        signal,
      );
    }
    const document = await until(
      clock,
      {
        what: `both subjects in the trust policy of ${USER_ROLE(sandbox.cluster)}`,
        ms: world.patienceMs,
        look: async () => {
          const role = await observer.roles.get(USER_ROLE(sandbox.cluster), signal);
          const found = role === undefined ? [] : subjectsOf(role.trustPolicy, sandbox.issuer);
          return PROFILES.every((profile) => found.includes(subject(profile)))
            ? { found: role?.trustPolicy ?? '' }
            : { seen: found.join(', ') || 'no subject' };
        },
      },
      signal,
    );
    return {
      ok: hasSeedShape(document, world),
      observed: `namespaces ${PROFILES.join(', ')}; each default-editor annotated with ${userRoleArn(sandbox)}; trust policy of ${USER_ROLE(sandbox.cluster)}:`,
      detail: JSON.stringify(JSON.parse(document), null, 2),
    };
  },
};

export const subject = (profile: string): string => `system:serviceaccount:${profile}:default-editor`;

/** The subjects that the first statement for this issuer names by equality; none where the document is not JSON. */
export function subjectsOf(document: string, issuer: string): readonly string[] {
  const { Statement = [] } = JSON.parse(document) as { readonly Statement?: readonly SeedStatement[] };
  return Statement.flatMap((statement) => {
    const value = statement.Condition?.StringEquals?.[`${issuer.replace(/^https:\/\//, '')}:sub`];
    return statement.Effect !== 'Allow' ? [] : typeof value === 'string' ? [value] : Array.isArray(value) ? (value as string[]) : [];
  });
}

function hasSeedShape(document: string, { sandbox }: WalkWorld): boolean {
  const { Statement = [] } = JSON.parse(document) as { readonly Statement?: readonly SeedStatement[] };
  const [only, ...more] = Statement;
  const equals = only?.Condition?.StringEquals ?? {};
  const host = sandbox.issuer.replace(/^https:\/\//, '');
  return (
    more.length === 0 &&
    only?.Effect === 'Allow' &&
    only.Principal?.Federated === providerArn(sandbox) &&
    equals[`${host}:aud`] === 'sts.amazonaws.com' &&
    subjectsOf(document, sandbox.issuer).length === PROFILES.length
  );
}
