import { arnMatches, globMatches } from './glob.ts';
import { ipInRange, isIpAddress } from './ip-address.ts';

export type OperatorFamily = 'string' | 'numeric' | 'date' | 'bool' | 'binary' | 'ip' | 'arn' | 'null';

/** One condition operator as it may stand in a policy, with its set prefix and `IfExists` suffix. */
export interface Operator {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly name: string;
  /** Without prefix and suffix: `StringLike`. */
  readonly base: string;
  readonly family: OperatorFamily;
  /** Holds when *no* value compares. */
  readonly negated: boolean;
  readonly ifExists: boolean;
  readonly quantifier: 'one' | 'any' | 'all';
  /** Whether `*` and `?` are wildcards. */
  readonly wildcards: boolean;
  /** Whether policy variables are replaced. */
  readonly variables: boolean;
  /** Whether the operator can read this request value at all; one it cannot read satisfies neither it nor its negation. */
  readonly reads: (actual: string) => boolean;
  /** Compares the request's value with the policy's. */
  readonly compares: (actual: string, expected: string, literal: readonly boolean[] | undefined) => boolean;
}

type Comparison = Pick<Operator, 'family' | 'negated' | 'wildcards' | 'variables' | 'reads' | 'compares'>;

const anyText = (): boolean => true;

function text(negated: boolean, wildcards: boolean, compares: Operator['compares']): Comparison {
  return { family: 'string', negated, wildcards, variables: true, reads: anyText, compares };
}

function ordered(
  family: 'numeric' | 'date',
  read: (value: string) => number,
  holds: (order: number) => boolean,
  negated = false,
): Comparison {
  return {
    family,
    negated,
    wildcards: false,
    variables: false,
    reads: (actual) => !Number.isNaN(read(actual)),
    compares: (actual, expected) => holds(read(actual) - read(expected)),
  };
}

const NUMBER = /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$/;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2}))?$/;
const EPOCH = /^[0-9]{1,12}$/;

function readNumber(value: string): number {
  return NUMBER.test(value) ? Number(value) : Number.NaN;
}

/** Milliseconds of an ISO 8601 date or of epoch seconds. */
function readDate(value: string): number {
  if (EPOCH.test(value)) return Number(value) * 1000;
  return DATE.test(value) ? Date.parse(value) : Number.NaN;
}

const equal: Operator['compares'] = (actual, expected) => actual === expected;
const equalIgnoringCase: Operator['compares'] = (actual, expected) => actual.toLowerCase() === expected.toLowerCase();
const like: Operator['compares'] = (actual, expected, literal) => globMatches(expected, actual, literal);
const arnLike: Operator['compares'] = (actual, expected, literal) => arnMatches(expected, actual, literal);
const isArn = (actual: string): boolean => actual.startsWith('arn:') && actual.split(':').length >= 6;
const isBool = (actual: string): boolean => /^(true|false)$/i.test(actual);

function arn(negated: boolean): Comparison {
  return { family: 'arn', negated, wildcards: true, variables: true, reads: isArn, compares: arnLike };
}

function ip(negated: boolean): Comparison {
  return { family: 'ip', negated, wildcards: false, variables: false, reads: isIpAddress, compares: ipInRange };
}

/** Padding is optional in base64 and changes no byte. */
const sameBytes: Operator['compares'] = (actual, expected) => actual.replace(/=+$/, '') === expected.replace(/=+$/, '');

const BASES: Readonly<Record<string, Comparison>> = {
  StringEquals: text(false, false, equal),
  StringNotEquals: text(true, false, equal),
  StringEqualsIgnoreCase: text(false, false, equalIgnoringCase),
  StringNotEqualsIgnoreCase: text(true, false, equalIgnoringCase),
  StringLike: text(false, true, like),
  StringNotLike: text(true, true, like),
  NumericEquals: ordered('numeric', readNumber, (order) => order === 0),
  NumericNotEquals: ordered('numeric', readNumber, (order) => order === 0, true),
  NumericLessThan: ordered('numeric', readNumber, (order) => order < 0),
  NumericLessThanEquals: ordered('numeric', readNumber, (order) => order <= 0),
  NumericGreaterThan: ordered('numeric', readNumber, (order) => order > 0),
  NumericGreaterThanEquals: ordered('numeric', readNumber, (order) => order >= 0),
  DateEquals: ordered('date', readDate, (order) => order === 0),
  DateNotEquals: ordered('date', readDate, (order) => order === 0, true),
  DateLessThan: ordered('date', readDate, (order) => order < 0),
  DateLessThanEquals: ordered('date', readDate, (order) => order <= 0),
  DateGreaterThan: ordered('date', readDate, (order) => order > 0),
  DateGreaterThanEquals: ordered('date', readDate, (order) => order >= 0),
  Bool: { family: 'bool', negated: false, wildcards: false, variables: false, reads: isBool, compares: equalIgnoringCase },
  BinaryEquals: { family: 'binary', negated: false, wildcards: false, variables: false, reads: anyText, compares: sameBytes },
  IpAddress: ip(false),
  NotIpAddress: ip(true),
  ArnEquals: arn(false),
  ArnLike: arn(false),
  ArnNotEquals: arn(true),
  ArnNotLike: arn(true),
};

const QUANTIFIERS = { '': 'one', 'ForAnyValue:': 'any', 'ForAllValues:': 'all' } as const;

function table(): ReadonlyMap<string, Operator> {
  const all = new Map<string, Operator>();
  for (const [base, comparison] of Object.entries(BASES)) {
    for (const [prefix, quantifier] of Object.entries(QUANTIFIERS)) {
      for (const suffix of ['', 'IfExists']) {
        const name = `${prefix}${base}${suffix}`;
        all.set(name, { name, base, quantifier, ifExists: suffix !== '', ...comparison });
      }
    }
  }
  const nothing = {
    negated: false,
    ifExists: false,
    quantifier: 'one',
    wildcards: false,
    variables: false,
    reads: anyText,
    compares: equalIgnoringCase,
  } as const;
  all.set('Null', { name: 'Null', base: 'Null', family: 'null', ...nothing });
  return all;
}

/**
 * Every operator that IAM knows, by its exact name. Source: IAM user guide, "IAM JSON policy elements: Condition operators".
 */
export const OPERATORS: ReadonlyMap<string, Operator> = table();
