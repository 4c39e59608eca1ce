import type { PolicyProblem } from '../policy-document.ts';
import type { Condition } from './condition.ts';
import { pointerOf } from './json-tree.ts';
import { OPERATORS } from './operator.ts';

export type PrincipalType = 'AWS' | 'Federated' | 'Service' | 'CanonicalUser';

/** `Principal` or `NotPrincipal`; the text `"*"` is read as every AWS principal, which is what it means. */
export interface Principals {
  readonly element: 'Principal' | 'NotPrincipal';
  readonly star: boolean;
  readonly lists: readonly { readonly type: PrincipalType; readonly values: readonly string[] }[];
}

/** A list of patterns under an element or its `Not` form. */
export interface Patterns {
  readonly negated: boolean;
  readonly values: readonly string[];
}

export interface Statement {
  readonly index: number;
  readonly pointer: string;
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly principals: Principals | undefined;
  readonly actions: Patterns;
  readonly resources: Patterns | undefined;
  readonly conditions: readonly Condition[];
}

/** A policy, read and checked. */
export interface Policy {
  readonly version: '2012-10-17' | '2008-10-17';
  readonly variables: boolean;
  readonly statements: readonly Statement[];
}

export type PolicyKind = 'trust' | 'identity';

export type ReadResult = { readonly ok: true; readonly policy: Policy } | { readonly ok: false; readonly problem: PolicyProblem };

type Members = Readonly<Record<string, unknown>>;

const PRINCIPAL_TYPES: ReadonlySet<string> = new Set<PrincipalType>(['AWS', 'Federated', 'Service', 'CanonicalUser']);

class Malformed {
  readonly problem: PolicyProblem;
  constructor(path: readonly (string | number)[], message: string) {
    this.problem = { code: 'malformed', path: pointerOf(path), message };
  }
}

/**
 * Reads a parsed document of either kind. Unknown members are passed over; what changes the meaning and cannot be understood (an unknown
 * operator, an effect other than Allow and Deny, a value of the wrong type) makes the whole document malformed.
 * Source: IAM user guide, grammar of the IAM JSON policy language.
 */
export function readPolicy(root: unknown, kind: PolicyKind): ReadResult {
  try {
    return { ok: true, policy: policyOf(root, kind) };
  } catch (thrown) {
    if (thrown instanceof Malformed) return { ok: false, problem: thrown.problem };
    throw thrown;
  }
}

function policyOf(root: unknown, kind: PolicyKind): Policy {
  if (!isMembers(root)) throw new Malformed([], 'a policy must be a JSON object');
  const version = root.Version ?? '2008-10-17';
  if (version !== '2012-10-17' && version !== '2008-10-17')
    throw new Malformed(['Version'], 'version must be "2012-10-17" or "2008-10-17"');
  const list = root.Statement;
  if (list === undefined) throw new Malformed([], 'a policy must have a Statement');
  if (Array.isArray(list) && list.length === 0) throw new Malformed(['Statement'], 'a policy must have at least one statement');
  const statements: Statement[] = [];
  if (Array.isArray(list)) {
    for (let index = 0; index < list.length; index += 1)
      statements.push(statementOf(list[index], index, { kind, path: ['Statement', index] }));
  } else {
    statements.push(statementOf(list, 0, { kind, path: ['Statement'] }));
  }
  return { version, variables: version === '2012-10-17', statements };
}

interface Place {
  readonly kind: PolicyKind;
  readonly path: readonly (string | number)[];
}

