import { parseDocument } from 'yaml';

/** Default labels for namespaces: a value is added where the key is absent, an empty value removes the key. */
export type NamespaceLabels = ReadonlyMap<string, string>;

const MAX_BYTES = 256 * 1024;
const KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * Reads the labels file of upstream's controller: a YAML map of strings. `key:` and `key: null` mean the empty value. Every line that is
 * not a label is named; then nothing of the file is taken.
 */
export function parseNamespaceLabels(
  text: string,
): { readonly ok: true; readonly labels: NamespaceLabels } | { readonly ok: false; readonly problems: readonly string[] } {
  if (text.length > MAX_BYTES) return { ok: false, problems: [`the file is longer than ${MAX_BYTES} characters`] };
  // Block nesting costs the YAML reader quadratic time; a flat map needs none.
  if (/^[ \t]{64}/m.test(text) || /[[{]{16}/.test(text.replace(/\s/g, ''))) return { ok: false, problems: ['the file is not a flat map'] };
  const document = parseDocument(text, { maxAliasCount: 0 } as Record<string, unknown>);
  if (document.errors.length > 0)
    return { ok: false, problems: document.errors.map((error) => error.message.split('\n')[0] ?? 'bad YAML') };
  const value: unknown = readTree(() => document.toJS({ maxAliasCount: 0, mapAsMap: true }));
  if (value === null) return { ok: true, labels: new Map() };
  if (!(value instanceof Map)) return { ok: false, problems: ['the file is not a map of label keys to values'] };
  const labels = new Map<string, string>();
  const problems: string[] = [];
  for (const [key, label] of value) {
    const content: unknown = label ?? '';
    if (typeof key !== 'string' || !KEY.test(key)) problems.push(`${JSON.stringify(String(key))} is not a label key`);
    else if (typeof content !== 'string') problems.push(`the value of ${key} is not a string, quote it`);
    else if (!VALUE.test(content)) problems.push(`the value of ${key} is not a label value`);
    else labels.set(key, content);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, labels };
}

/** The YAML reader throws on aliases that it was told not to resolve. */
function readTree(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Upstream's merge: absent keys are added, empty values remove, present values stay. */
export function mergeLabels(present: Readonly<Record<string, string>>, defaults: NamespaceLabels): Readonly<Record<string, string>> {
  const merged = new Map(Object.entries(present));
  for (const [key, value] of defaults) {
    if (value === '') merged.delete(key);
    else if (!merged.has(key)) merged.set(key, value);
  }
  return Object.fromEntries(merged);
}
