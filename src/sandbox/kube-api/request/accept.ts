import { failure, Refusal } from '../status/refusal.ts';

/** In what form a response is wanted. */
export interface Wanted {
  readonly encoding: 'json' | 'yaml';
  /** A transformation of `meta.k8s.io/v1`: a table for people, or metadata alone. */
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
}

const OFFERED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const OFFERED_STREAMS = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

/**
 * Reads an Accept header: the first clause that this server can answer. Throws a 406 Refusal when there is none. Protobuf is not spoken, though it is
 * named, as the real one does. A list may be watched, so its refusal names the streams too.
 */
export function parseAccept(header: string | null, { list }: { readonly list: boolean }): Wanted {
  if (header === null || header === 'application/json' || header.trim() === '') return { encoding: 'json', as: 'object' };
  for (const clause of header.split(',')) {
    const wanted = parseClause(clause);
    if (wanted) return wanted;
  }
  throw notAcceptable(list ? [...OFFERED, ...OFFERED_STREAMS] : OFFERED);
}

/** A 406 that names what is on offer. */
export function notAcceptable(offered: readonly string[]): Refusal {
  const message = `406: Not Acceptable\n\nAvailable representations: ${offered.join(', ')}`;
  return new Refusal(failure(406, message, { reason: 'NotAcceptable', details: {} }));
}

function parseClause(clause: string): Wanted | undefined {
  const [media = '', ...parameters] = clause.split(';').map((part) => part.trim());
  const encoding = encodingOf(media.toLowerCase());
  if (!encoding) return undefined;
  const options = new Map(
    parameters.map((parameter) => [parameter.slice(0, parameter.indexOf('=')), parameter.slice(parameter.indexOf('=') + 1)]),
  );
  const as = options.get('as');
  if (as === undefined) return { encoding, as: 'object' };
  if (options.get('g') !== 'meta.k8s.io' || options.get('v') !== 'v1') return undefined;
  if (as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { encoding, as };
  return undefined;
}

function encodingOf(media: string): Wanted['encoding'] | undefined {
  if (media === 'application/json' || media === '*/*' || media === 'application/*') return 'json';
  return media === 'application/yaml' ? 'yaml' : undefined;
}
