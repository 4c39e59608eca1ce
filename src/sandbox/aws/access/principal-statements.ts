import { isJsonObject } from '../../../base/json.ts';
import { parsePolicyText } from '../../../iam/policy-document.ts';
import type { NamedDocument } from '../store/records.ts';

/** How well a statement's principal names the caller. */
export type PrincipalMatch = 'caller' | 'account' | 'everyone';

/** A caller as a resource policy or trust policy may name it. */
export interface NamedCaller {
  /** Session ARN, then role or user ARN, and their unique ids. */
  readonly names: readonly string[];
  readonly account: string;
  readonly partition: string;
}

function asList(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function matchOf(principal: unknown, caller: NamedCaller | undefined): readonly PrincipalMatch[] {
  if (principal === '*') return ['everyone'];
  if (!isJsonObject(principal)) return [];
  return asList(principal.AWS).flatMap((name): readonly PrincipalMatch[] => {
    if (name === '*') return ['everyone'];
    if (caller === undefined || typeof name !== 'string') return [];
    if (caller.names.includes(name)) return ['caller'];
    return name === caller.account || name === `arn:${caller.partition}:iam::${caller.account}:root` ? ['account'] : [];
  });
}

/**
 * The statements of a policy with principals that concern this caller (undefined: anonymous), as an identity policy that
 * can be judged by the same evaluator: the principal is decided here and left out, and a missing resource, as in trust
 * policies, is any. Statements with NotPrincipal concern nobody here when they allow, and everybody when they deny.
 */
export function statementsFor(
  document: string,
  caller: NamedCaller | undefined,
  matches: readonly PrincipalMatch[],
): NamedDocument | undefined {
  const parsed = parsePolicyText(document);
  if (!parsed.ok || !isJsonObject(parsed.document)) return undefined;
  const statements = asList(parsed.document.Statement).flatMap((statement) => {
    if (!isJsonObject(statement)) return [];
    const { Principal: principal, NotPrincipal: notPrincipal, ...rest } = statement;
    const concerned =
      notPrincipal !== undefined ? rest.Effect === 'Deny' : matchOf(principal, caller).some((match) => matches.includes(match));
    if (!concerned) return [];
    return [rest.Resource === undefined && rest.NotResource === undefined ? { ...rest, Resource: '*' } : rest];
  });
  if (statements.length === 0) return undefined;
  return { name: 'resource policy', document: JSON.stringify({ ...parsed.document, Statement: statements }) };
}

/** Names of a signed caller. */
export function namesOf(caller: NamedCallerSource, world: { readonly account: string; readonly partition: string }): NamedCaller {
  const session = caller.kind === 'session' ? [caller.session.roleArn, caller.session.roleId] : [];
  return { names: [caller.arn, caller.userId, ...session], account: world.account, partition: world.partition };
}

type NamedCallerSource =
  | { readonly kind: 'admin'; readonly arn: string; readonly userId: string }
  | {
      readonly kind: 'session';
      readonly arn: string;
      readonly userId: string;
      readonly session: { readonly roleArn: string; readonly roleId: string };
    };
