/** Where a paged list goes on: the first key of the next page, at the revision of the first page (−1: at the latest). */
export interface ContinueToken {
  readonly revision: number;
  readonly start: string;
}

/** Base64url of `{"v":"meta.k8s.io/v1","rv":…,"start":"/KEY\u0000"}`, as the API server writes it. `start` is the last key sent. */
export function encodeContinue(revision: number, lastKey: string): string {
  const start = `${revision < 0 ? '' : '/'}${lastKey}\\u0000`;
  return toBase64Url(`{"v":"meta.k8s.io/v1","rv":${revision},"start":"${start}"}`);
}

/** Reads a token; `undefined` when it is not one of ours. The key returned is the last one already sent. */
export function decodeContinue(token: string): ContinueToken | undefined {
  try {
    const value: unknown = JSON.parse(fromBase64Url(token));
    if (typeof value !== 'object' || value === null) return undefined;
    const { v, rv, start } = value as Readonly<Record<string, unknown>>;
    if (v !== 'meta.k8s.io/v1' || typeof rv !== 'number' || typeof start !== 'string') return undefined;
    return { revision: rv, start: withoutEnd(start.replace(/^\//, '')) };
  } catch {
    return undefined;
  }
}

function toBase64Url(text: string): string {
  const binary = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): string {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}

/** The key itself: a token starts just after it, which the trailing NUL says. */
function withoutEnd(start: string): string {
  return start.endsWith('\u0000') ? start.slice(0, -1) : start;
}
