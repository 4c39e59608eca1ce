import { isJsonObject } from '../../../base/json.ts';

/** A label selector of an object as the text of a query: labels and expressions by name; empty where it selects everything. */
export function selectorText(selector: unknown): string {
  if (!isJsonObject(selector)) return '';
  const { matchLabels, matchExpressions } = selector;
  const pairs = isJsonObject(matchLabels) ? Object.entries(matchLabels).map(([label, value]) => `${label}=${String(value)}`) : [];
  const expressions = (Array.isArray(matchExpressions) ? matchExpressions.filter(isJsonObject) : []).map((expression) => {
    const key = String(expression.key ?? '');
    const values = Array.isArray(expression.values) ? `(${expression.values.join(',')})` : '()';
    switch (expression.operator) {
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
      case 'NotIn':
        return `${key} notin ${values}`;
      default:
        return `${key} in ${values}`;
    }
  });
  return [...pairs, ...expressions].sort().join(',');
}
