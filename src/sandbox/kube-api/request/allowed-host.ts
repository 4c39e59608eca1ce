const ALLOWED: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', 'kubernetes.default.svc']);

/**
 * Whether a request is addressed to this server by one of its own names. A page of a browser that has rebound its name to loopback is
 * not, and neither is a proxy's absolute-form target that names another host than the Host header.
 */
export function isForThisServer(request: Request, target: URL = new URL(request.url)): boolean {
  if (!ALLOWED.has(target.hostname)) return false;
  const header = request.headers.get('host');
  return header === null || header === target.host || ALLOWED.has(header.replace(/:\d+$/, ''));
}
