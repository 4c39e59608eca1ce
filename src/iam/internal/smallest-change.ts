import { hostPathOf } from '../arn.ts';
import { subjectOf } from '../service-account-subject.ts';
import { trustStatement } from '../trust-document.ts';
import type { TrustRequest } from '../trust-request.ts';
import type { ConditionExplanation, StatementExplanation } from './explain-statement.ts';
import { judge } from './judge.ts';
import { strangerTo } from './open-statement.ts';
import { readPolicy } from './read-policy.ts';
import { trustContext } from './request-context.ts';

/** One edit of a document, as a JSON patch operation (RFC 6902) with a reason to print. */
export interface TrustChange {
  readonly operations: readonly TrustOperation[];
  readonly summary: string;
}

export type TrustOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

interface Facts {
  readonly statements: readonly StatementExplanation[];
  readonly request: TrustRequest;
}

const NOTHING: TrustChange = { operations: [], summary: '' };

/**
 * The smallest edit after which the request is allowed: the Allow with the fewest failures is mended, or, if a Deny is in the way, the Deny
 * narrowed or taken out. Every proposal is tried on a copy by the evaluator, and one that would let a stranger in where none was let in
 * before is not made.
 */
export function smallestChange(document: unknown, facts: Facts): TrustChange | undefined {
  const { statements, request } = facts;
  const denies = statements.filter((statement) => statement.effect === 'Deny' && statement.matched);
  const lifts = denies.length === 0 ? [NOTHING] : [joined(denies.map(narrowDeny)), joined(denies.map(removeDeny).reverse())];
  for (const allow of allowChanges(facts)) {
    for (const lift of lifts) {
      const change = joined([allow, lift]);
      if (isAcceptable(document, change.operations, request)) return change;
    }
  }
  return undefined;
}

/** Ways to have an Allow that matches, the smallest first. */
function allowChanges(facts: Facts): readonly TrustChange[] {
  const { statements, request } = facts;
  const allows = statements.filter((statement) => statement.effect === 'Allow');
  if (allows.some((statement) => statement.matched)) return [NOTHING];
  const mends = allows.map((statement) => mend(statement, request)).filter((change) => change !== undefined);
  const bound = allows.map((statement) => boundMend(statement, request)).filter((change) => change !== undefined);
  const bySize = (a: TrustChange, b: TrustChange): number => a.operations.length - b.operations.length;
  return [...[...mends].sort(bySize), ...[...bound].sort(bySize), ...addStatement(request)];
}

/** A mend that has to take a restriction away names the subject instead. */
function boundMend(statement: StatementExplanation, request: TrustRequest): TrustChange | undefined {
  const subject = subjectKey(request);
  const change = mend(statement, request);
  if (change === undefined || subject === undefined) return undefined;
  const bind: TrustChange = {
    operations: [{ op: 'add', path: `${statement.path}/Condition/StringEquals/${escapePart(subject.key)}`, value: subject.value }],
    summary: `ask for "${subject.value}" by StringEquals on ${subject.key}`,
  };
  return joined([change, bind]);
}

function addStatement(request: TrustRequest): readonly TrustChange[] {
  const subject = subjectKey(request);
  const audience = trustContext(request)(`${hostPathOf(request.issuer)}:aud`);
  if (subject === undefined || typeof audience !== 'string') return [];
  const value = trustStatement({ providerArn: request.providerArn, audience, subjects: [subject.value] });
  return [
    { operations: [{ op: 'add', path: '/Statement/-', value }], summary: `add an Allow for "${subject.value}" of ${request.providerArn}` },
  ];
}

function subjectKey(request: TrustRequest): { readonly key: string; readonly value: string } | undefined {
  const key = `${hostPathOf(request.issuer)}:sub`;
  const value = trustContext(request)(key);
  return typeof value === 'string' && value !== '' && !value.includes('${') ? { key, value } : undefined;
}

