/** An element: its text, and its children by local name, the first of each name. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  child(name: string): XmlElement | undefined;
}

export type XmlReading = { readonly ok: true; readonly root: XmlElement } | { readonly ok: false; readonly problem: string };

const MAX_DEPTH = 32;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const TAG = /<(\/?)([A-Za-z_][\w.-]*)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const DECLARATION = /^\uFEFF?\s*<\?xml\s[^<>?]*\?>/;

interface Open {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/**
 * Reads the subset of XML that AWS's Query protocol answers with: elements, attributes (unread) and text. A DOCTYPE, with which entities
 * are defined and bombs built, is refused before anything else; so are comments, CDATA and processing instructions. Linear, never throws.
 */
export function readXml(text: string): XmlReading {
  if (/<!doctype/i.test(text)) return { ok: false, problem: 'it carries a DOCTYPE' };
  let at = DECLARATION.exec(text)?.[0].length ?? 0;
  const open: Open[] = [];
  let root: XmlElement | undefined;
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const between = text.slice(at, next < 0 ? text.length : next);
    const holder = open.at(-1);
    if (holder === undefined) {
      if (between.trim() !== '') return { ok: false, problem: 'text stands outside of its root' };
    } else {
      const plain = plainText(between);
      if (plain === undefined) return { ok: false, problem: 'it uses an entity that XML does not define' };
      holder.text += plain;
    }
    if (next < 0) break;
    TAG.lastIndex = next;
    const tag = TAG.exec(text);
    if (tag === null) return { ok: false, problem: 'it is not well-formed' };
    at = TAG.lastIndex;
    const [, closing, name = '', , empty] = tag;
    if (closing === '/') {
      const ended = open.pop();
      if (ended === undefined || ended.name !== name) return { ok: false, problem: 'its elements do not nest' };
      root = attach(ended, open) ?? root;
      continue;
    }
    if (root !== undefined) return { ok: false, problem: 'it has more than one root' };
    if (open.length >= MAX_DEPTH) return { ok: false, problem: `it nests deeper than ${MAX_DEPTH} elements` };
    const opened: Open = { name, text: '', children: [] };
    if (empty === '/') root = attach(opened, open) ?? root;
    else open.push(opened);
  }
  if (root === undefined) return { ok: false, problem: open.length > 0 ? 'it is cut off' : 'it holds no element' };
  return { ok: true, root };
}

/** Hands an ended element to its parent, or answers it when it is the root. */
function attach({ name, text, children }: Open, open: readonly Open[]): XmlElement | undefined {
  const element: XmlElement = { name, text, child: (wanted) => children.find((child) => child.name === wanted) };
  const parent = open.at(-1);
  if (parent === undefined) return element;
  parent.children.push(element);
  return undefined;
}

function plainText(text: string): string | undefined {
  if (!text.includes('&')) return text;
  let known = true;
  const plain = text.replace(
    /&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w{1,8}));|&/g,
    (_whole, decimal?: string, hex?: string, name?: string) => {
      const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined;
      if (code !== undefined && code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
      const entity = name === undefined || !Object.hasOwn(ENTITIES, name) ? undefined : ENTITIES[name];
      if (entity === undefined) known = false;
      return entity ?? '';
    },
  );
  return known ? plain : undefined;
}
