import { isJsonObject } from '../../../base/json.ts';
import type { RoleRecord } from '../store/records.ts';
import { iamArn, type World } from '../world.ts';

function asList(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** ARNs of AWS principals that a trust document names. */
function namedPrincipals(document: string): readonly string[] {
  const parsed: unknown = JSON.parse(document);
  if (!isJsonObject(parsed)) return [];
  return asList(parsed.Statement).flatMap((statement) => {
    const principal = isJsonObject(statement) ? statement.Principal : undefined;
    return isJsonObject(principal) ? asList(principal.AWS).filter((value): value is string => typeof value === 'string') : [];
  });
}

/** The unique id of a principal that may stand in a trust policy of this account by ARN, if that principal exists. */
export function principalId(world: World, arn: string): string | undefined {
  const prefix = iamArn(world, 'role/');
  if (!arn.startsWith(prefix)) return undefined;
  const role = world.state.roles.current((arn.split('/').at(-1) ?? '').toLowerCase());
  return role?.arn === arn ? role.id : undefined;
}

/** Whether IAM takes `principal` in a trust policy: accounts always, roles and users of this account only while they exist. */
export function principalExists(world: World, principal: string): boolean {
  if (principal === '*' || /^\d{12}$/.test(principal) || /^arn:[^:]+:iam::\d{12}:root$/.test(principal)) return true;
  if (principal === iamArn(world, 'user/admin')) return true;
  const account = principal.split(':')[4];
  return account !== world.account || principalId(world, principal) !== undefined || principal.includes(':assumed-role/');
}

/** Binds the role principals of a trust document to the incarnations that exist now. */
export function bindPrincipals(world: World, document: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    namedPrincipals(document).flatMap((arn) => {
      const id = principalId(world, arn);
      return id === undefined ? [] : [[arn, id]];
    }),
  );
}

/**
 * The trust document as IAM shows it and STS judges it: a role principal that was deleted since stands there as its unique id,
 * and does not come back when a role of the same name is made (IAM guide, "AWS JSON policy elements: Principal").
 */
export function shownTrust(world: World, role: RoleRecord): string {
  const orphans = Object.entries(role.trustPrincipals).filter(([arn, id]) => principalId(world, arn) !== id);
  return orphans.reduce((document, [arn, id]) => document.replaceAll(JSON.stringify(arn), JSON.stringify(id)), role.trust);
}