/** A Deny that excepts a list gets one exception more; one that lists whom it hits loses an entry. */
function narrowDeny(statement: StatementExplanation): TrustChange {
  for (const condition of statement.conditions) {
    const { actual, operator, path, values } = condition;
    if (typeof actual !== 'string' || !/^String(Not)?(Equals|Like)(IgnoreCase)?$/.test(operator)) continue;
    const texts = values.map((value) => value.value);
    if (operator.startsWith('StringNot')) {
      return {
        operations: [{ op: 'replace', path, value: [...texts, actual] }],
        summary: `except "${actual}" from the Deny of ${nameOf(statement)}`,
      };
    }
    const rest = values.filter((value) => !value.compared).map((value) => value.value);
    if (rest.length > 0)
      return { operations: [{ op: 'replace', path, value: rest }], summary: `take "${actual}" out of the Deny of ${nameOf(statement)}` };
  }
  return removeDeny(statement);
}

function removeDeny(statement: StatementExplanation): TrustChange {
  return { operations: [{ op: 'remove', path: statement.path }], summary: `remove the Deny of ${nameOf(statement)}` };
}

function nameOf(statement: StatementExplanation): string {
  return statement.sid === undefined ? `statement ${statement.index + 1}` : `statement "${statement.sid}"`;
}

/** Several changes as one. Denies come last first, so that no removal moves the next. */
function joined(changes: readonly TrustChange[]): TrustChange {
  const summary = changes.map((change) => change.summary).filter((part) => part !== '');
  return { operations: changes.flatMap((change) => change.operations), summary: summary.join('; ') };
}

function mend(statement: StatementExplanation, request: TrustRequest): TrustChange | undefined {
  const operations: TrustOperation[] = [];
  const parts: string[] = [];
  if (!statement.principal.matched) {
    if (statement.principal.reason === 'principal-excluded' || statement.principal.reason === 'principal-not-federated') return undefined;
    operations.push({ op: 'replace', path: `${statement.principal.path}/Federated`, value: request.providerArn });
    parts.push(`name ${request.providerArn} as the Federated principal`);
  }
  if (!statement.action.matched) {
    if (statement.action.reason === 'action-excluded') return undefined;
    operations.push({ op: 'replace', path: statement.action.path, value: request.action });
    parts.push(`use the action ${request.action}`);
  }
  for (const condition of statement.conditions) {
    if (condition.matched) continue;
    const step = mendCondition(condition, statement, request);
    if (step === undefined) return undefined;
    operations.push(...step.operations);
    parts.push(step.summary);
  }
  return { operations, summary: parts.join('; ') };
}

function mendCondition(condition: ConditionExplanation, statement: StatementExplanation, request: TrustRequest): TrustChange | undefined {
  const { actual, key, operator, reason, path } = condition;
  const prefix = `${statement.path}/Condition`;
  if (reason === 'key-other-issuer' || reason === 'key-has-scheme' || reason === 'key-slash') return renameKey(condition, prefix, request);
  if (reason === 'key-not-published' && meantName(key) !== undefined) return renameKey(condition, prefix, request);
  if (reason === 'multivalued-under-scalar') {
    const values = condition.values.map((value) => value.value);
    return {
      operations: moveTo(prefix, `ForAnyValue:${operator}`, condition, values),
      summary: `use ForAnyValue:${operator} for ${key}, which holds a list`,
    };
  }
  if (reason === 'value-excluded') {
    const values = condition.values.filter((value) => !value.compared).map((value) => value.value);
    return { operations: [{ op: 'replace', path, value: values }], summary: `take ${show(actual)} out of ${operator} on ${key}` };
  }
  if (reason === 'value-wildcard-literal') {
    const values = condition.values.map((value) => value.value);
    return {
      operations: moveTo(prefix, operator.replace('StringEquals', 'StringLike').replace('IgnoreCase', ''), condition, values),
      summary: `use StringLike instead of ${operator} for ${key}, or name the subject in full`,
    };
  }
  if (actual === undefined || reason === 'key-present' || !/Equals|Like/.test(operator)) {
    return { operations: [{ op: 'remove', path }], summary: `remove the condition ${operator} on ${key}` };
  }
  const wanted = typeof actual === 'string' ? [actual] : actual;
  const values = [...condition.values.map((value) => value.value), ...wanted];
  const only = condition.values.length === 1 && (reason === 'value-case' || reason === 'value-white-space' || reason === 'value-similar');
  const value = only ? wanted[0] : values;
  const summary = only
    ? `write ${show(actual)} instead of "${condition.values[0]?.value}" for ${key}`
    : `add ${show(actual)} to ${operator} on ${key}`;
  return { operations: [{ op: 'replace', path, value }], summary };
}

