import type { KubeObject } from '../../../kube/core/object.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import { type FieldLabel, fieldLabels } from './field-labels.data.ts';

/** One term of a field selector. */
export interface FieldTerm {
  readonly field: FieldLabel;
  readonly equal: boolean;
  readonly value: string;
}

/** What decides which fields the objects of a resource can be selected by. */
export type Selectable = Pick<ResourceType, 'group' | 'plural' | 'namespaced' | 'body'>;

export type ParsedFields = { readonly ok: true; readonly terms: readonly FieldTerm[] } | { readonly ok: false; readonly message: string };

/** Parses the text of `fieldSelector` and refuses labels that the resource does not offer. */
export function parseFieldSelector(text: string, type: Selectable): ParsedFields {
  const terms: FieldTerm[] = [];
  for (const part of splitTerms(text)) {
    const match = /^(.*?)(==|!=|=)(.*)$/s.exec(part);
    if (!match) return { ok: false, message: `invalid selector: '${part}'; can't understand '${part}'` };
    const [, label = '', operator, raw = ''] = match;
    const field = labelsOf(type).find((known) => known.label === label);
    if (field === undefined) return { ok: false, message: unknownLabel(label, type) };
    terms.push({ field, equal: operator !== '!=', value: raw.replace(/\\([\\,=])/g, '$1') });
  }
  return { ok: true, terms };
}

function splitTerms(text: string): readonly string[] {
  return (text.match(/(?:\\.|[^,\\])+/gs) ?? []).filter((part) => part !== '');
}

function labelsOf(type: Selectable): readonly FieldLabel[] {
  const named = { label: 'metadata.name' };
  const inNamespace = { label: 'metadata.namespace' };
  const own = ownLabels(type);
  // Resources without labels of their own take both, wherever they are.
  return own === undefined ? [named, inNamespace] : [named, ...(type.namespaced ? [inNamespace] : []), ...own];
}

function ownLabels({ group, plural, body }: Selectable): readonly FieldLabel[] | undefined {
  if (body.kind === 'custom') return body.selectable.map((label) => ({ label }));
  return fieldLabels[group === '' ? plural : `${plural}.${group}`];
}

function unknownLabel(label: string, type: Selectable): string {
  return ownLabels(type) === undefined
    ? `${JSON.stringify(label)} is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${label}`;
}

/** Whether an object meets every term. */
export function matchesFields(terms: readonly FieldTerm[], object: KubeObject): boolean {
  return terms.every(({ field, equal, value }) => (fieldValue(object, field) === value) === equal);
}

function fieldValue(object: KubeObject, { label, paths = [label], absent = '' }: FieldLabel): string {
  return paths.map((path) => fieldOf(object, path)).find((text) => text !== '') ?? absent;
}

function fieldOf(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const segment of path.split('.')) {
    if (typeof value !== 'object' || value === null) return '';
    value = (value as Readonly<Record<string, unknown>>)[segment];
  }
  return value === undefined || value === null ? '' : String(value);
}
