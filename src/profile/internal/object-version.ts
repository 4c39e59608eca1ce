/**
 * Whether `candidate` is older than `known`. ResourceVersions of one resource that are decimal numbers compare as such (a promise of the
 * API since KEP-5504); where they are not, nothing can be said: `undefined`.
 */
export function isOlder(candidate: string | undefined, known: string | undefined): boolean | undefined {
  if (candidate === undefined || known === undefined || !/^\d+$/.test(candidate) || !/^\d+$/.test(known)) return undefined;
  return candidate.length === known.length ? candidate < known : candidate.length < known.length;
}
