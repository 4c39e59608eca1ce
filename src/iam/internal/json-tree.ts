/** JSON that forgets nothing: member order, integer-like and `__proto__` names, numbers as they were written. */
export type JsonNode =
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] }
  | { readonly kind: 'array'; readonly elements: readonly JsonNode[] }
  | { readonly kind: 'string'; readonly value: string }
  /** Numbers, `true`, `false` and `null`, letter for letter. */
  | { readonly kind: 'raw'; readonly text: string };

export interface JsonMember {
  readonly name: string;
  readonly value: JsonNode;
}

/** Why a text is not acceptable JSON. */
export type JsonFaultCode = 'too-large' | 'too-deep' | 'not-json' | 'trailing-comma' | 'duplicate-key';

export interface JsonFault {
  readonly code: JsonFaultCode;
  /** JSON pointer to the value that was being read. */
  readonly path: string;
  readonly message: string;
}

export interface JsonLimits {
  /** Characters. */
  readonly size: number;
  /** Objects and arrays around a value. */
  readonly depth: number;
}

export type JsonTreeResult = { readonly ok: true; readonly root: JsonNode } | { readonly ok: false; readonly fault: JsonFault };

const NUMBER = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;

/** Reads strict JSON (RFC 8259, names unique) and says where the first fault is. */
export function parseJsonTree(text: string, limits: JsonLimits): JsonTreeResult {
  if (text.length > limits.size) {
    return {
      ok: false,
      fault: { code: 'too-large', path: '', message: `the text has ${text.length} characters, at most ${limits.size} are read` },
    };
  }
  const reader = new TreeReader(text, limits.depth);
  try {
    return { ok: true, root: reader.document() };
  } catch (thrown) {
    if (thrown instanceof Fault) return { ok: false, fault: thrown.fault };
    throw thrown;
  }
}

class Fault {
  readonly fault: JsonFault;
  constructor(fault: JsonFault) {
    this.fault = fault;
  }
}

class TreeReader {
  readonly #text: string;
  readonly #depth: number;
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(text: string, depth: number) {
    this.#text = text;
    this.#depth = depth;
  }

  document(): JsonNode {
    const root = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('not-json', `${this.#found()} after the end of the document`);
    return root;
  }

