/**
 * A `Response` whose body is a text that is there already. It reads as any other, but whoever sends it may take `whole` and spare the
 * stream that the platform builds around every body: on a small answer that is most of the work. Its text can be read more than once.
 */
export class TextResponse extends Response {
  /** The body. */
  readonly whole: string;
  #streamed: Response | undefined;

  constructor(text: string, init: ResponseInit) {
    super(null, init);
    this.whole = text;
  }

  override get body(): Response['body'] {
    this.#streamed ??= new Response(this.whole);
    return this.#streamed.body;
  }

  override async text(): Promise<string> {
    return this.whole;
  }

  override async json(): Promise<unknown> {
    return JSON.parse(this.whole);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    return new Response(this.whole).arrayBuffer();
  }

  override async blob(): Promise<Blob> {
    return new Response(this.whole).blob();
  }

  override clone(): TextResponse {
    return new TextResponse(this.whole, { status: this.status, statusText: this.statusText, headers: this.headers });
  }
}
