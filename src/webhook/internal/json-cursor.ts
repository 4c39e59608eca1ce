import { stringClass, utf8Length } from './utf8.ts';

/** How deep a body may nest; a Pod with every field set stays below 20. */
export const MAX_DEPTH = 64;

/** The bytes are not JSON (RFC 8259, UTF-8). */
export class JsonSyntaxError extends Error {
  override readonly name: string = 'JsonSyntaxError';
}

/** The bytes nest deeper than {@link MAX_DEPTH}. */
export class JsonDepthError extends Error {
  override readonly name: string = 'JsonDepthError';
}

/** Member names that a reader looks for, as bytes, so that no other name is ever decoded. */
export interface Vocabulary<Word extends string> {
  readonly words: readonly { readonly word: Word; readonly bytes: Uint8Array }[];
}

export function vocabulary<Word extends string>(...words: readonly Word[]): Vocabulary<Word> {
  const encoder = new TextEncoder();
  return { words: words.map((word) => ({ word, bytes: encoder.encode(word) })) };
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LITERALS = [0x74, 0x66, 0x6e].map((first, at) => ({ first, bytes: new TextEncoder().encode(['true', 'false', 'null'][at]) }));

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
  readonly #end: number;
  #at: number;
  #depth = 0;
  /** Whether the text read last is ASCII without an escape. */
  #plain = true;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
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
      case 0x6e:
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
    const start = this.#peekKey();
    this.#skipText();
    const word = this.#match(wanted, start);
    this.#colon();
    return word;
  }

  /** Reads a key and its colon, decoded. */
  anyKey(): string {
    this.#peekKey();
    const key = this.text();
    this.#colon();
    return key;
  }

  /** Reads a text that is one of the words, or passes over another one. */
  word<Word extends string>(wanted: Vocabulary<Word>): Word | undefined {
    this.#peek();
    const start = this.#at;
    this.#skipText();
    return this.#match(wanted, start);
  }

  /** Reads a text. */
  text(): string {
    this.#peek();
    const start = this.#at;
    this.#skipText();
    return this.#decode(start, this.#at);
  }

  /** Passes over one value of any kind. */
  skip(): void {
    switch (this.#peek()) {
      case QUOTE:
        this.#skipText();
        return;
      case OPEN_OBJECT:
        for (let more = this.enterObject(); more; more = this.nextMember()) {
          this.#peekKey();
          this.#skipText();
          this.#colon();
          this.skip();
        }
        return;
      case OPEN_LIST:
        for (let more = this.enterList(); more; more = this.nextItem()) this.skip();
        return;
      default:
        this.#skipScalar();
    }
  }

  /** Whether the next value is the literal `true`; passes over it, whatever it is. */
  isTrue(): boolean {
    const first = this.#peek();
    this.skip();
    return first === 0x74;
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
    return this.#peek() === -1;
  }

  /** Nothing but white space may follow. */
  finish(): void {
    if (!this.isAtEnd()) this.#fail();
  }

  #peek(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < this.#end) {
      const byte = bytes[at] as number;
      if (byte > 0x20) {
        this.#at = at;
        return byte;
      }
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at += 1;
    }
    this.#at = at;
    if (at < this.#end) this.#fail();
    return -1;
  }

  #peekKey(): number {
    if (this.#peek() !== QUOTE) this.#fail();
    return this.#at;
  }

  #enter(open: number, close: number): boolean {
    if (this.#peek() !== open) this.#fail();
    if (this.#depth === MAX_DEPTH) throw new JsonDepthError(`the body nests deeper than ${MAX_DEPTH} levels`);
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
    this.#at += 1;
    if (byte === COMMA) return true;
    if (byte !== close) this.#fail();
    this.#depth -= 1;
    return false;
  }

  #colon(): void {
    if (this.#peek() !== COLON) this.#fail();
    this.#at += 1;
  }

  #match<Word extends string>(wanted: Vocabulary<Word>, start: number): Word | undefined {
    if (!this.#plain) {
      const decoded = this.#decode(start, this.#at);
      return wanted.words.find(({ word }) => word === decoded)?.word;
    }
    const bytes = this.#bytes;
    const length = this.#at - start - 2;
    candidates: for (const { word, bytes: letters } of wanted.words) {
      if (letters.length !== length) continue;
      for (let at = 0; at < length; at += 1) {
        if (letters[at] !== bytes[start + 1 + at]) continue candidates;
      }
      return word;
    }
    return undefined;
  }

  #decode(start: number, end: number): string {
    if (!this.#plain) return JSON.parse(decoder.decode(this.#bytes.subarray(start, end))) as string;
    const inner = this.#bytes.subarray(start + 1, end - 1);
    return inner.length < 64 ? String.fromCharCode.apply(undefined, inner as unknown as number[]) : decoder.decode(inner);
  }

  #skipText(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    if (at >= end || bytes[at] !== QUOTE) this.#fail();
    at += 1;
    let plain = true;
    for (;;) {
      while (at < end && stringClass[bytes[at] as number] === 0) at += 1;
      if (at >= end) this.#fail();
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      plain = false;
      const length = byte === BACKSLASH ? this.#escapeLength(at) : utf8Length(bytes, at, end);
      if (length === 0) this.#fail();
      at += length;
    }
    this.#plain = plain;
    this.#at = at + 1;
  }

  #escapeLength(at: number): number {
    if (at + 1 >= this.#end) return 0;
    switch (this.#bytes[at + 1]) {
      case 0x22:
      case 0x5c:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return 2;
      case 0x75:
        for (let digit = at + 2; digit < at + 6; digit += 1) if (digit >= this.#end || !isHexDigit(this.#bytes[digit] as number)) return 0;
        return 6;
      default:
        return 0;
    }
  }

  #skipScalar(): void {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    for (const literal of LITERALS) {
      if (literal.first !== first) continue;
      const { length } = literal.bytes;
      if (this.#at + length > this.#end) this.#fail();
      for (let at = 1; at < length; at += 1) if (bytes[this.#at + at] !== literal.bytes[at]) this.#fail();
      this.#at += length;
      return;
    }
    let at = this.#at;
    if (bytes[at] === 0x2d) at += 1;
    const whole = this.#digits(at);
    if (whole === at || (bytes[at] === 0x30 && whole > at + 1)) this.#fail();
    at = whole;
    if (at < this.#end && bytes[at] === 0x2e) {
      const fraction = this.#digits(at + 1);
      if (fraction === at + 1) this.#fail();
      at = fraction;
    }
    if (at < this.#end && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
      at += 1;
      if (at < this.#end && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at += 1;
      const exponent = this.#digits(at);
      if (exponent === at) this.#fail();
      at = exponent;
    }
    this.#at = at;
  }

  /** Offset after the digits that start at `at`. */
  #digits(at: number): number {
    let to = at;
    while (to < this.#end && (this.#bytes[to] as number) >= 0x30 && (this.#bytes[to] as number) <= 0x39) to += 1;
    return to;
  }

  #fail(): never {
    throw new JsonSyntaxError(`the body is no JSON at byte ${this.#at}`);
  }
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
