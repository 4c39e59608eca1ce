import { parseAllDocuments } from 'yaml';
import { messageOf, type Problem } from '../../base/errors.ts';
import { isJsonObject, type JsonObject } from '../../base/json.ts';

/** An object of a file, and where it stands there. */
export interface Manifest {
  readonly object: JsonObject;
  /** For messages: the document's number where there are several, and the place in a list. */
  readonly path: string;
}

export type Manifests =
  | { readonly ok: true; readonly manifests: readonly Manifest[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Aliases beyond this many are an attack or a mistake. */
const MAX_ALIASES = 100;

/** Reads Kubernetes objects: JSON, or YAML of any number of documents; lists count as their items. */
export function readManifests(text: string): Manifests {
  const problems: Problem[] = [];
  const manifests: Manifest[] = [];
  const add = (value: unknown, path: string): void => {
    if (value === null || value === undefined) return;
    if (!isJsonObject(value)) problems.push({ path, message: 'must be a Kubernetes object' });
    else if (Array.isArray(value.items) && (value.kind === undefined || String(value.kind).endsWith('List')))
      for (const [index, item] of value.items.entries()) add(withKind(item, value), `${path}/items/${index}`);
    else manifests.push({ object: value, path });
  };
  if (/^\s*[{[]/.test(text)) {
    try {
      add(JSON.parse(text), '');
      return problems.length > 0 ? { ok: false, problems } : { ok: true, manifests };
    } catch {
      // YAML may begin like that too.
    }
  }
  const documents = parseAllDocuments(text, { uniqueKeys: true, logLevel: 'error' });
  for (const [index, document] of (Array.isArray(documents) ? documents : []).entries()) {
    const path = documents.length > 1 ? `document ${index + 1}` : '';
    for (const error of document.errors) problems.push({ path, message: messageOf(error).split('\n')[0] ?? '' });
    if (document.errors.length > 0) continue;
    try {
      add(document.toJS({ maxAliasCount: MAX_ALIASES }), path);
    } catch (error) {
      problems.push({ path, message: messageOf(error) });
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, manifests };
}

/** The items of a typed list, such as a PodList, carry no kind of their own. */
function withKind(item: unknown, { kind, apiVersion }: JsonObject): unknown {
  if (!isJsonObject(item) || item.kind !== undefined || kind === undefined || kind === 'List') return item;
  return { apiVersion, kind: String(kind).slice(0, -'List'.length), ...item };
}