function statementOf(value: unknown, index: number, place: Place): Statement {
  const { kind, path } = place;
  if (!isMembers(value)) throw new Malformed(path, 'a statement must be a JSON object');
  const { Effect: effect, Sid: sid } = value;
  if (effect !== 'Allow' && effect !== 'Deny') throw new Malformed([...path, 'Effect'], 'effect must be exactly "Allow" or "Deny"');
  if (sid !== undefined && typeof sid !== 'string') throw new Malformed([...path, 'Sid'], 'a Sid must be a string');
  const principals = kind === 'trust' ? principalsOf(value, path) : undefined;
  const actions = patternsOf(value, 'Action', path);
  if (actions === undefined) throw new Malformed(path, 'a statement must have an Action or a NotAction');
  const resources = kind === 'identity' ? patternsOf(value, 'Resource', path) : undefined;
  if (kind === 'identity' && resources === undefined) throw new Malformed(path, 'a statement must have a Resource or a NotResource');
  const conditions = value.Condition === undefined ? NONE : conditionsOf(value.Condition, path);
  return {
    index,
    pointer: kind === 'trust' || path.length > 0 ? pointerOf(path) : '',
    sid,
    effect,
    principals,
    actions,
    resources,
    conditions,
  };
}

const NONE: readonly Condition[] = [];

function principalsOf(statement: Members, path: readonly (string | number)[]): Principals {
  const { Principal: yes, NotPrincipal: no } = statement;
  if (yes === undefined && no === undefined) throw new Malformed(path, 'a statement must have a Principal or a NotPrincipal');
  if (yes !== undefined && no !== undefined) throw new Malformed(path, 'a statement must not have both Principal and NotPrincipal');
  const element = yes === undefined ? 'NotPrincipal' : 'Principal';
  const value = yes ?? no;
  const at = [...path, element];
  if (value === '*') return { element, star: true, lists: [] };
  if (!isMembers(value)) throw new Malformed(at, `${element} must be "*" or an object of AWS, Federated, Service or CanonicalUser`);
  const lists: { type: PrincipalType; values: readonly string[] }[] = [];
  for (const type of Object.keys(value)) {
    if (!PRINCIPAL_TYPES.has(type)) throw new Malformed([...at, type], `principal type "${type}" is unknown`);
    const values = textsOf(value[type]);
    if (values === undefined) throw new Malformed([...at, type], 'a principal must be a string or an array of strings');
    lists.push({ type: type as PrincipalType, values });
  }
  if (lists.length === 0) throw new Malformed(at, `${element} names nobody`);
  return { element, star: false, lists };
}

function patternsOf(statement: Members, element: 'Action' | 'Resource', path: readonly (string | number)[]): Patterns | undefined {
  const yes = statement[element];
  const no = statement[`Not${element}`];
  if (yes !== undefined && no !== undefined) throw new Malformed(path, `a statement must not have both ${element} and Not${element}`);
  const value = yes ?? no;
  if (value === undefined) return undefined;
  const values = textsOf(value);
  const name = yes === undefined ? `Not${element}` : element;
  if (values === undefined) throw new Malformed([...path, name], `${name} must be a string or an array of strings`);
  return { negated: yes === undefined, values };
}

function conditionsOf(value: unknown, statement: readonly (string | number)[]): readonly Condition[] {
  const path = [...statement, 'Condition'];
  if (!isMembers(value)) throw new Malformed(path, 'Condition must be an object of operators');
  const found: Condition[] = [];
  for (const name of Object.keys(value)) {
    const operator = OPERATORS.get(name);
    if (operator === undefined) throw new Malformed([...path, name], `condition operator "${name}" is unknown`);
    const keys = value[name];
    if (!isMembers(keys)) throw new Malformed([...path, name], 'a condition operator must hold an object of keys');
    for (const key of Object.keys(keys)) {
      const values = scalarsOf(keys[key]);
      if (values === undefined)
        throw new Malformed([...path, name, key], 'a condition value must be a string, number or boolean, or an array of them');
      found.push({ operator, key, values });
    }
  }
  return found;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textsOf(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
}

function scalarsOf(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  if (!Array.isArray(value)) return undefined;
  if (value.every((one) => typeof one === 'string')) return value;
  return value.every((one) => typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean')
    ? value.map(String)
    : undefined;
}
