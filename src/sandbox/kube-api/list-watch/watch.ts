import type { Timer } from '../../../base/clock.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { INITIAL_EVENTS_END } from '../../../kube/core/watch-event.ts';
import type { ApiRequest } from '../context.ts';
import { flag, integer, invalidOptions } from '../request/query.ts';
import { apiVersionOfType, type ResourceType } from '../resources/resource-type.ts';
import { toServed } from '../resources/served.ts';
import { jsonText } from '../routes/json-text.ts';
import { parseSelection, type Selection } from '../selectors/selection.ts';
import { type FieldError, forbiddenField, notSupported } from '../status/field-error.ts';
import { failure, Refusal } from '../status/refusal.ts';
import type { StoreEvent } from '../store/store.ts';
import { parseWatchRevision } from './revision.ts';

const BOOKMARK_MS = 60_000;
/** How long before the end of a watch its last bookmark is sent, in milliseconds. */
const LAST_BOOKMARK_MS = 2_000;
/** Without `timeoutSeconds` a watch ends after 30 to 60 minutes on the real one; here always after 30. */
const DEFAULT_TIMEOUT_SECONDS = 1_800;
/** A client that does not read loses its watch when this many events wait for it, and lists again. */
const MAX_WAITING = 10_000;
/** What a watch begins with goes out in pieces of this many events: none of it waits for a client that had no time to read yet. */
const PIECE = 500;

