import type { ExplainCode } from '../explain-codes.data.ts';
import type { ConditionExplanation, StatementExplanation } from './explain-statement.ts';

/** The Allow that came closest, and the first thing that kept it from matching. */
export interface NearestMiss {
  readonly statement: number;
  /** Elements of the statement that did not match. */
  readonly failures: number;
  readonly element: 'principal' | 'action' | 'condition';
  /** JSON pointer to what did not match. */
  readonly path: string;
  readonly reason: ExplainCode;
  /** What the policy has there that comes closest. */
  readonly expected: string | undefined;
  /** What the request has. */
  readonly actual: string | readonly string[] | undefined;
}

/** How far a reason is from a match: a slip of the pen is near, another issuer is far. */
const DISTANCE: Partial<Readonly<Record<ExplainCode, number>>> = {
  'principal-trailing-slash': 2,
  'principal-case': 2,
  'principal-other-account': 8,
  'principal-other-provider': 12,
  'principal-not-federated': 20,
  'principal-excluded': 20,
  'action-other': 10,
  'action-excluded': 10,
  'value-white-space': 1,
  'value-case': 1,
  'value-similar': 1,
  'value-wildcard-literal': 1,
  'value-variable-literal': 1,
  'value-other-namespace': 3,
  'value-other-account': 3,
  'key-has-scheme': 2,
  'key-slash': 2,
};
const FAR = 5;

/** Picks the Allow whose failures are fewest and smallest; undefined without any. */
export function nearestMiss(statements: readonly StatementExplanation[]): NearestMiss | undefined {
  let nearest: NearestMiss | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const statement of statements) {
    if (statement.effect !== 'Allow') continue;
    const misses = missesOf(statement);
    const [first] = misses;
    if (first === undefined) continue;
    const distance = misses.reduce((sum, miss) => sum + distanceOf(miss.reason), 0);
    if (distance >= least) continue;
    least = distance;
    nearest = { ...first, failures: misses.length };
  }
  return nearest;
}

function distanceOf(reason: ExplainCode): number {
  return DISTANCE[reason] ?? FAR;
}

function missesOf(statement: StatementExplanation): readonly Omit<NearestMiss, 'failures'>[] {
  const misses: Omit<NearestMiss, 'failures'>[] = [];
  for (const element of ['principal', 'action'] as const) {
    const { matched, path, reason, values } = statement[element];
    if (!matched) misses.push({ statement: statement.index, element, path, reason, expected: values[0], actual: undefined });
  }
  for (const condition of statement.conditions) {
    if (condition.matched) continue;
    const expected = closestValue(condition);
    misses.push({
      statement: statement.index,
      element: 'condition',
      path: condition.path,
      reason: condition.reason,
      expected,
      actual: condition.actual,
    });
  }
  return misses;
}

/** The value for which the condition's reason was given, else the first. */
export function closestValue(condition: ConditionExplanation): string | undefined {
  return (condition.values.find((value) => value.reason === condition.reason) ?? condition.values[0])?.value;
}
