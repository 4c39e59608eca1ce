import { parseRoleArn, type RoleArn } from '../iam/arn.ts';
import { isDnsLabel, isDnsSubdomain, subjectOf } from '../iam/service-account-subject.ts';
import { AWS_IAM_PLUGIN, type AwsIamPlugin, DEFAULT_SERVICE_ACCOUNT, decodePlugins, type PluginProblem } from './decode-plugins.ts';
import { nameOf, type Profile } from './profile.ts';
import { judgeRole, type RolePolicy } from './role-policy.ts';

/** One service account that a profile binds to one role. */
export interface Claim {
  readonly profile: string;
  /** JSON pointer to the plugin that says so. */
  readonly path: string;
  readonly serviceAccount: string;
  readonly subject: string;
  readonly role: RoleArn;
  /** `trust`: grant in the trust policy and annotate. `annotate`: annotate alone. */
  readonly mode: 'trust' | 'annotate';
  /** The role must carry an allowed tag. */
  readonly needsTag: boolean;
}

/** What a profile's plugins come to under the policy. */
export interface Claims {
  readonly claims: readonly Claim[];
  readonly problems: readonly PluginProblem[];
}

/** A template of `--default-role`: `{namespace}` and `{owner}` are replaced. Absent: no default. */
export type DefaultRole = string | undefined;

/**
 * The most service accounts that one profile binds. Each takes some of a trust policy that others share, and each role of a profile is
 * looked at again and again with calls that the whole account shares.
 */
const MAX_CLAIMS = 10;

/** A role is its account and name (paths are no part of a role's identity): the key of its queue, its record and its state. */
export function roleKeyOf(role: { readonly account: string; readonly name: string }): string {
  return `${role.account}/${role.name}`;
}

/** The default role of a profile; characters of the owner that no role name may hold become `-`. */
export function renderDefaultRole(template: string, profile: Profile): string {
  const owner = (profile.spec?.owner?.name ?? '').replace(/[^\w+=,.@-]/g, '-');
  return template.replaceAll('{namespace}', nameOf(profile)).replaceAll('{owner}', owner);
}

/** The role that a plugin names, with what the policy says of it, or why it may not. */
function roleOfPlugin(
  plugin: AwsIamPlugin,
  policy: RolePolicy,
): { readonly ok: true; readonly role: RoleArn; readonly needsTag: boolean } | { readonly ok: false; readonly problem: PluginProblem } {
  const problem = (reason: PluginProblem['reason'], message: string): { readonly ok: false; readonly problem: PluginProblem } => ({
    ok: false,
    problem: { path: `${plugin.path}/spec/awsIamRole`, reason, message },
  });
  if (plugin.awsIamRole === '') return problem('RoleArnMissing', 'awsIamRole is empty, give the ARN of a role');
  if (/\$\{|\$\(|<[^>]*>/.test(plugin.awsIamRole)) {
    return problem(
      'RoleArnPlaceholder',
      `awsIamRole ${JSON.stringify(plugin.awsIamRole)} still holds a placeholder, put the real value in`,
    );
  }
  const parsed = parseRoleArn(plugin.awsIamRole);
  if (!parsed.ok) {
    const why = parsed.problems.map((one) => one.message).join('; ');
    return problem('RoleArnIllegal', `awsIamRole ${JSON.stringify(plugin.awsIamRole)} is not the ARN of a role: ${why}`);
  }
  const verdict = judgeRole(parsed.arn, plugin.annotateOnly, policy);
  if (verdict.kind === 'no') return problem(verdict.reason, verdict.message);
  return { ok: true, role: parsed.arn, needsTag: verdict.kind === 'if-tagged' };
}

function claimsOfPlugin(profile: Profile, plugin: AwsIamPlugin, policy: RolePolicy): Claims {
  const named = roleOfPlugin(plugin, policy);
  const claims: Claim[] = [];
  const problems: PluginProblem[] = named.ok ? [] : [named.problem];
  for (const name of plugin.serviceAccounts) {
    if (!isDnsSubdomain(name)) {
      const message = `${JSON.stringify(name)} is not the name of a service account`;
      problems.push({ path: `${plugin.path}/spec/serviceAccounts`, reason: 'ServiceAccountIllegal', message });
    } else if (named.ok) {
      claims.push({
        profile: nameOf(profile),
        path: plugin.path,
        serviceAccount: name,
        subject: subjectOf({ namespace: nameOf(profile), name }),
        role: named.role,
        mode: plugin.annotateOnly ? 'annotate' : 'trust',
        needsTag: named.needsTag,
      });
    }
  }
  return { claims, problems };
}

/**
 * The claims of a profile: which of its service accounts want which role, and everything that stands against it.
 * A service account takes the first role that is given to it; a later, different one is a problem (upstream trusted both and annotated the last).
 * So is an eleventh service account: the first ten have their roles.
 */
export function claimsOf(profile: Profile, policy: RolePolicy, defaultRole: DefaultRole): Claims {
  if (!isDnsLabel(nameOf(profile))) return { claims: [], problems: [] };
  const decoded = decodePlugins(profile);
  const named = (profile.spec?.plugins ?? []).some((entry) => entry.kind === AWS_IAM_PLUGIN);
  const plugins =
    named || defaultRole === undefined
      ? decoded.plugins
      : [
          {
            path: '/spec/plugins',
            awsIamRole: renderDefaultRole(defaultRole, profile),
            annotateOnly: false,
            serviceAccounts: [DEFAULT_SERVICE_ACCOUNT],
          },
        ];
  const claims = new Map<string, Claim>();
  const problems: PluginProblem[] = [...decoded.problems];
  let more = false;
  for (const plugin of plugins) {
    const found = claimsOfPlugin(profile, plugin, policy);
    problems.push(...found.problems);
    for (const claim of found.claims) {
      const first = claims.get(claim.serviceAccount);
      if (first === undefined && claims.size < MAX_CLAIMS) claims.set(claim.serviceAccount, claim);
      else if (first === undefined) more = true;
      else if (first.role.text !== claim.role.text || first.mode !== claim.mode) {
        const message = `service account ${claim.serviceAccount} already has ${first.role.text}, remove one of the entries`;
        problems.push({ path: plugin.path, reason: 'PluginRepeated', message });
      }
    }
  }
  if (more) {
    const message = `more than ${MAX_CLAIMS} service accounts are given a role, the first ${MAX_CLAIMS} have it: leave out the others, or make another profile`;
    problems.push({ path: '/spec/plugins', reason: 'ServiceAccountsTooMany', message });
  }
  return { claims: [...claims.values()], problems };
}
