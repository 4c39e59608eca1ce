/** A request whose body has been read: what every protocol and the signature check look at. */
export interface HttpCall {
  readonly method: string;
  readonly url: URL;
  /** Exactly as sent, before any transfer framing of AWS's own is taken off. */
  readonly body: Uint8Array;
  /** A header's value by lower-case name; `host` falls back to the URL's. */
  header(name: string): string | undefined;
  /** Headers whose names start with `prefix`. */
  headersWith(prefix: string): readonly (readonly [name: string, value: string])[];
  readonly signal: AbortSignal;
}

export type ReadCall = { readonly ok: true; readonly http: HttpCall } | { readonly ok: false; readonly reason: 'too-large' };

/** Reads the request with its body, of `limit` bytes at most. */
export async function readCall(request: Request, limit: number): Promise<ReadCall> {
  const body = await readBody(request, limit);
  if (body === undefined) return { ok: false, reason: 'too-large' };
  const url = new URL(request.url);
  const header = (name: string): string | undefined => request.headers.get(name) ?? (name === 'host' ? url.host : undefined);
  const headersWith = (prefix: string): readonly (readonly [string, string])[] =>
    [...request.headers].filter(([name]) => name.startsWith(prefix));
  return {
    ok: true,
    http: {
      method: request.method,
      url,
      body,
      header,
      headersWith,
      // Made when it is asked for: most calls never wait for anything, and a signal costs more than their answer.
      get signal() {
        return request.signal;
      },
    },
  };
}

async function readBody(request: Request, limit: number): Promise<Uint8Array | undefined> {
  if (request.method === 'GET' || request.method === 'HEAD') return new Uint8Array();
  const declared = request.headers.get('content-length');
  if (declared !== null && /^\d+$/.test(declared)) {
    if (Number(declared) > limit) return undefined;
    const whole = new Uint8Array(await request.arrayBuffer());
    return whole.length > limit ? undefined : whole;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
