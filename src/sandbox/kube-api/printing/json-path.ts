import { isJsonObject } from '../../../base/json.ts';

/** One step of a path. A filter keeps the items whose member, found by `path`, compares to `value` (or exists, without an operator). */
export type PathStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'every' }
  | { readonly kind: 'filter'; readonly path: JsonPath; readonly operator: '==' | '!=' | 'exists'; readonly value: unknown };

export type JsonPath = readonly PathStep[];

export type ParsedPath = { readonly ok: true; readonly path: JsonPath } | { readonly ok: false; readonly message: string };

/**
 * Parses the JSONPath of a printer column: members (`.spec.name`, `['a.b']`, `.a\.b`), indexes, `[*]`, and filters by one comparison
 * (`[?(@.type=="Ready")]`). That is what CustomResourceDefinitions allow; recursive descent, slices and scripts are refused.
 */
export function parseJsonPath(text: string): ParsedPath {
  const steps: PathStep[] = [];
  let rest = text.startsWith('$') ? text.slice(1) : text;
  while (rest !== '') {
    const step = nextStep(rest);
    if (step === undefined) return { ok: false, message: `JSONPath cannot be read at ${JSON.stringify(rest)}` };
    if (step.step !== undefined) steps.push(step.step);
    rest = rest.slice(step.length);
  }
  return { ok: true, path: steps };
}

interface Taken {
  readonly length: number;
  /** Undefined for what leads nowhere: the single dot that means the object itself. */
  readonly step: PathStep | undefined;
}

const MEMBER = /^\.((?:[^.[\]\\]|\\.)+)/s;
const QUOTED = /^\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/s;
const INDEX = /^\[(-?\d+)\]/;
const EVERY = /^(?:\[\*\]|\.\*)/;
const FILTER = /^\[\?\(\s*@((?:[^'"()=!<>\s]|\\.)*)\s*(?:(==|!=)\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s)]+)\s*)?\)\]/s;

function nextStep(text: string): Taken | undefined {
  if (text === '.') return { length: 1, step: undefined };
  const every = EVERY.exec(text);
  if (every) return { length: every[0].length, step: { kind: 'every' } };
  const member = MEMBER.exec(text);
  if (member) return { length: member[0].length, step: { kind: 'member', name: unescaped(member[1] ?? '') } };
  const quoted = QUOTED.exec(text);
  if (quoted) return { length: quoted[0].length, step: { kind: 'member', name: unescaped(quoted[1] ?? quoted[2] ?? '') } };
  const index = INDEX.exec(text);
  if (index) return { length: index[0].length, step: { kind: 'index', index: Number(index[1]) } };
  const filter = FILTER.exec(text);
  return filter === null ? undefined : filterStep(filter);
}

function filterStep([all, path = '', operator, literal]: RegExpExecArray): Taken | undefined {
  const parsed = parseJsonPath(path);
  if (!parsed.ok) return undefined;
  if (operator === undefined || literal === undefined) {
    return { length: all.length, step: { kind: 'filter', path: parsed.path, operator: 'exists', value: undefined } };
  }
  return {
    length: all.length,
    step: { kind: 'filter', path: parsed.path, operator: operator === '==' ? '==' : '!=', value: literalOf(literal) },
  };
}

function literalOf(text: string): unknown {
  if (/^['"]/.test(text)) return unescaped(text.slice(1, -1));
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}

/** Every value that the path leads to, in document order; none where a step finds nothing. */
export function valuesAt(path: JsonPath, value: unknown): readonly unknown[] {
  return path.reduce<readonly unknown[]>((values, step) => values.flatMap((each) => take(step, each)), [value]);
}

function take(step: PathStep, value: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'member':
      return isJsonObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'index': {
      const item: unknown = Array.isArray(value) ? value.at(step.index) : undefined;
      return item === undefined ? [] : [item];
    }
    case 'every':
      return Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => passes(step, item)) : [];
  }
}

function passes({ path, operator, value }: Extract<PathStep, { kind: 'filter' }>, item: unknown): boolean {
  const [found] = valuesAt(path, item);
  if (operator === 'exists') return found !== undefined;
  return operator === '==' ? found === value : found !== undefined && found !== value;
}
