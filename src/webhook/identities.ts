import type { Problem } from '../base/errors.ts';
import { isJsonObject } from '../base/json.ts';

/** ServiceAccounts with an EKS Pod Identity association, by `namespace/name`. Exact pairs only. */
export type Identities = ReadonlySet<string>;

export const noIdentities: Identities = new Set();

/** The identities, and what is wrong with the text. */
export interface ReadIdentities {
  readonly identities: Identities;
  readonly problems: readonly Problem[];
}

/**
 * Reads the container credentials file: `{"identities": [{"namespace", "serviceAccount"}]}`. An absent or empty file names nobody;
 * anything malformed leaves everything as it was (`previous`).
 */
export function readIdentities(text: string | undefined, previous: Identities): ReadIdentities {
  if (text === undefined || text === '') return { identities: noIdentities, problems: [] };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { identities: previous, problems: [{ path: '', message: 'the container credentials file is no JSON' }] };
  }
  if (!isJsonObject(parsed))
    return { identities: previous, problems: [{ path: '', message: 'the container credentials file must be an object' }] };
  const list = parsed.identities ?? [];
  if (!Array.isArray(list)) return { identities: previous, problems: [{ path: '/identities', message: 'the identities must be a list' }] };
  const identities = new Set<string>();
  const problems: Problem[] = [];
  for (const [index, item] of list.entries()) {
    const namespace = isJsonObject(item) ? item.namespace : undefined;
    const serviceAccount = isJsonObject(item) ? item.serviceAccount : undefined;
    if (typeof namespace === 'string' && typeof serviceAccount === 'string') identities.add(`${namespace}/${serviceAccount}`);
    else problems.push({ path: `/identities/${index}`, message: 'the identity must have the texts namespace and serviceAccount' });
  }
  return problems.length > 0 ? { identities: previous, problems } : { identities, problems };
}
