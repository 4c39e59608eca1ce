import type { Problem } from '../base/errors.ts';
import { parseDiscovery } from '../oidc/discovery.ts';
import { parseKeySet } from '../oidc/key-set.ts';
import { DISCOVERY_NAME, type IssuerDocuments, type IssuerFile } from './documents.ts';

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
 * Refused: a place that holds another issuer's documents (two clusters must not share one), and a published key that would go unasked,
 * since every token signed with it would be refused from then on.
 */
export async function publish({ documents, store, cacheSeconds, drop }: PublishOptions, signal: AbortSignal): Promise<Publication> {
  const [discovery, keySet] = await Promise.all([store.read(DISCOVERY_NAME, signal), store.read(documents.keySet.name, signal)]);
  const before = kidsIn(keySet);
  const after = documents.keys.map(({ kid }) => kid);
  const removed = before.filter((kid) => !after.includes(kid));
  const problems: Problem[] = [];
  const other = issuerIn(discovery);
  if (other !== undefined && other !== documents.issuer)
    problems.push({ path: store.where, message: `it holds the documents of ${other}; publish ${documents.issuer} elsewhere` });
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
    added: after.filter((kid) => !before.includes(kid)),
    removed,
  };
}

/** Names of the keys of a published key set; none where there is none that can be read. */
export function kidsIn(text: string | undefined): readonly string[] {
  const reading = text === undefined ? undefined : parseKeySet(text);
  if (reading?.ok !== true) return [];
  return reading.keySet.keys.flatMap((key) => ('kid' in key && typeof key.kid === 'string' ? [key.kid] : []));
}

function issuerIn(text: string | undefined): string | undefined {
  const reading = text === undefined ? undefined : parseDiscovery(text);
  return reading?.ok === true ? reading.document.issuer : undefined;
}
