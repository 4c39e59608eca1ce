import type { CredentialResponse } from '../fetch.ts';

/** Bytes of the longest answer that is read; AWS's have some three thousand. */
const MAX_BYTES = 1024 * 1024;

/** The body as text; `undefined` when it is longer than an answer can be or is not UTF-8. Rejects when the connection breaks. */
export async function readBody(response: CredentialResponse): Promise<string | undefined> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Node's web streams can be iterated, which the types of browsers do not say.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return undefined;
  }
}
