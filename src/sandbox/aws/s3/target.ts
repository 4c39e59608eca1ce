import type { HttpCall } from '../http-call.ts';

/** The bucket and key that a request names; empty texts where it names none. */
export interface Target {
  readonly bucket: string;
  readonly key: string;
}

/** Hosts that carry a bucket before them: `BUCKET.s3.…`, as AWS's names are, and `BUCKET.localhost`, as SDKs build from a local endpoint. */
const VIRTUAL_HOST = /^(.+)\.(?:s3[.-][a-z0-9.-]+|s3|localhost)(?::\d+)?$/;

/** Reads virtual-host style and path style alike; undefined when the path is not valid percent-encoded UTF-8. */
export function targetOf(http: HttpCall): Target | undefined {
  let path: string;
  try {
    path = decodeURIComponent(http.url.pathname).slice(1);
  } catch {
    return undefined;
  }
  const virtual = VIRTUAL_HOST.exec(http.header('host') ?? '')?.[1];
  if (virtual !== undefined) return { bucket: virtual, key: path };
  const slash = path.indexOf('/');
  return slash < 0 ? { bucket: path, key: '' } : { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}