/** An event on its way out. */
interface Outgoing {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

/** How an object is put into an event: as it is, as metadata alone, or as a table of one row. */
export type Present = (object: KubeObject) => unknown;

/** Streams are registered so that closing the server ends them. */
export interface OpenWatches {
  add(end: () => void): void;
  delete(end: () => void): void;
}

/**
 * Watches a collection: events since `resourceVersion` (or the present state first), bookmarks each minute and before the end,
 * an ERROR event with a 410 Status when the revision is no longer in the history. The stream ends at `timeoutSeconds`.
 */
export function watch(call: ApiRequest, present: Present, open: OpenWatches): Response {
  if (call.wanted.encoding === 'yaml') throw noStreamOfYaml();
  const start = planStart(call);
  const selected = parseSelection(call.query, call.type);
  const stream = new WatchStream(call, selected, present, start, open);
  return new Response(stream.readable, {
    status: 200,
    headers: { 'cache-control': 'no-cache, private', 'content-type': 'application/json' },
  });
}

function noStreamOfYaml(): Refusal {
  const offered = 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch';
  return new Refusal(failure(406, `only the following media types are accepted: ${offered}`, { reason: 'NotAcceptable' }));
}

interface Start {
  /** Where to begin; `undefined`: with the present state as ADDED events. */
  readonly after: number | undefined;
  readonly bookmarks: boolean;
  /** Mark the end of the initial events with a bookmark. */
  readonly markEnd: boolean;
}

/** A watch that says neither where to begin nor how is one with initial events; so the real one reads it since it streams lists (KEP-3157). */
function planStart({ query, context }: ApiRequest): Start {
  integer(query, 'limit');
  const bookmarks = flag(query, 'allowWatchBookmarks');
  const asked = query.get('sendInitialEvents');
  const given = query.get('resourceVersionMatch') ?? '';
  const fromNow = asked === null && given === '' && (query.get('resourceVersion') || '0') === '0';
  const sendInitial = fromNow ? 'true' : asked;
  const match = fromNow ? 'NotOlderThan' : given;
  const errors: FieldError[] = [];
  if (sendInitial !== null && match !== 'NotOlderThan') {
    errors.push(forbiddenField('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (sendInitial === null && match !== '') {
    errors.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  }
  if (match !== '' && match !== 'NotOlderThan') errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']));
  if (match !== '' && query.get('continue')) {
    errors.push(forbiddenField('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
  }
  if (errors.length > 0) throw invalidOptions('ListOptions', errors);
  const revision = parseWatchRevision(query.get('resourceVersion') ?? '');
  if (sendInitial !== null) {
    const wanted = sendInitial !== 'false' && sendInitial !== '0';
    return { after: wanted ? undefined : revision || context.store.revision, bookmarks, markEnd: wanted && bookmarks };
  }
  return { after: revision, bookmarks, markEnd: false };
}

class WatchStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #call: ApiRequest;
  readonly #selected: Selection;
  readonly #present: Present;
  readonly #open: OpenWatches;
  readonly #prefix: string;
  readonly #encoder = new TextEncoder();
  readonly #timers: Timer[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #unsubscribe: () => void = () => undefined;
  /** Lines of the piece that is being made, while the watch begins. */
  #piece: Uint8Array[] | undefined;
  /** The revision up to which the client knows everything. */
  #sent = 0;
  #ended = false;
  readonly #end = (): void => this.#finish();

  constructor(call: ApiRequest, selected: Selection, present: Present, start: Start, open: OpenWatches) {
    this.#call = call;
    this.#selected = selected;
    this.#present = present;
    this.#open = open;
    this.#prefix = call.namespace === undefined ? '' : `${call.namespace}/`;
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          this.#begin(start);
        },
        cancel: () => this.#finish(),
      },
      { highWaterMark: MAX_WAITING },
    );
  }

  #begin(start: Start): void {
    const { context, request } = this.#call;
    this.#open.add(this.#end);
    request.signal.addEventListener('abort', this.#end, { once: true });
    this.#piece = [];
    const reached = this.#sendBacklog(start);
    this.#sendPiece();
    this.#piece = undefined;
    if (!reached) {
      this.#finish();
      return;
    }
    this.#unsubscribe = context.store.subscribe((event) => this.#onEvent(event));
    this.#schedule(start.bookmarks);
  }

  /** Answers whether the history reaches back to where the client wants to begin. */
  #sendBacklog(start: Start): boolean {
    const { store } = this.#call.context;
    if (start.after === undefined) {
      for (const { object } of store.list(this.#call.type.bucket, this.#prefix)) this.#sendIfSelected('ADDED', object);
      this.#sent = store.revision;
      if (start.markEnd) this.#bookmark(true);
      return true;
    }
    const events = store.since(start.after);
    if (!events) {
      const message = `too old resource version: ${start.after} (${store.compactedRevision})`;
      this.#send({ type: 'ERROR', object: failure(410, message, { reason: 'Expired' }) });
      return false;
    }
    this.#sent = start.after;
    for (const event of events) this.#onEvent(event);
    return true;
  }

  #onEvent(event: StoreEvent): void {
    if (event.bucket !== this.#call.type.bucket) return;
    // Of what moves out of its sight, another namespace's objects, a client learns by bookmarks.
    this.#sent = event.revision;
    if (!event.key.startsWith(this.#prefix)) return;
    const now = this.#selects(event.object);
    const before = event.before !== undefined && this.#selects(event.before);
    if (event.type === 'DELETED') {
      if (before) this.#sendObject('DELETED', event.object);
    } else if (now) {
      this.#sendObject(before ? 'MODIFIED' : 'ADDED', event.object);
    } else if (before && event.before) {
      const gone = { ...event.before, metadata: { ...event.before.metadata, resourceVersion: String(event.revision) } };
      this.#sendObject('DELETED', gone);
    }
  }

  #selects(object: KubeObject): boolean {
    return this.#selected(toServed(this.#call.type, object));
  }

  #sendIfSelected(type: 'ADDED', object: KubeObject): void {
    if (this.#selects(object)) this.#sendObject(type, object);
  }

  #sendObject(type: Outgoing['type'], object: KubeObject): void {
    const served = toServed(this.#call.type, object);
    if (this.#call.wanted.as === 'object') this.#sendBytes(lineOf(type, served, object));
    else this.#send({ type, object: this.#present(served) });
  }

  /** A client that stopped reading is cut off rather than remembered without end. */
  #send(event: Outgoing): void {
    this.#sendBytes(this.#encoder.encode(`${jsonText(event)}\n`));
  }

  #sendBytes(bytes: Uint8Array): void {
    if (this.#ended || !this.#controller) return;
    if (this.#piece !== undefined) {
      this.#piece.push(bytes);
      if (this.#piece.length >= PIECE) this.#sendPiece();
      return;
    }
    this.#controller.enqueue(bytes);
    if ((this.#controller.desiredSize ?? 1) <= 0) this.#finish();
  }

  #sendPiece(): void {
    if (this.#piece === undefined || this.#piece.length === 0) return;
    this.#controller?.enqueue(Buffer.concat(this.#piece));
    this.#piece = [];
  }

  #bookmark(initialEnd: boolean): void {
    const resourceVersion = String(Math.max(this.#sent, 0));
    const annotations = initialEnd ? { annotations: { [INITIAL_EVENTS_END]: 'true' } } : {};
    this.#send({ type: 'BOOKMARK', object: this.#present(bookmarkObject(this.#call.type, { resourceVersion, ...annotations })) });
  }

  #schedule(bookmarks: boolean): void {
    const { context, query } = this.#call;
    const seconds = Number(query.get('timeoutSeconds') ?? '') || DEFAULT_TIMEOUT_SECONDS;
    this.#timers.push(context.clock.after(seconds * 1_000, this.#end));
    if (!bookmarks) return;
    const given = this.#sent;
    const bookmark = (): void => {
      if (this.#sent !== given) this.#bookmark(false);
    };
    const lastAt = seconds * 1_000 - LAST_BOOKMARK_MS;
    if (lastAt > 0) this.#timers.push(context.clock.after(lastAt, bookmark));
    const each = (): void => {
      bookmark();
      this.#timers.push(context.clock.after(BOOKMARK_MS, each));
    };
    this.#timers.push(context.clock.after(BOOKMARK_MS, each));
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe();
    for (const timer of this.#timers) timer.cancel();
    this.#call.request.signal.removeEventListener('abort', this.#end);
    this.#open.delete(this.#end);
    try {
      this.#controller?.close();
    } catch {
      // The reader has cancelled the stream, which closed it already.
    }
  }
}

let last:
  | { readonly type: string; readonly version: string | undefined; readonly object: KubeObject; readonly bytes: Uint8Array }
  | undefined;

/** An event of a whole object as it is sent. Watchers of the same collection get it one after the other, so it is written once. */
function lineOf(type: Outgoing['type'], served: KubeObject, object: KubeObject): Uint8Array {
  if (last === undefined || last.object !== object || last.type !== type || last.version !== served.apiVersion) {
    last = { type, version: served.apiVersion, object, bytes: new TextEncoder().encode(`${jsonText({ type, object: served })}\n`) };
  }
  return last.bytes;
}

function bookmarkObject(type: ResourceType, metadata: KubeObject['metadata']): KubeObject {
  const apiVersion = apiVersionOfType(type);
  if (type.body.kind === 'custom') return { apiVersion, kind: type.kind, metadata };
  return { kind: type.kind, apiVersion, metadata };
}
