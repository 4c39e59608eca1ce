import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import type { Problem } from '../../base/errors.ts';

const MAX_BYTES = 256 * 1024;
const MAX_DEPTH = 64;

export type YamlReading =
  | { readonly ok: true; readonly root: YAMLMap; readonly reader: YamlReader }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads one YAML document whose root is a mapping, at most 256 KiB and 64 levels deep; aliases and duplicate keys are refused.
 * Problems carry `line:column`. Never throws.
 */
export function readYaml(text: string): YamlReading {
  if (text.length > MAX_BYTES) return failed('1:1', `the file is larger than ${MAX_BYTES / 1024} KiB`);
  if (nestedTooDeep(text)) return failed('1:1', `the file nests deeper than ${MAX_DEPTH} levels`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => ({
        path: place(error.pos[0]),
        message: (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
      })),
    };
  }
  if (!isMap(document.contents)) return failed('1:1', 'the file is not a KfDef: it holds no mapping');
  const at = (node: unknown): string => {
    const range = (node as Node | null | undefined)?.range;
    return range === undefined || range === null ? '1:1' : place(range[0]);
  };
  return { ok: true, root: document.contents, reader: new YamlReader(at) };
}

function failed(path: string, message: string): YamlReading {
  return { ok: false, problems: [{ path, message }] };
}

/** Nesting costs a YAML parser dearly, so it is bounded before one sees the text. */
function nestedTooDeep(text: string): boolean {
  let flow = 0;
  for (const line of text.split('\n')) {
    const indent = line.length - line.trimStart().length;
    if (indent > MAX_DEPTH * 4 || /^(?:[ \t]*-){65}/.test(line)) return true;
    for (const letter of line) {
      if (letter === '[' || letter === '{') flow += 1;
      else if (letter === ']' || letter === '}') flow -= 1;
      if (flow > MAX_DEPTH) return true;
    }
  }
  return false;
}

/** Looks members up and collects what is wrong with them. A member that is absent or null is `undefined` and no problem. */
export class YamlReader {
  readonly problems: Problem[] = [];
  readonly #at: (node: unknown) => string;

  constructor(at: (node: unknown) => string) {
    this.#at = at;
  }

  fault(node: unknown, message: string): void {
    this.problems.push({ path: this.#at(node), message });
  }

  /** The key's node of a member, for faults about its name. */
  keys(parent: YAMLMap): readonly { readonly name: string; readonly key: unknown }[] {
    return parent.items.map(({ key }) => ({ name: isScalar(key) ? String(key.value) : '', key }));
  }

  node(parent: YAMLMap, key: string): unknown {
    return parent.get(key, true) ?? parent;
  }

  map(parent: YAMLMap, key: string): YAMLMap | undefined {
    const node = parent.get(key, true) as unknown;
    if (node === undefined || (isScalar(node) && node.value === null)) return undefined;
    if (isMap(node)) return node;
    this.fault(node, `${key} must be a mapping`);
    return undefined;
  }

  text(parent: YAMLMap, key: string): string | undefined {
    const value = this.#scalar(parent, key);
    if (value === undefined || typeof value === 'string') return value;
    this.fault(parent.get(key, true), `${key} must be a text`);
    return undefined;
  }

  flag(parent: YAMLMap, key: string): boolean | undefined {
    const value = this.#scalar(parent, key);
    if (value === undefined || typeof value === 'boolean') return value;
    this.fault(parent.get(key, true), `${key} must be true or false`);
    return undefined;
  }

  texts(parent: YAMLMap, key: string): readonly string[] {
    const node = parent.get(key, true) as unknown;
    if (node === undefined || (isScalar(node) && node.value === null)) return [];
    if (isSeq(node) && node.items.every((item) => isScalar(item) && typeof item.value === 'string')) {
      return node.items.map((item) => (isScalar(item) ? String(item.value) : ''));
    }
    this.fault(node, `${key} must be a list of texts`);
    return [];
  }

  /** Whether a member holds something: a scalar that is not null or empty, or a mapping. Its value is not looked at. */
  holds(parent: YAMLMap, key: string): boolean {
    const node = parent.get(key, true) as unknown;
    if (isScalar(node)) return node.value !== null && node.value !== '';
    return isMap(node) && node.items.length > 0;
  }

  #scalar(parent: YAMLMap, key: string): unknown {
    const node = parent.get(key, true) as unknown;
    if (node === undefined) return undefined;
    if (isScalar(node)) return node.value === null ? undefined : node.value;
    this.fault(node, `${key} must be a single value`);
    return undefined;
  }
}
