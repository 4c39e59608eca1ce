import { depthError, MAX_DEPTH, skipSpace, skipText, skipValue, syntaxError } from './skip-value.ts';

/** Member names that a reader looks for, as bytes, so that no other name is ever decoded. */
export interface Vocabulary<Word extends string> {
  readonly words: readonly Word[];
  /** By length, up to that of the longest: most names of a body are told apart by that alone. */
  readonly byLength: readonly (readonly { readonly word: Word; readonly bytes: Uint8Array }[])[];
}

/** The vocabulary of these words, which are ASCII. */
export function vocabulary<Word extends string>(...words: readonly Word[]): Vocabulary<Word> {
  const encoder = new TextEncoder();
  const longest = Math.max(...words.map((word) => word.length));
  const byLength = Array.from({ length: longest + 1 }, (_, length) =>
    words.filter((word) => word.length === length).map((word) => ({ word, bytes: encoder.encode(word) })),
  );
  return { words, byLength };
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const FIRST_OF_NULL = 0x6e;
const FIRST_OF_TRUE = 0x74;

/** Texts up to this length are decoded letter by letter, which is faster than the decoder's start. */
const SHORT = 8;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What a value is, told by its first byte. */
export type JsonKind = 'object' | 'list' | 'text' | 'null' | 'other';

/**
 * Reads JSON in place, one token after the other, and accepts exactly what a strict `JSON.parse` of strict UTF-8 accepts, up to
 * {@link MAX_DEPTH}. Values that nobody asks for are checked and passed over without an allocation.
 *
 * Objects and lists are walked as `for (let more = c.enterObject(); more; more = c.nextMember())`; each turn reads the key
 * (objects) and then exactly one value. Every method throws JsonSyntaxError or JsonDepthError.
 */
export class JsonCursor {
  readonly #bytes: Uint8Array;
  #at: number;
  #depth = 0;
  /** Whether the text read last is ASCII without an escape. */
  #plain = true;

  /** Reads from `start` on, which is the start of a value. */
  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = bytes;
    this.#at = start;
  }

  /** Offset of the next byte; after {@link kind}, of the next value. */
  get offset(): number {
    return this.#at;
  }

  kind(): JsonKind {
    switch (this.#peek()) {
      case OPEN_OBJECT:
        return 'object';
      case OPEN_LIST:
        return 'list';
      case QUOTE:
        return 'text';
      case FIRST_OF_NULL:
        return 'null';
      default:
        return 'other';
    }
  }

  /** Steps into an object; whether it has a member. */
  enterObject(): boolean {
    return this.#enter(OPEN_OBJECT, CLOSE_OBJECT);
  }

  /** After a member's value: whether there is another member. */
  nextMember(): boolean {
    return this.#next(CLOSE_OBJECT);
  }

  /** Steps into a list; whether it has an item. */
  enterList(): boolean {
    return this.#enter(OPEN_LIST, CLOSE_LIST);
  }

  /** After an item: whether there is another. */
  nextItem(): boolean {
    return this.#next(CLOSE_LIST);
  }

  /** Reads a key and its colon: the word it is, or `undefined` for one that nobody asks for. */
  key<Word extends string>(wanted: Vocabulary<Word>): Word | undefined {
    const word = this.word(wanted);
    this.#colon();
    return word;
  }

  /** Reads a text that is one of the words, or passes over another one. */
  word<Word extends string>(wanted: Vocabulary<Word>): Word | undefined {
    const start = this.#passText();
    if (this.#plain) return this.#match(wanted, start + 1, this.#at - 1);
    const decoded = this.#decode(start);
    return wanted.words.find((word) => word === decoded);
  }

  /** Reads a text; one of the `usual` ones faster. */
  text(usual?: Vocabulary<string>): string {
    const start = this.#passText();
    return (usual !== undefined && this.#plain ? this.#match(usual, start + 1, this.#at - 1) : undefined) ?? this.#decode(start);
  }

  /** Passes over one value of any kind. */
  skip(): void {
    this.#peek();
    this.#at = skipValue(this.#bytes, this.#at, this.#depth);
  }

  /** Whether the next value is the literal `true`; passes over it, whatever it is. */
  isTrue(): boolean {
    const first = this.#peek();
    this.skip();
    return first === FIRST_OF_TRUE;
  }

  /** Passes over one value and returns its JSON text as it stands. */
  raw(): string {
    this.#peek();
    const start = this.#at;
    this.skip();
    return decoder.decode(this.#bytes.subarray(start, this.#at));
  }

  /** Whether nothing but white space is left. */
  isAtEnd(): boolean {
    return this.#peek() === undefined;
  }

  /** Nothing but white space may follow. */
  finish(): void {
    if (!this.isAtEnd()) syntaxError(this.#at);
  }

  #peek(): number | undefined {
    const bytes = this.#bytes;
    let at = this.#at;
    if (at < bytes.length && (bytes[at] as number) > 0x20) return bytes[at];
    at = skipSpace(bytes, at);
    this.#at = at;
    return at < bytes.length ? bytes[at] : undefined;
  }

  #enter(open: number, close: number): boolean {
    if (this.#peek() !== open) syntaxError(this.#at);
    if (this.#depth === MAX_DEPTH) depthError();
    this.#at += 1;
    if (this.#peek() === close) {
      this.#at += 1;
      return false;
    }
    this.#depth += 1;
    return true;
  }

  #next(close: number): boolean {
    const byte = this.#peek();
    if (byte !== COMMA && byte !== close) syntaxError(this.#at);
    this.#at += 1;
    if (byte === COMMA) return true;
    this.#depth -= 1;
    return false;
  }

  #colon(): void {
    if (this.#peek() !== COLON) syntaxError(this.#at);
    this.#at += 1;
  }

  /** Passes over a text; the offset of its opening quote. */
  #passText(): number {
    if (this.#peek() !== QUOTE) syntaxError(this.#at);
    const start = this.#at;
    const end = skipText(this.#bytes, start);
    this.#plain = end > 0;
    this.#at = Math.abs(end);
    return start;
  }

  #match<Word extends string>({ byLength }: Vocabulary<Word>, start: number, end: number): Word | undefined {
    const length = end - start;
    if (length >= byLength.length) return undefined;
    const candidates = byLength[length] ?? [];
    const bytes = this.#bytes;
    words: for (let index = 0; index < candidates.length; index += 1) {
      const candidate = candidates[index] as (typeof candidates)[number];
      const letters = candidate.bytes;
      for (let at = 0; at < length; at += 1) {
        if (letters[at] !== bytes[start + at]) continue words;
      }
      return candidate.word;
    }
    return undefined;
  }

  /** The text from the quote at `start` to where the cursor stands. */
  #decode(start: number): string {
    if (!this.#plain) return JSON.parse(decoder.decode(this.#bytes.subarray(start, this.#at))) as string;
    const end = this.#at - 1;
    if (end - start > SHORT) return decoder.decode(this.#bytes.subarray(start + 1, end));
    let text = '';
    for (let at = start + 1; at < end; at += 1) text += String.fromCharCode(this.#bytes[at] as number);
    return text;
  }
}
