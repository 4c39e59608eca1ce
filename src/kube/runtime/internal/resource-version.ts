/**
 * Negative when `left` is older than `right`. Decimal texts compare as numbers of any size (KEP-5504 makes that a promise of the API);
 * anything else is not comparable: `undefined`.
 */
export function compareVersions(left: string | undefined, right: string | undefined): number | undefined {
  if (left === undefined || right === undefined || !/^\d+$/.test(left) || !/^\d+$/.test(right)) return undefined;
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
