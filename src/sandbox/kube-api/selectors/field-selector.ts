import type { KubeObject } from '../../../kube/core/object.ts';
import { fieldLabels } from './field-labels.data.ts';

/** One term of a field selector. */
export interface FieldTerm {
  readonly path: string;
  readonly equal: boolean;
  readonly value: string;
}

export type ParsedFields = { readonly ok: true; readonly terms: readonly FieldTerm[] } | { readonly ok: false; readonly message: string };

/** Parses the text of `fieldSelector` and refuses paths that the resource does not offer (`bucket` names it). */
export function parseFieldSelector(text: string, bucket: string): ParsedFields {
  const terms: FieldTerm[] = [];
  for (const part of splitTerms(text)) {
    const match = /^(.*?)(==|!=|=)(.*)$/s.exec(part);
    if (!match) return { ok: false, message: `invalid selector: '${part}'; can't understand '${part}'` };
    const [, path = '', operator, raw = ''] = match;
    if (!allowed(bucket).includes(path)) return { ok: false, message: unknownLabel(path, bucket) };
    terms.push({ path, equal: operator !== '!=', value: raw.replace(/\\([\\,=])/g, '$1') });
  }
  return { ok: true, terms };
}

function splitTerms(text: string): readonly string[] {
  return (text.match(/(?:\\.|[^,\\])+/gs) ?? []).filter((part) => part !== '');
}

function allowed(bucket: string): readonly string[] {
  return ['metadata.name', 'metadata.namespace', ...(fieldLabels[bucket]?.paths ?? [])];
}

function unknownLabel(path: string, bucket: string): string {
  const own = fieldLabels[bucket];
  if (own) return `field label not supported: ${path}`;
  if (bucket.includes('.')) return `field label not supported: ${path}`;
  return `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

/** Whether an object meets every term; an absent field is the empty string. */
export function matchesFields(terms: readonly FieldTerm[], object: KubeObject): boolean {
  return terms.every(({ path, equal, value }) => (fieldOf(object, path) === value) === equal);
}

function fieldOf(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const segment of path.split('.')) {
    if (typeof value !== 'object' || value === null) return '';
    value = (value as Readonly<Record<string, unknown>>)[segment];
  }
  return value === undefined || value === null ? '' : String(value);
}
