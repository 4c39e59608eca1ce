import { parse } from 'yaml';
import { messageOf, type Problem } from '../base/errors.ts';
import { isJsonObject } from '../base/json.ts';
import { isDnsLabel, isDnsSubdomain, parseSubject, type ServiceAccountName } from '../iam/service-account-subject.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { resources } from '../kube/core/resource.ts';

export type ServiceAccountList =
  | { readonly ok: true; readonly accounts: readonly ServiceAccountName[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const PAGE = 1_000;

/**
 * Service accounts from a text: what `kubectl get serviceaccounts -A` prints with `-o json` or `-o yaml`, or one `namespace:name` a line
 * (empty lines and those that begin with # are skipped). Every problem is reported, with its line or JSON pointer.
 */
export function readServiceAccounts(text: string): ServiceAccountList {
  const first = /^\s*(\{|\[|---|apiVersion:|items:|kind:)/.exec(text)?.[1];
  if (first === undefined) return fromLines(text);
  try {
    return fromObjects(first === '{' || first === '[' ? JSON.parse(text) : parse(text, { logLevel: 'error' }));
  } catch (error) {
    return { ok: false, problems: [{ path: '', message: `neither JSON, YAML nor lines: ${messageOf(error)}` }] };
  }
}

/** `NS:NAME`, `sa/NS:NAME`, `serviceaccount/NS:NAME` or a whole subject. */
export function parseServiceAccount(text: string): ServiceAccountName | undefined {
  const bare = text.replace(/^(?:sa|serviceaccounts?)\//, '');
  return parseSubject(bare.startsWith('system:serviceaccount:') ? bare : `system:serviceaccount:${bare}`);
}

/** Every service account of a cluster, page by page. */
export async function listServiceAccounts(kube: KubeClient, signal?: AbortSignal): Promise<readonly ServiceAccountName[]> {
  const accounts: ServiceAccountName[] = [];
  let next: string | undefined;
  do {
    const page = await kube.list(resources.serviceAccounts, { limit: PAGE, ...(next ? { continue: next } : {}) }, signal);
    for (const { metadata } of page.items) accounts.push({ namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
    next = page.metadata.continue;
  } while (next);
  return accounts;
}

function fromLines(text: string): ServiceAccountList {
  const problems: Problem[] = [];
  const accounts: ServiceAccountName[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const account = parseServiceAccount(line);
    if (account === undefined)
      problems.push({ path: `line ${index + 1}`, message: `${JSON.stringify(line.slice(0, 80))} must be namespace:name` });
    else accounts.push(account);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, accounts };
}

function fromObjects(value: unknown): ServiceAccountList {
  const isList = isJsonObject(value) && Array.isArray(value.items);
  const items: readonly unknown[] = Array.isArray(value) ? value : isList ? (value.items as readonly unknown[]) : [value];
  const prefix = Array.isArray(value) ? '' : isList ? '/items' : undefined;
  const problems: Problem[] = [];
  const accounts: ServiceAccountName[] = [];
  for (const [index, item] of items.entries()) {
    const path = prefix === undefined ? '' : `${prefix}/${index}`;
    // The items of a typed list carry no kind of their own.
    const kind = isJsonObject(item) ? (item.kind ?? 'ServiceAccount') : undefined;
    const metadata = isJsonObject(item) && isJsonObject(item.metadata) ? item.metadata : {};
    const { namespace, name } = metadata;
    if (kind !== 'ServiceAccount') problems.push({ path, message: `must be a ServiceAccount, not ${JSON.stringify(kind ?? null)}` });
    else if (typeof namespace !== 'string' || typeof name !== 'string' || !isDnsLabel(namespace) || !isDnsSubdomain(name))
      problems.push({ path: `${path}/metadata`, message: 'must have the namespace and the name of a service account' });
    else accounts.push({ namespace, name });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, accounts };
}
