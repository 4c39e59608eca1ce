import { type Condition, type ConditionWorld, conditionHolds } from './internal/condition.ts';
import { hasWildcard } from './internal/glob.ts';
import { actionsMatch, type Caller, judge, principalsMatch, statementMatches } from './internal/judge.ts';
import { ASSUME_ROLE_WITH_WEB_IDENTITY, asksCircumstance, isOpen, strangerTo } from './internal/open-statement.ts';
import { type Policy, readPolicy, type Statement } from './internal/read-policy.ts';
import { trustContext } from './internal/request-context.ts';
import { type PolicyProblem, parsePolicyText } from './policy-document.ts';
import { parseSubject, type ServiceAccountName, subjectOf } from './service-account-subject.ts';
import { hostPathOfProvider } from './trust-document.ts';

export interface WhoCanInput {
  readonly providerArn: string;
  /** Audiences that the provider has registered. */
  readonly audiences: readonly string[];
  /** The service accounts that exist. */
  readonly serviceAccounts: readonly ServiceAccountName[];
}

/** A service account that may assume the role. */
export interface Admitted {
  readonly subject: string;
  /** With a token for any of these. */
  readonly audiences: readonly string[];
  /** Condition keys on which it depends as well (session name, address, time); empty: in every circumstance. */
  readonly circumstances: readonly string[];
}

/** Whom an Allow lets in beyond the service accounts that exist. */
export type Beyond =
  /** Every token of the provider. */
  | { readonly kind: 'everyone'; readonly statement: number }
  /** Every subject of that form. */
  | { readonly kind: 'pattern'; readonly statement: number; readonly pattern: string; readonly reach: 'namespaces' | 'accounts' }
  /** A subject that is named but does not exist: whoever creates it gets the role. */
  | { readonly kind: 'absent'; readonly statement: number; readonly subject: string };

export type WhoCanAssume =
  | { readonly ok: true; readonly admitted: readonly Admitted[]; readonly beyond: readonly Beyond[] }
  | { readonly ok: false; readonly problem: PolicyProblem };

/** The exact set of service accounts that a trust policy admits, and the shape of whatever else it would admit. */
export function whoCanAssume(policy: string | object, input: WhoCanInput): WhoCanAssume {
  const parsed = typeof policy === 'string' ? parsePolicyText(policy) : ({ ok: true, document: policy } as const);
  const read = parsed.ok ? readPolicy(parsed.document, 'trust') : parsed;
  if (!read.ok) return { ok: false, problem: read.problem };
  const admitted = input.serviceAccounts.map(subjectOf).map((subject) => admission(read.policy, subject, input));
  return {
    ok: true,
    admitted: admitted.filter((one) => one !== undefined),
    beyond: beyondOf(read.policy, input, JSON.stringify(parsed.ok ? parsed.document : '')),
  };
}

function admission(policy: Policy, subject: string, input: WhoCanInput): Admitted | undefined {
  const audiences: string[] = [];
  const circumstances = new Set<string>();
  for (const audience of input.audiences) {
    const caller = callerOf(subject, audience, input);
    if (judge(policy, caller) === 'allow' && !dependsOnCircumstance(policy, caller)) {
      audiences.push(audience);
    } else {
      const keys = possibleBy(policy, caller);
      if (keys === undefined) continue;
      audiences.push(audience);
      for (const key of keys) circumstances.add(key);
    }
  }
  return audiences.length === 0 ? undefined : { subject, audiences, circumstances: [...circumstances] };
}

function callerOf(subject: string, audience: string, input: WhoCanInput): Caller {
  const { providerArn } = input;
  const issuer = `https://${hostPathOfProvider(providerArn)}`;
  const action = ASSUME_ROLE_WITH_WEB_IDENTITY;
  const claims = { iss: issuer, sub: subject, aud: audience };
  const request = { action, account: providerArn.split(':')[4] ?? '', roleArn: '', providerArn, issuer, sessionName: 'podrole', claims };
  return { providerArn, action, context: trustContext(request) };
}

