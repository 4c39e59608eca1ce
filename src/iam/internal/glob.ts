const STAR = 0x2a;
const QUESTION = 0x3f;

/**
 * Whether `text` matches `pattern`, in which `*` is any run, newlines and the empty one included, and `?` exactly one UTF-16 unit.
 * There is no escape; where `literal` says so, a `*` or `?` stands for itself. Cost is at most length × length, never exponential.
 * Source: IAM user guide, condition operators (StringLike), and live observations of newlines and surrogates.
 */
export function globMatches(pattern: string, text: string, literal?: readonly boolean[]): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const code = p < pattern.length ? pattern.charCodeAt(p) : -1;
    const isLiteral = literal?.[p] === true;
    if (code === STAR && !isLiteral) {
      star = p;
      resume = t;
      p += 1;
    } else if (code >= 0 && (code === text.charCodeAt(t) || (code === QUESTION && !isLiteral))) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      resume += 1;
      t = resume;
      p = star + 1;
    } else {
      return false;
    }
  }
  while (p < pattern.length && pattern.charCodeAt(p) === STAR && literal?.[p] !== true) p += 1;
  return p === pattern.length;
}

/** Whether an ARN matches a pattern segment by segment: a wildcard stays inside its segment, save in the last, which holds the rest. */
export function arnMatches(pattern: string, text: string, literal?: readonly boolean[]): boolean {
  let p = 0;
  let t = 0;
  for (let segment = 0; segment < 5; segment += 1) {
    const pEnd = pattern.indexOf(':', p);
    const tEnd = text.indexOf(':', t);
    if (pEnd < 0 || tEnd < 0) return false;
    if (!globMatches(pattern.slice(p, pEnd), text.slice(t, tEnd), literal?.slice(p, pEnd))) return false;
    p = pEnd + 1;
    t = tEnd + 1;
  }
  return globMatches(pattern.slice(p), text.slice(t), literal?.slice(p));
}

/** Whether a text holds a `*` or `?`. */
export function hasWildcard(text: string): boolean {
  return text.includes('*') || text.includes('?');
}
