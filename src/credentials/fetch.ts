/** What a request carries. Redirects are never followed: a token must not travel to where an answer points. */
export interface CredentialRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
  /** Nobody waits for the answer: it must not keep the process alive. The built-in transport honours it, others may. */
  readonly background?: boolean;
}

/** The part of an answer that is read. */
export interface CredentialResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | null;
}

/** How a request is sent: the global `fetch` is one. Rejects when no answer came. */
export type CredentialFetch = (url: string, request: CredentialRequest) => Promise<CredentialResponse>;
