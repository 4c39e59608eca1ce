import type { ApiRequest, ApiResult } from '../context.ts';
import { integer, invalidOptions } from '../request/query.ts';
import { apiVersionOfType, type ResourceType } from '../resources/resource-type.ts';
import { toServed } from '../resources/served.ts';
import { parseSelection } from '../selectors/selection.ts';
import { type FieldError, forbiddenField, notSupported } from '../status/field-error.ts';
import { badRequest, expired } from '../status/refusal.ts';
import type { Entry } from '../store/store.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';
import { awaitRevision, parseRevision } from './revision.ts';

const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** One page of a collection and the metadata that goes with it. */
export interface Page {
  readonly revision: number;
  readonly entries: readonly Entry[];
  readonly continue?: string;
  readonly remaining?: number;
}

/** Lists a collection: selectors, paging, and the resourceVersion rules of the Kubernetes API concepts. */
export async function list(call: ApiRequest): Promise<ApiResult> {
  const page = await readPage(call);
  return { code: 200, body: listBody(call.type, page) };
}

/** What a request's selectors, limit and revision choose of a collection. Throws 400, 410, 422 and 504 Refusals. */
export async function readPage(call: ApiRequest): Promise<Page> {
  const { context, query, type } = call;
  const limit = Math.max(0, integer(query, 'limit') ?? 0);
  integer(query, 'timeoutSeconds');
  checkListOptions(query);
  const selected = parseSelection(query, type);
  const prefix = call.namespace === undefined ? '' : `${call.namespace}/`;
  const token = query.get('continue') ?? '';
  const from = token === '' ? undefined : decodeContinue(token);
  if (token !== '' && !from)
    throw badRequest(`invalid continue token: continue key is not valid: ${JSON.stringify(token)} was not written by this server`);

  if (from && (query.get('resourceVersion') || '0') !== '0')
    throw badRequest('specifying resource version is not allowed when using continue');

  const revision = from ? from.revision : await revisionOf(call, limit);
  const exact = from ? from.revision > 0 : wantsExact(query, limit);
  const all = exact ? entriesAt(call, prefix, revision, from?.start) : context.store.list(type.bucket, prefix);
  const after = from ? all.filter((entry) => entry.key.slice(prefix.length) > from.start) : all;
  const matching = after.filter((entry) => selected(toServed(type, entry.object)));
  return cut(matching, {
    limit,
    revision: exact ? revision : context.store.revision,
    prefix,
    plain: !query.get('labelSelector') && !query.get('fieldSelector'),
    last: after.at(-1)?.key,
  });
}

/** A page of a revision is of that very revision, also where nobody says how it is to match. */
function wantsExact(query: URLSearchParams, limit: number): boolean {
  const match = query.get('resourceVersionMatch') ?? '';
  return match === 'Exact' || (match === '' && limit > 0 && (query.get('resourceVersion') || '0') !== '0');
}

/** `resourceVersionMatch` only says something beside a resourceVersion, and nothing beside a continue token. */
function checkListOptions(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch') ?? '';
  const initial = query.get('sendInitialEvents') ?? '';
  if (match === '' && initial === '') return;
  const version = query.get('resourceVersion') ?? '';
  const field = 'resourceVersionMatch';
  const errors: FieldError[] = [];
  if (initial !== '') errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  if (match !== '' && version === '') errors.push(forbiddenField(field, `${field} is forbidden unless resourceVersion is provided`));
  if (match !== '' && query.get('continue')) errors.push(forbiddenField(field, `${field} is forbidden when continue is provided`));
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan') errors.push(notSupported(field, match, ['Exact', 'NotOlderThan', '']));
  if (match === 'Exact' && version === '0') errors.push(forbiddenField(field, `${field} "exact" is forbidden for resourceVersion "0"`));
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
}

async function revisionOf({ context, query, request }: ApiRequest, limit: number): Promise<number> {
  const text = query.get('resourceVersion') ?? '';
  const revision = parseRevision(text);
  await awaitRevision(context, revision, request);
  return wantsExact(query, limit) ? revision : context.store.revision;
}

function entriesAt({ context, type }: ApiRequest, prefix: string, revision: number, start: string | undefined): readonly Entry[] {
  const found = context.store.listAt(type.bucket, prefix, revision);
  if (found.ok) return found.entries;
  if (start === undefined) throw expired('The resourceVersion for the provided list is too old.');
  throw expired(CONTINUE_EXPIRED, encodeContinue(-1, start));
}

interface Cut {
  readonly limit: number;
  readonly revision: number;
  readonly prefix: string;
  /** No selector: the number of remaining items is known. */
  readonly plain: boolean;
  /** The last object there is, chosen or not: up to it a full page may have a next one, as the real one does not look ahead. */
  readonly last: string | undefined;
}

function cut(entries: readonly Entry[], { limit, revision, prefix, plain, last }: Cut): Page {
  const kept = limit === 0 ? entries : entries.slice(0, limit);
  const end = kept.at(-1)?.key;
  if (limit === 0 || kept.length < limit || end === last) return { revision, entries: kept };
  return {
    revision,
    entries: kept,
    continue: encodeContinue(revision, end?.slice(prefix.length) ?? ''),
    ...(plain ? { remaining: entries.length - limit } : {}),
  };
}

/** The List object; items of built-in kinds carry neither kind nor apiVersion. */
export function listBody(type: ResourceType, page: Page): Readonly<Record<string, unknown>> {
  const apiVersion = apiVersionOfType(type);
  const resourceVersion = String(page.revision);
  if (type.body.kind === 'custom') {
    const items = page.entries.map((entry) => toServed(type, entry.object));
    const remaining = page.remaining === undefined ? {} : { remainingItemCount: page.remaining };
    return { apiVersion, items, kind: type.listKind, metadata: { continue: page.continue ?? '', ...remaining, resourceVersion } };
  }
  const items = page.entries.map((entry) => {
    const { kind: _kind, apiVersion: _apiVersion, ...item } = toServed(type, entry.object);
    return item;
  });
  const metadata = {
    resourceVersion,
    ...(page.continue === undefined ? {} : { continue: page.continue }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
  return { kind: type.listKind, apiVersion, metadata, items };
}
