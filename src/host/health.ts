/** Why something is not well, in words for the one who probes; none when it is. */
export type HealthCheck = () => readonly string[];

export interface HealthOptions {
  /** Restart me when this says anything. Default: never. */
  readonly live?: HealthCheck;
  /** Send me no traffic while this says anything. */
  readonly ready: HealthCheck;
  /** Also serve `/metrics`. */
  readonly metrics?: (request: Request) => Promise<Response>;
}

/** `/healthz` and `/livez` (alive), `/readyz` (ready), `/metrics`: exact paths, GET and HEAD, no redirects, nothing else. */
export function healthHandler(options: HealthOptions): (request: Request) => Promise<Response> {
  const live = options.live ?? (() => []);
  return async (request) => {
    const { pathname } = new URL(request.url);
    const answer =
      pathname === '/healthz' || pathname === '/livez'
        ? () => verdict(live())
        : pathname === '/readyz'
          ? () => verdict(options.ready())
          : undefined;
    const isMetrics = pathname === '/metrics' && options.metrics !== undefined;
    if (answer === undefined && !isMetrics) return new Response('not found\n', { status: 404 });
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response('method not allowed\n', { status: 405, headers: { allow: 'GET, HEAD' } });
    if (answer) return answer();
    return options.metrics ? options.metrics(request) : new Response('not found\n', { status: 404 });
  };
}

function verdict(complaints: readonly string[]): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  return complaints.length === 0 ? new Response('ok\n', { headers }) : new Response(`${complaints.join('\n')}\n`, { status: 503, headers });
}
