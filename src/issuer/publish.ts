import type { Problem } from '../base/errors.ts';
import { type DiscoveryDocument, parseDiscovery } from '../oidc/discovery.ts';
import { parseKeySet } from '../oidc/key-set.ts';
import { DISCOVERY_NAME, type IssuerDocuments, type IssuerFile, isDocumentName } from './documents.ts';

/** Where documents are published: a folder or a bucket. Replacing one must be atomic for readers. */
export interface DocumentStore {
  /** For messages. */
  readonly where: string;
  /** `undefined` when there is no such document. */
  read(name: string, signal: AbortSignal): Promise<string | undefined>;
  write(file: IssuerFile, cacheSeconds: number, signal: AbortSignal): Promise<void>;
}

export interface PublishOptions {
  readonly documents: IssuerDocuments;
  readonly store: DocumentStore;
  /** Seconds for which readers may keep them. */
  readonly cacheSeconds: number;
  /** Names of published keys that may go. */
  readonly drop: readonly string[];
}

export type Publication =
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  | {
      readonly kind: 'published';
      readonly written: readonly string[];
      readonly added: readonly string[];
      readonly removed: readonly string[];
    };

/**
 * Publishes both documents, the discovery document first: a reader that comes between the two finds every algorithm of the keys it then
 * gets. Documents that are there already and equal are not written.
 *
 * Refused: a place that holds another issuer's documents (two clusters must not share one), a published key that would go unasked,
 * since every token signed with it would be refused from then on, and a document that cannot be read, since either may hide in it. Keys
 * count as published also where the discovery document names another path than the new one.
 */
export async function publish({ documents, store, cacheSeconds, drop }: PublishOptions, signal: AbortSignal): Promise<Publication> {
  const [discovery, keySet] = await Promise.all([store.read(DISCOVERY_NAME, signal), store.read(documents.keySet.name, signal)]);
  const problems: Problem[] = [];
  const published = publishedDiscovery(discovery);
  if (!published.ok) problems.push({ path: store.where, message: unreadable(DISCOVERY_NAME, published.problems) });
  else if (published.document !== undefined && published.document.issuer !== documents.issuer)
    problems.push({
      path: store.where,
      message: `it holds the documents of ${published.document.issuer}; publish ${documents.issuer} elsewhere`,
    });
  const sets = new Map([[documents.keySet.name, keySet]]);
  const elsewhere = published.ok && published.document !== undefined ? keySetName(published.document) : undefined;
  if (elsewhere !== undefined && !sets.has(elsewhere)) sets.set(elsewhere, await store.read(elsewhere, signal));
  const before = new Set<string>();
  for (const [name, text] of sets) {
    const reading = publishedKids(text);
    if (reading.ok) for (const kid of reading.kids) before.add(kid);
    else problems.push({ path: store.where, message: unreadable(name, reading.problems) });
  }
  const after = documents.keys.map(({ kid }) => kid);
  const removed = [...before].filter((kid) => !after.includes(kid));
  for (const kid of removed.filter((kid) => !drop.includes(kid)))
    problems.push({
      path: store.where,
      message: `key ${kid} is published and would go, with every token that it signed; give its file too, or --drop ${kid}`,
    });
  if (problems.length > 0) return { kind: 'refused', problems };
  const changed = [
    ...(discovery === documents.discovery.text ? [] : [documents.discovery]),
    ...(keySet === documents.keySet.text ? [] : [documents.keySet]),
  ];
  for (const file of changed) await store.write(file, cacheSeconds, signal);
  return {
    kind: 'published',
    written: changed.map(({ name }) => name),
    added: after.filter((kid) => !before.has(kid)),
    removed,
  };
}

/** The names of published keys, or what keeps them from being read. */
export type PublishedKids =
  | { readonly ok: true; readonly kids: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Names of the keys of a published key set; none where there is none. A key with an empty name does not count: AWS ignores it. */
export function publishedKids(text: string | undefined): PublishedKids {
  if (text === undefined) return { ok: true, kids: [] };
  const reading = parseKeySet(text);
  if (!reading.ok) return reading;
  const kids = reading.keySet.keys.flatMap((key) => ('kid' in key && typeof key.kid === 'string' && key.kid !== '' ? [key.kid] : []));
  return { ok: true, kids };
}

/** A published discovery document, if there is one, or what keeps it from being read. */
export type PublishedDiscovery =
  | { readonly ok: true; readonly document: DiscoveryDocument | undefined }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function publishedDiscovery(text: string | undefined): PublishedDiscovery {
  return text === undefined ? { ok: true, document: undefined } : parseDiscovery(text);
}

/** Where an issuer's key set stands below it; `undefined` when it stands elsewhere. */
export function keySetName({ issuer, jwks_uri: uri }: DiscoveryDocument): string | undefined {
  const base = `${issuer.replace(/\/$/, '')}/`;
  const name = uri.startsWith(base) ? uri.slice(base.length) : '';
  return isDocumentName(name) ? name : undefined;
}

/** What is said of a document that is there and cannot be read. */
export function unreadable(name: string, problems: readonly Problem[]): string {
  const list = problems.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join(', ');
  return `its ${name} is there and cannot be read (${list}); mend it, or look which keys it held, keep a copy and delete it`;
}
