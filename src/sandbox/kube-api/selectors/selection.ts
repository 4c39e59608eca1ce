import type { KubeObject } from '../../../kube/core/object.ts';
import { badRequest } from '../status/refusal.ts';
import { matchesFields, parseFieldSelector, type Selectable } from './field-selector.ts';
import { matchesLabels, parseLabelSelector } from './label-selector.ts';

/** Whether an object belongs to what a request asked for. */
export type Selection = (object: KubeObject) => boolean;

/** The selection of `labelSelector` and `fieldSelector` (and of a name on the path of a watch). Throws a 400 Refusal. */
export function parseSelection(query: URLSearchParams, type: Selectable): Selection {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  if (!labels.ok) throw badRequest(labels.message);
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '', type);
  if (!fields.ok) throw badRequest(fields.message);
  return (object) => matchesLabels(labels.requirements, object.metadata.labels) && matchesFields(fields.terms, object);
}
