import { isJsonObject } from '../../base/json.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * Whether a label selector (`matchLabels`, `matchExpressions`) takes a set of labels. An absent or empty selector takes every set; a requirement that
 * cannot be read takes none. Source: Kubernetes API reference, LabelSelector.
 */
export function selectorMatches(selector: unknown, labels: Labels): boolean {
  if (selector === undefined || selector === null) return true;
  if (!isJsonObject(selector)) return false;
  const pairs = isJsonObject(selector.matchLabels) ? Object.entries(selector.matchLabels) : [];
  const expressions: readonly unknown[] = Array.isArray(selector.matchExpressions) ? selector.matchExpressions : [];
  return pairs.every(([key, value]) => labelOf(labels, key) === value) && expressions.every((expression) => holds(expression, labels));
}

function holds(expression: unknown, labels: Labels): boolean {
  if (!isJsonObject(expression) || typeof expression.key !== 'string') return false;
  const value = labelOf(labels, expression.key);
  const values: readonly unknown[] = Array.isArray(expression.values) ? expression.values : [];
  switch (expression.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