/** Whether some statement that names this caller asks for circumstances at all. */
function dependsOnCircumstance(policy: Policy, caller: Caller): boolean {
  const world: ConditionWorld = { context: caller.context, variables: policy.variables };
  const hits = policy.statements.filter((statement) => matchesLeniently(statement, caller, world));
  const isFree = hits.some((statement) => statement.effect === 'Allow' && !statement.conditions.some(asksCircumstance));
  return !isFree || hits.some((statement) => statement.effect === 'Deny');
}

/** The keys under which a caller may be let in: every Allow taken at its best, every Deny on circumstances taken as avoidable. */
function possibleBy(policy: Policy, caller: Caller): readonly string[] | undefined {
  const world: ConditionWorld = { context: caller.context, variables: policy.variables };
  const hits = policy.statements.filter((statement) => matchesLeniently(statement, caller, world));
  const denies = hits.filter((statement) => statement.effect === 'Deny');
  if (denies.some((statement) => !statement.conditions.some(asksCircumstance))) return undefined;
  const allows = hits.filter((statement) => statement.effect === 'Allow');
  if (allows.length === 0) return undefined;
  const isFree = allows.some((statement) => !statement.conditions.some(asksCircumstance));
  const keys = [...denies, ...(isFree ? [] : allows)].flatMap((statement) =>
    statement.conditions.filter(asksCircumstance).map((condition) => condition.key),
  );
  return [...new Set(keys)];
}

function matchesLeniently(statement: Statement, caller: Caller, world: ConditionWorld): boolean {
  const asks = (condition: Condition): boolean => asksCircumstance(condition) || conditionHolds(condition, world);
  return statementMatches({ ...statement, conditions: [] }, caller, world) && statement.conditions.every(asks);
}

function beyondOf(policy: Policy, input: WhoCanInput, text: string): readonly Beyond[] {
  const hostPath = hostPathOfProvider(input.providerArn);
  const existing = new Set(input.serviceAccounts.map(subjectOf));
  const found: Beyond[] = [];
  for (const statement of policy.statements) {
    if (statement.effect !== 'Allow' || !principalsMatch(statement.principals, input.providerArn)) continue;
    if (!actionsMatch(statement.actions, ASSUME_ROLE_WITH_WEB_IDENTITY)) continue;
    const { index } = statement;
    if (isOpen(statement, policy, { providerArn: input.providerArn, audiences: input.audiences, stranger: strangerTo(text) })) {
      found.push({ kind: 'everyone', statement: index });
      continue;
    }
    for (const condition of statement.conditions) found.push(...beyondCondition(condition, { hostPath, existing, index }));
  }
  const isShut = (subject: string): boolean =>
    !input.audiences.some((audience) => possibleBy(policy, callerOf(subject, audience, input)) !== undefined);
  return found.filter((one) => one.kind !== 'absent' || !isShut(one.subject));
}

interface Place {
  readonly hostPath: string;
  readonly existing: ReadonlySet<string>;
  readonly index: number;
}

function beyondCondition(condition: Condition, place: Place): readonly Beyond[] {
  const { operator, key, values } = condition;
  if (operator.family !== 'string' || operator.negated || key.toLowerCase() !== `${place.hostPath}:sub`.toLowerCase()) return [];
  return values.flatMap((value): readonly Beyond[] => {
    if (operator.wildcards && hasWildcard(value)) {
      const namespace = /^system:serviceaccount:([^:]*):/.exec(value)?.[1];
      const reach = namespace !== undefined && !hasWildcard(namespace) ? 'accounts' : 'namespaces';
      return [{ kind: 'pattern', statement: place.index, pattern: value, reach }];
    }
    if (parseSubject(value) === undefined || place.existing.has(value)) return [];
    return [{ kind: 'absent', statement: place.index, subject: value }];
  });
}
