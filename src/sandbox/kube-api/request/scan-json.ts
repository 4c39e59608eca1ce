/** What a JSON text is, beyond what `JSON.parse` tells: the error in the words of Go's decoder, or the members that stand twice. */
export type Scanned = { readonly ok: true; readonly duplicates: readonly string[] } | { readonly ok: false; readonly error: string };

/** A syntax error, worded as `encoding/json` of Go words it. */
class SyntaxProblem extends Error {
  override readonly name = 'SyntaxProblem';
}

/** Reads a JSON text for its errors and its duplicate members; the path of a duplicate is as warnings name it. */
export function scanJson(text: string): Scanned {
  const scanner = new Scanner(text);
  try {
    scanner.document();
    return { ok: true, duplicates: scanner.duplicates };
  } catch (thrown) {
    if (thrown instanceof SyntaxProblem) return { ok: false, error: thrown.message };
    throw thrown;
  }
}

const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
/** Deeper nesting than any object has; Go's decoder stops at the same depth. */
const MAX_DEPTH = 10_000;

class Scanner {
  readonly duplicates: string[] = [];
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value('');
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected('after top-level value');
  }

  #value(path: string): void {
    this.#space();
    const character = this.#text[this.#at] ?? '';
    if (character === '{') this.#object(path);
    else if (character === '[') this.#array(path);
    else if (character === '"') this.#string();
    else if (LITERALS[character]) this.#literal(LITERALS[character]);
    else if (character === '-' || /\d/.test(character)) this.#number();
    else throw this.#unexpected('looking for beginning of value');
  }

  #object(path: string): void {
    this.#enter();
    const seen = new Set<string>();
    this.#space();
    for (let first = true; !(first && this.#text[this.#at] === '}'); first = false) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#unexpected('looking for beginning of object key string');
      const name = this.#string();
      const memberPath = path === '' ? name : `${path}.${name}`;
      if (seen.has(name)) this.duplicates.push(memberPath);
      seen.add(name);
      this.#space();
      if (this.#text[this.#at] !== ':') throw this.#unexpected('after object key');
      this.#at++;
      this.#value(memberPath);
      this.#space();
      const next = this.#text[this.#at];
      if (next === '}') break;
      if (next !== ',') throw this.#unexpected('after object key:value pair');
      this.#at++;
    }
    this.#leave();
  }

  #array(path: string): void {
    this.#enter();
    this.#space();
    for (let index = 0; !(index === 0 && this.#text[this.#at] === ']'); index++) {
      this.#value(`${path}[${index}]`);
      this.#space();
      const next = this.#text[this.#at];
      if (next === ']') break;
      if (next !== ',') throw this.#unexpected('after array element');
      this.#at++;
    }
    this.#leave();
  }

  #enter(): void {
    this.#at++;
    this.#depth++;
    if (this.#depth > MAX_DEPTH) throw new SyntaxProblem('exceeded max depth');
  }

  #leave(): void {
    this.#at++;
    this.#depth--;
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw this.#unexpected('');
      if (character < ' ') throw this.#unexpected('in string literal');
      if (character === '\\') this.#escape();
      else this.#at++;
      if (character === '"') return String(JSON.parse(this.#text.slice(start, this.#at)));
    }
  }

  #escape(): void {
    this.#at++;
    const kind = this.#text[this.#at];
    if (kind === undefined || !'"\\/bfnrtu'.includes(kind)) throw this.#unexpected('in string escape code');
    this.#at++;
    if (kind !== 'u') return;
    for (let digit = 0; digit < 4; digit++, this.#at++) {
      if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) throw this.#unexpected('in \\u hexadecimal character escape');
    }
  }

  #literal(word: string): void {
    for (const expected of word) {
      if (this.#text[this.#at] !== expected) throw this.#unexpected(`in literal ${word} (expecting '${expected}')`);
      this.#at++;
    }
  }

  #number(): void {
    const rest = this.#text.slice(this.#at, this.#at + 400);
    const match = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/.exec(rest);
    this.#at += match ? match[0].length : 1;
    if (!match || /[.eE]/.test(this.#text[this.#at] ?? '')) throw this.#unexpected('in numeric literal');
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? 'x')) this.#at++;
  }

  #unexpected(where: string): SyntaxProblem {
    const character = this.#text[this.#at];
    if (character === undefined) return new SyntaxProblem('unexpected end of JSON input');
    const shown = character === "'" ? "'\\''" : character === '"' ? `'"'` : `'${JSON.stringify(character).slice(1, -1)}'`;
    return new SyntaxProblem(`invalid character ${shown} ${where}`);
  }
}
