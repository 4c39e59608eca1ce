import type { TrustRequest } from '../trust-request.ts';
import type { ConditionExplanation, StatementExplanation } from './explain-statement.ts';
import { judge } from './judge.ts';
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

/**
 * The smallest edit after which the request is allowed: the Allow with the fewest failures is mended, or, if a Deny is in the way, the Deny
 * narrowed or taken out. Every proposal is tried on a copy and only one that works is returned.
 */
export function smallestChange(document: unknown, facts: Facts): TrustChange | undefined {
  const denies = facts.statements.filter((statement) => statement.effect === 'Deny' && statement.matched);
  const blocked = denies.map(liftDeny);
  const allowed = facts.statements.some((statement) => statement.effect === 'Allow' && statement.matched);
  const mends = allowed
    ? [{ operations: [], summary: '' }]
    : facts.statements
        .filter((statement) => statement.effect === 'Allow')
        .map((statement) => mend(statement, facts.request))
        .filter((change) => change !== undefined)
        .sort((a, b) => a.operations.length - b.operations.length);
  for (const change of mends) {
    const operations = [...change.operations, ...blocked.flatMap((lift) => lift.operations).reverse()];
    const summary = [change.summary, ...blocked.map((lift) => lift.summary)].filter((part) => part !== '').join('; ');
    if (works(document, operations, facts.request)) return { operations, summary };
  }
  return undefined;
}

function liftDeny(statement: StatementExplanation): TrustChange {
  const name = statement.sid === undefined ? `statement ${statement.index + 1}` : `statement "${statement.sid}"`;
  return { operations: [{ op: 'remove', path: statement.path }], summary: `remove the Deny of ${name}` };
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
  const hostPath = request.issuer.replace(/^https:\/\//, '');
  const key = `${hostPath}:${condition.key.slice(condition.key.lastIndexOf(':') + 1)}`;
  const actual = trustContext(request)(key);
  const values = condition.values.map((value) => value.value);
  const wanted = typeof actual === 'string' && !values.includes(actual) ? [...values, actual] : values;
  const operations: TrustOperation[] = [
    { op: 'remove', path: condition.path },
    { op: 'add', path: `${prefix}/${escapePart(condition.operator)}/${escapePart(key)}`, value: wanted },
  ];
  return { operations, summary: `use the key ${key} instead of ${condition.key}${wanted === values ? '' : ` and add ${show(actual)}`}` };
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

function works(document: unknown, operations: readonly TrustOperation[], request: TrustRequest): boolean {
  const read = readPolicy(applyOperations(document, operations), 'trust');
  if (!read.ok) return false;
  return judge(read.policy, { providerArn: request.providerArn, action: request.action, context: trustContext(request) }) === 'allow';
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
    if (rest.length === 0 && operation.op === 'remove') list.splice(at, 1);
    else list[at] = changed(list[at], rest, operation);
    return list;
  }
  const members: readonly (readonly [string, unknown])[] = typeof node === 'object' && node !== null ? Object.entries(node) : [];
  if (rest.length === 0 && operation.op === 'remove') return Object.fromEntries(members.filter(([name]) => name !== head));
  const before = members.find(([name]) => name === head)?.[1];
  return Object.fromEntries([...members.filter(([name]) => name !== head), [head, changed(before, rest, operation)]]);
}
