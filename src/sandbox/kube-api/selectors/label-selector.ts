/** One requirement of a label selector. */
export interface Requirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'absent' | 'gt' | 'lt';
  readonly values: readonly string[];
}

export type ParsedSelector =
  | { readonly ok: true; readonly requirements: readonly Requirement[] }
  | { readonly ok: false; readonly message: string };

interface Token {
  readonly kind: 'identifier' | 'operator' | 'open' | 'close' | 'comma' | 'end';
  readonly text: string;
}

/** Parses the text of `labelSelector`, with the error texts of `k8s.io/apimachinery/pkg/labels`. */
export function parseLabelSelector(text: string): ParsedSelector {
  try {
    return { ok: true, requirements: new Parser(tokenize(text)).parse() };
  } catch (thrown) {
    if (thrown instanceof SelectorError) return { ok: false, message: thrown.message };
    throw thrown;
  }
}

class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

/** An error inside one requirement, not between two. */
function inRequirement(message: string): SelectorError {
  return new SelectorError(`unable to parse requirement: ${message}`);
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:(==|!=|=|!|>|<)|([(])|([)])|(,)|([^\s=!<>(),]+))/y;
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match) {
      if (text.slice(start).trim() === '') break;
      throw new SelectorError(`found '${text.slice(start)}', expected: identifier`);
    }
    if (match[1]) tokens.push({ kind: 'operator', text: match[1] });
    else if (match[2]) tokens.push({ kind: 'open', text: '(' });
    else if (match[3]) tokens.push({ kind: 'close', text: ')' });
    else if (match[4]) tokens.push({ kind: 'comma', text: ',' });
    else tokens.push({ kind: 'identifier', text: match[5] ?? '' });
  }
  return tokens;
}

const END: Token = { kind: 'end', text: '' };

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): readonly Requirement[] {
    const requirements: Requirement[] = [];
    if (this.#peek().kind === 'end') return requirements;
    for (;;) {
      this.#checkStart(requirements.length === 0);
      requirements.push(this.#requirement());
      const next = this.#next();
      if (next.kind === 'end') return requirements;
      if (next.kind !== 'comma') throw new SelectorError(`found '${next.text}', expected: ',' or 'end of string'`);
    }
  }

  #checkStart(first: boolean): void {
    const { kind, text } = this.#peek();
    if (kind === 'identifier' || text === '!') return;
    throw new SelectorError(
      first ? `found '${text}', expected: !, identifier, or 'end of string'` : `found '${text}', expected: identifier after ','`,
    );
  }

  #requirement(): Requirement {
    if (this.#peek().text === '!') {
      this.#next();
      return { key: this.#key(), operator: 'absent', values: [] };
    }
    const key = this.#key();
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === 'comma') return { key, operator: 'exists', values: [] };
    this.#next();
    switch (next.text) {
      case '=':
      case '==':
        return { key, operator: 'in', values: [this.#value()] };
      case '!=':
        return { key, operator: 'notin', values: [this.#value()] };
      case '>':
        return { key, operator: 'gt', values: [this.#integer()] };
      case '<':
        return { key, operator: 'lt', values: [this.#integer()] };
      case 'in':
      case 'notin':
        return { key, operator: next.text, values: this.#values() };
      default:
        throw inRequirement(`found '${next.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #key(): string {
    const token = this.#next();
    if (token.kind !== 'identifier') throw inRequirement(`found '${token.text}', expected: identifier`);
    const problem = qualifiedNameProblem(token.text);
    if (problem) throw inRequirement(`<nil>: Invalid value: ${JSON.stringify(token.text)}: ${problem}`);
    return token.text;
  }

  #value(): string {
    const token = this.#peek();
    if (token.kind === 'end' || token.kind === 'comma') return '';
    if (token.kind !== 'identifier') throw inRequirement(`found '${token.text}', expected: identifier`);
    this.#next();
    return token.text;
  }

  #integer(): string {
    const value = this.#value();
    if (/^[+-]?\d+$/.test(value)) return value;
    throw inRequirement(`values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`);
  }

  #values(): readonly string[] {
    const open = this.#next();
    if (open.kind !== 'open') throw inRequirement(`found '${open.text}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === 'identifier') values.push(token.text);
      else if (token.kind === 'close') return values;
      else if (token.kind !== 'comma') throw inRequirement(`found '${token.text}', expected: ',' or ')'`);
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }
}

function qualifiedNameProblem(key: string): string | undefined {
  const [name = '', prefix, ...more] = key.split('/').reverse();
  if (more.length > 0) return QUALIFIED_TEXT;
  if (prefix !== undefined && !SUBDOMAIN.test(prefix)) return `prefix part ${prefix === '' ? 'must be non-empty' : SUBDOMAIN_TEXT}`;
  return /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name) && name.length <= 63 ? undefined : `name part ${NAME_TEXT}`;
}

const NAME_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const QUALIFIED_TEXT = `a valid label key ${NAME_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** Whether labels meet every requirement. `notin` is met by an absent key. */
export function matchesLabels(requirements: readonly Requirement[], labels: Readonly<Record<string, string>> | undefined): boolean {
  return requirements.every((requirement) => matchesOne(requirement, labels?.[requirement.key]));
}

function matchesOne({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'gt':
      return value !== undefined && Number.parseInt(value, 10) > Number.parseInt(values[0] ?? '', 10);
    case 'lt':
      return value !== undefined && Number.parseInt(value, 10) < Number.parseInt(values[0] ?? '', 10);
  }
}
