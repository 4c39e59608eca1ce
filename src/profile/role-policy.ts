import type { RoleArn } from '../iam/arn.ts';
import type { ReasonCode } from './reasons.data.ts';

/** One `--allowed-role`: a pattern over the role's ARN, or a tag that the role must carry. */
export type AllowedRole =
  | { readonly kind: 'arn'; readonly pattern: string; readonly matches: RegExp }
  | { readonly kind: 'tag'; readonly key: string; readonly value: string };

/** What a profile may name. */
export interface RolePolicy {
  /** Empty: every role of the own account. */
  readonly allowed: readonly AllowedRole[];
  /** The controller's own role, when GetCallerIdentity told it. */
  readonly own: { readonly account: string; readonly roleName: string | undefined } | undefined;
}

/** May it be named: `yes`, `if-tagged` (only GetRole can tell), or a reason why not. */
export type RoleVerdict =
  | { readonly kind: 'yes' | 'if-tagged' }
  | { readonly kind: 'no'; readonly reason: ReasonCode; readonly message: string };

/**
 * Reads an `--allowed-role`: `tag:KEY=VALUE`, or an ARN in which `*` stands for any characters but `/`, and `**` for any at all.
 * A pattern is a whole ARN, so account, path and name are all bound by it.
 */
export function parseAllowedRole(
  text: string,
): { readonly ok: true; readonly allowed: AllowedRole } | { readonly ok: false; readonly message: string } {
  if (text.startsWith('tag:')) {
    const at = text.indexOf('=');
    if (at <= 'tag:'.length) return { ok: false, message: `allowed role ${JSON.stringify(text)} wants tag:KEY=VALUE` };
    return { ok: true, allowed: { kind: 'tag', key: text.slice('tag:'.length, at), value: text.slice(at + 1) } };
  }
  if (!/^arn:[a-z0-9*-]+:iam::[0-9*]+:role\/[\w+=,.@/*-]+$/.test(text)) {
    return {
      ok: false,
      message: `allowed role ${JSON.stringify(text)} wants an ARN pattern such as arn:aws:iam::111122223333:role/kf-user-*, or tag:KEY=VALUE`,
    };
  }
  const source = text
    .split(/(\*+)/)
    .map((part) => (part.startsWith('**') ? '.*' : part === '*' ? '[^/]*' : part.replace(/[.+]/g, '\\$&')))
    .join('');
  return { ok: true, allowed: { kind: 'arn', pattern: text, matches: new RegExp(`^${source}$`) } };
}

/** Whether the policy lets a profile name this role. Tags are judged later, by `admitsTags`. */
export function judgeRole(role: RoleArn, annotateOnly: boolean, policy: RolePolicy): RoleVerdict {
  const { own, allowed } = policy;
  if (own?.roleName !== undefined && own.account === role.account && own.roleName.toLowerCase() === role.name.toLowerCase()) {
    return { kind: 'no', reason: 'RoleIsOwn', message: `${role.text} is the role of the controller itself, name another` };
  }
  if (own !== undefined && own.account !== role.account && !annotateOnly) {
    return {
      kind: 'no',
      reason: 'RoleForeignAccount',
      message: `${role.text} is of account ${role.account}, the controller’s is ${own.account}: set annotateOnly and edit the trust policy there`,
    };
  }
  if (allowed.length === 0 || allowed.some((entry) => entry.kind === 'arn' && entry.matches.test(role.text))) return { kind: 'yes' };
  if (!annotateOnly && allowed.some((entry) => entry.kind === 'tag')) return { kind: 'if-tagged' };
  return { kind: 'no', reason: 'RoleNotAllowed', message: `${role.text} is admitted by no --allowed-role, ask for a pattern or a tag` };
}

/** Whether a role's tags satisfy one of the tag patterns. */
export function admitsTags(tags: Readonly<Record<string, string>> | undefined, allowed: readonly AllowedRole[]): boolean {
  return allowed.some(
    (entry) => entry.kind === 'tag' && tags !== undefined && Object.hasOwn(tags, entry.key) && tags[entry.key] === entry.value,
  );
}

/** The role behind a GetCallerIdentity ARN: `assumed-role/NAME/session` has no path; a user or root has no role. */
export function ownRoleOf(callerArn: string): RolePolicy['own'] {
  const parts = callerArn.split(':');
  const account = parts[4];
  if (parts[0] !== 'arn' || account === undefined || account === '') return undefined;
  const resource = parts.slice(5).join(':').split('/');
  return { account, roleName: resource[0] === 'assumed-role' ? resource[1] : undefined };
}