function renameKey(condition: ConditionExplanation, prefix: string, request: TrustRequest): TrustChange {
  const hostPath = hostPathOf(request.issuer);
  const key = `${hostPath}:${meantName(condition.key) ?? condition.key.slice(condition.key.lastIndexOf(':') + 1)}`;
  const actual = trustContext(request)(key);
  const values = condition.values.map((value) => value.value);
  const wanted = typeof actual === 'string' && !values.includes(actual) ? [...values, actual] : values;
  const operations: TrustOperation[] = [
    { op: 'remove', path: condition.path },
    { op: 'add', path: `${prefix}/${escapePart(condition.operator)}/${escapePart(key)}`, value: wanted },
  ];
  return { operations, summary: `use the key ${key} instead of ${condition.key}${wanted === values ? '' : ` and add ${show(actual)}`}` };
}

/** The published claim that a name was meant to be, as in `:subject` and `:audience`. */
function meantName(key: string): string | undefined {
  const name = key.slice(key.lastIndexOf(':') + 1).toLowerCase();
  return ['sub', 'aud'].find((claim) => name !== claim && name.startsWith(claim));
}

function moveTo(prefix: string, operator: string, condition: ConditionExplanation, values: readonly string[]): readonly TrustOperation[] {
  return [
    { op: 'remove', path: condition.path },
    { op: 'add', path: `${prefix}/${escapePart(operator)}/${escapePart(condition.key)}`, value: values },
  ];
}

function show(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? `"${value}"` : JSON.stringify(value ?? null);
}

function escapePart(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isAcceptable(document: unknown, operations: readonly TrustOperation[], request: TrustRequest): boolean {
  const changed = applyOperations(document, operations);
  if (verdictOf(changed, request) !== 'allow') return false;
  const stranger = { ...request, claims: { ...request.claims, sub: subjectOf(strangerTo(JSON.stringify(document))) } };
  return verdictOf(changed, stranger) === 'deny' || verdictOf(document, stranger) === 'allow';
}

function verdictOf(document: unknown, request: TrustRequest): 'allow' | 'deny' {
  const read = readPolicy(document, 'trust');
  if (!read.ok) return 'deny';
  return judge(read.policy, { providerArn: request.providerArn, action: request.action, context: trustContext(request) });
}

/** Applies operations to a copy; missing objects on the way are made, since a new operator has none yet. */
export function applyOperations(document: unknown, operations: readonly TrustOperation[]): unknown {
  let copy: unknown = document;
  for (const operation of operations) copy = changed(copy, operation.path.split('/').slice(1).map(unescapePart), operation);
  return copy;
}

function unescapePart(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function changed(node: unknown, path: readonly string[], operation: TrustOperation): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return operation.op === 'remove' ? undefined : operation.value;
  if (Array.isArray(node)) {
    const list: unknown[] = [...node];
    const at = Number(head);
    if (head === '-') list.push(changed(undefined, rest, operation));
    else if (rest.length === 0 && operation.op === 'remove') list.splice(at, 1);
    else list[at] = changed(list[at], rest, operation);
    return list;
  }
  const members: readonly (readonly [string, unknown])[] = typeof node === 'object' && node !== null ? Object.entries(node) : [];
  if (rest.length === 0 && operation.op === 'remove') return Object.fromEntries(members.filter(([name]) => name !== head));
  const before = members.find(([name]) => name === head)?.[1];
  return Object.fromEntries([...members.filter(([name]) => name !== head), [head, changed(before, rest, operation)]]);
}
