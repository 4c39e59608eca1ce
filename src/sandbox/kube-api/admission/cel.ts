import { Environment, ParseError } from '@marcbachmann/cel-js';
import { messageOf } from '../../../base/errors.ts';
import { isJsonObject } from '../../../base/json.ts';

/** The variables of a match condition (KEP-3716); `object` and `oldObject` are null where there is none. */
export interface CelVariables {
  readonly object: unknown;
  readonly oldObject: unknown;
  readonly request: unknown;
}

export type CelResult = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: string };

/** Evaluates an expression; `error` is in the words of CEL's Go implementation, without the expression. */
export type EvaluateCel = (expression: string, variables: CelVariables) => CelResult;

const environment = new Environment({ unlistedVariablesAreDyn: true });

/** Evaluates match conditions by the CEL library; `authorizer` is not offered, as this server decides nothing by it. */
export const evaluateCel: EvaluateCel = (expression, { object, oldObject, request }) => {
  try {
    const variables = { object: celValue(object), oldObject: celValue(oldObject), request: celValue(request) };
    return { ok: true, value: environment.evaluate(expression, variables) };
  } catch (thrown) {
    return { ok: false, error: firstLetterLower(summaryOf(thrown)) };
  }
};

/** Why an expression does not parse; undefined when it does. */
export function celSyntaxProblem(expression: string): string | undefined {
  try {
    environment.parse(expression);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ParseError) return summaryOf(thrown);
    throw thrown;
  }
}

function summaryOf(thrown: unknown): string {
  return thrown instanceof Error && 'summary' in thrown && typeof thrown.summary === 'string' ? thrown.summary : messageOf(thrown);
}

function firstLetterLower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** JSON's whole numbers are `int` in CEL, which the library knows as bigint. */
function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (!isJsonObject(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, celValue(member)]));
}
