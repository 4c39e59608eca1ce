/** A path below `/api` or `/apis` that names a resource; whether it exists is not known yet. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/**
 * Reads `/api/v1/…` and `/apis/GROUP/VERSION/…` as the RequestInfo resolver of Kubernetes does. `undefined`: not a resource path.
 * A slash at the end says nothing. A namespace is itself a resource: `/api/v1/namespaces/x` names it, `/api/v1/namespaces/x/pods` is in it.
 */
export function parsePath(pathname: string): ResourcePath | undefined {
  const segments = decodeSegments(pathname);
  if (!segments) return undefined;
  const [root, ...rest] = segments;
  if (root === 'api') return parseRest('', rest[0], rest.slice(1));
  if (root === 'apis') return parseRest(rest[0], rest[1], rest.slice(2));
  return undefined;
}

function decodeSegments(pathname: string): readonly string[] | undefined {
  try {
    const segments = (pathname.endsWith('/') ? pathname.slice(0, -1) : pathname).split('/').slice(1);
    return pathname.includes('%') ? segments.map(decodeURIComponent) : segments;
  } catch {
    return undefined;
  }
}

function parseRest(group: string | undefined, version: string | undefined, segments: readonly string[]): ResourcePath | undefined {
  const [first, second, third, fourth, fifth] = segments;
  if (group === undefined || !version || !first || segments.includes('')) return undefined;
  const base = { group, version };
  const inNamespace =
    first === 'namespaces' && second !== undefined && third !== undefined && !(segments.length === 3 && NAMESPACE_SUBRESOURCES.has(third));
  if (inNamespace) {
    if (segments.length > 5) return undefined;
    return { ...base, namespace: second, plural: third, name: fourth, subresource: fifth };
  }
  if (segments.length > 3) return undefined;
  return { ...base, namespace: undefined, plural: first, name: second, subresource: third };
}

const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);
