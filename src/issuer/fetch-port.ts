/** One GET, as it came back; a redirect is an answer like any other. `ms`: from the first byte sent to the last one read. */
export type Fetched =
  | {
      readonly ok: true;
      readonly status: number;
      readonly headers: Readonly<Record<string, string | undefined>>;
      readonly text: string;
      readonly ms: number;
      /** The host's address, where its name led to one that the internet does not reach. */
      readonly privateAddress?: string;
    }
  | {
      readonly ok: false;
      readonly reason:
        | 'timeout'
        | 'connection-failed'
        | 'certificate-refused'
        | 'document-too-large'
        | 'document-not-utf8'
        | 'host-unknown';
      readonly message: string;
    };

/** Fetches a document over HTTPS within the five seconds that AWS allows. Follows nothing, decodes nothing. Header names are in lower case. */
export type FetchDocument = (url: string, signal: AbortSignal) => Promise<Fetched>;
