import { decodeString, endOfString } from './json-tree.ts';

/** What a quick look at a text found before anything parses it. */
export type Scan = 'clean' | 'suspect';

const QUOTE = 0x22;
const FEW = 12;

interface Scope {
  readonly isObject: boolean;
  readonly names: string[];
  seen: Set<string> | undefined;
}

/**
 * Looks for what `JSON.parse` would not refuse, nesting deeper than `depth` and a name twice in one object, in one linear pass.
 * `suspect` sends the caller to the slow reader, which says where and why; a text that is not JSON may be called either.
 */
export function scanJson(text: string, depth: number): Scan {
  const scopes: Scope[] = [];
  let scope: Scope | undefined;
  let expectName = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at + 1);
      if (end < 0) return 'suspect';
      if (expectName && scope !== undefined) {
        const name = nameOf(text, at, end);
        if (name === undefined || isRepeated(scope, name)) return 'suspect';
        expectName = false;
      }
      at = end;
    } else if (code === 0x7b || code === 0x5b) {
      if (scopes.length >= depth) return 'suspect';
      expectName = code === 0x7b;
      scope = { isObject: expectName, names: [], seen: undefined };
      scopes.push(scope);
    } else if (code === 0x7d || code === 0x5d) {
      scopes.pop();
      scope = scopes[scopes.length - 1];
      expectName = false;
    } else if (code === 0x2c) {
      expectName = scope?.isObject === true;
    }
  }
  return 'clean';
}

/** A name with escapes is decoded, since two spellings may be one name; undefined when it cannot be. */
function nameOf(text: string, start: number, end: number): string | undefined {
  const name = text.slice(start + 1, end);
  if (!name.includes('\\')) return name;
  return decodeString(text.slice(start, end + 1));
}

function isRepeated(scope: Scope, name: string): boolean {
  if (scope.seen !== undefined) {
    if (scope.seen.has(name)) return true;
    scope.seen.add(name);
    return false;
  }
  if (scope.names.includes(name)) return true;
  scope.names.push(name);
  if (scope.names.length > FEW) scope.seen = new Set(scope.names);
  return false;
}