  #value(): JsonNode {
    this.#space();
    const next = this.#text[this.#at];
    if (next === '{' || next === '[') {
      if (this.#path.length >= this.#depth) this.#fail('too-deep', `nested deeper than ${this.#depth} levels`);
      return next === '{' ? this.#object() : this.#array();
    }
    if (next === '"') return { kind: 'string', value: this.#string() };
    const raw = this.#take(NUMBER) ?? this.#take(LITERAL);
    if (raw === undefined) this.#fail('not-json', `${this.#found()} where a value is expected`);
    return { kind: 'raw', text: raw };
  }

  #object(): JsonNode {
    const members: JsonMember[] = [];
    const names = new Set<string>();
    this.#at += 1;
    this.#space();
    if (this.#skip('}')) return { kind: 'object', members };
    for (;;) {
      this.#space();
      if (this.#text[this.#at] === '}') this.#fail('trailing-comma', 'a comma stands before the closing brace, remove it');
      if (this.#text[this.#at] !== '"') this.#fail('not-json', `${this.#found()} where a member name in double quotes is expected`);
      const name = this.#string();
      this.#path.push(name);
      if (names.has(name)) this.#fail('duplicate-key', `member "${name}" appears twice in one object`);
      names.add(name);
      this.#space();
      if (!this.#skip(':')) this.#fail('not-json', `${this.#found()} where a colon is expected`);
      members.push({ name, value: this.#value() });
      this.#path.pop();
      this.#space();
      if (this.#skip('}')) return { kind: 'object', members };
      if (!this.#skip(',')) this.#fail('not-json', `${this.#found()} where a comma or closing brace is expected`);
    }
  }

  #array(): JsonNode {
    const elements: JsonNode[] = [];
    this.#at += 1;
    this.#space();
    if (this.#skip(']')) return { kind: 'array', elements };
    for (;;) {
      this.#space();
      if (this.#text[this.#at] === ']') this.#fail('trailing-comma', 'a comma stands before the closing bracket, remove it');
      this.#path.push(elements.length);
      elements.push(this.#value());
      this.#path.pop();
      this.#space();
      if (this.#skip(']')) return { kind: 'array', elements };
      if (!this.#skip(',')) this.#fail('not-json', `${this.#found()} where a comma or closing bracket is expected`);
    }
  }

  #string(): string {
    const end = endOfString(this.#text, this.#at + 1);
    const value = end < 0 ? undefined : decodeString(this.#text.slice(this.#at, end + 1));
    if (value === undefined) this.#fail('not-json', 'a string is not closed, or holds a control character or an unknown escape');
    this.#at = end + 1;
    return value;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #found(): string {
    const character = this.#text[this.#at];
    if (character === undefined) return 'the text ends';
    const line = this.#text.slice(0, this.#at).split('\n').length;
    return `${JSON.stringify(character)} on line ${line}`;
  }

  #fail(code: JsonFaultCode, message: string): never {
    throw new Fault({ code, path: pointerOf(this.#path), message });
  }
}

/** Where the string whose first character stands at `from` is closed; negative when it is not. */
export function endOfString(text: string, from: number): number {
  let end = text.indexOf('"', from);
  while (end > 0 && text[end - 1] === '\\') {
    let slashes = 1;
    while (text[end - 1 - slashes] === '\\' && end - 1 - slashes >= from) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return end;
}

/** What a quoted string says; undefined when it is not legal JSON. */
export function decodeString(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

/** The JSON pointer (RFC 6901) of a path. */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Writes a tree; `indent` is the number of spaces a level, 0 for compact. */
export function writeJsonTree(node: JsonNode, indent = 0, level = 0): string {
  if (node.kind === 'raw') return node.text;
  if (node.kind === 'string') return JSON.stringify(node.value);
  const gap = indent > 0 ? `\n${' '.repeat(indent * (level + 1))}` : '';
  const end = indent > 0 ? `\n${' '.repeat(indent * level)}` : '';
  if (node.kind === 'array') {
    if (node.elements.length === 0) return '[]';
    return `[${node.elements.map((element) => gap + writeJsonTree(element, indent, level + 1)).join(',')}${end}]`;
  }
  if (node.members.length === 0) return '{}';
  const colon = indent > 0 ? ': ' : ':';
  return `{${node.members.map(({ name, value }) => gap + JSON.stringify(name) + colon + writeJsonTree(value, indent, level + 1)).join(',')}${end}}`;
}

/** The member of that name, when the node is an object that has it. */
export function memberOf(node: JsonNode | undefined, name: string): JsonNode | undefined {
  return node?.kind === 'object' ? node.members.find((member) => member.name === name)?.value : undefined;
}

/** A copy of an object with one member set in its place, or appended, or (undefined) taken out. Anything else is returned as it is. */
export function withMember(node: JsonNode, name: string, value: JsonNode | undefined): JsonNode {
  if (node.kind !== 'object') return node;
  if (value === undefined) return { kind: 'object', members: node.members.filter((member) => member.name !== name) };
  if (memberOf(node, name) === undefined) return { kind: 'object', members: [...node.members, { name, value }] };
  return { kind: 'object', members: node.members.map((member) => (member.name === name ? { name, value } : member)) };
}

/** The tree of a value made of strings, arrays and objects. */
export function jsonTreeOf(value: unknown): JsonNode {
  if (typeof value === 'string') return { kind: 'string', value };
  if (Array.isArray(value)) return { kind: 'array', elements: value.map(jsonTreeOf) };
  if (typeof value === 'object' && value !== null) {
    return {
      kind: 'object',
      members: Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([name, member]) => ({ name, value: jsonTreeOf(member) })),
    };
  }
  return { kind: 'raw', text: JSON.stringify(value) ?? 'null' };
}
