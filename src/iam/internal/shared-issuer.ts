import { SHARED_ISSUERS, type SharedIssuerRule } from '../shared-issuers.data.ts';
import type { Condition } from './condition.ts';
import { actionsMatch } from './judge.ts';
import { ASSUME_ROLE_WITH_WEB_IDENTITY } from './open-statement.ts';
import type { Statement } from './read-policy.ts';

/** A shared issuer that a statement trusts without narrowing the caller down. */
export interface UnscopedIssuer {
  readonly issuer: string;
  /** Keys any one of which would do. */
  readonly keys: readonly string[];
}

const PROVIDER = ':oidc-provider/';
const COUNTED: ReadonlySet<string> = new Set(['StringEquals', 'StringLike', 'StringEqualsIgnoreCase']);
const GITHUB = 'token.actions.githubusercontent.com';

/** The shared issuers of an Allow that IAM would refuse to store. Source: IAM user guide; mechanics as seen on live AWS. */
export function unscopedIssuers(statement: Statement): readonly UnscopedIssuer[] {
  if (statement.effect !== 'Allow' || !actionsMatch(statement.actions, ASSUME_ROLE_WITH_WEB_IDENTITY)) return [];
  const found: UnscopedIssuer[] = [];
  for (const hostPath of trustedIssuers(statement)) {
    const rule = ruleOf(hostPath);
    if (rule === undefined) continue;
    const keys = rule.keys.map((key) => `${hostPath}:${key}`);
    if (!statement.conditions.some((condition) => narrows(condition, keys, rule))) found.push({ issuer: hostPath, keys });
  }
  return found;
}

/** Whether many customers share an issuer. `hostPath` has no scheme. */
export function isSharedIssuer(hostPath: string): boolean {
  return ruleOf(hostPath) !== undefined;
}

function ruleOf(hostPath: string): SharedIssuerRule | undefined {
  return SHARED_ISSUERS.find((one) => hostPath === one.issuer || (one.prefix && hostPath.startsWith(`${one.issuer}/`)));
}

/** Federated principals by the name that IAM's rules use: a provider's issuer, or a domain name. */
export function trustedIssuers(statement: Statement): readonly string[] {
  if (statement.principals?.element !== 'Principal') return [];
  const lists = statement.principals.lists.filter((list) => list.type === 'Federated');
  return lists.flatMap((list) =>
    list.values.map((value) => {
      const at = value.indexOf(PROVIDER);
      return at < 0 ? value : value.slice(at + PROVIDER.length);
    }),
  );
}

/** What passes IAM's check is not always narrow: `?`, `**` and an empty list pass. Only the single star is refused. */
function narrows(condition: Condition, keys: readonly string[], rule: SharedIssuerRule): boolean {
  const { operator, key, values } = condition;
  if (!COUNTED.has(operator.base) || operator.ifExists) return false;
  if (!keys.some((one) => one.toLowerCase() === key.toLowerCase())) return false;
  if (values.includes('*')) return false;
  return rule.issuer !== GITHUB || values.every((value) => value.trim() !== '' && !value.startsWith('*'));
}
