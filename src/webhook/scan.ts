import type { ReasonCode } from '../identity/reason-codes.ts';
import { JsonCursor, vocabulary } from './internal/json-cursor.ts';
import { MISSHAPEN, type Misshapen, textMember } from './internal/members.ts';
import { type PodSpans, type ScannedPod, scanPod } from './internal/scan-pod.ts';
import { JsonDepthError, JsonSyntaxError } from './internal/skip-value.ts';

export type { Span } from './internal/members.ts';
export type { PodSpans } from './internal/scan-pod.ts';

/** The largest review that is read, in bytes: what a kube-apiserver accepts from its own clients. */
export const MAX_BODY_BYTES: number = 3 * 1024 * 1024;

/** What is known about a pod without having parsed it. */
export interface PodRef {
  readonly kind: 'pod';
  /** `kind` and `apiVersion` of the review as JSON members, each with its comma; a member that the review lacks is missing here too. */
  readonly typeMembers: string;
  /** The uid as a JSON text, quotes included, exactly as sent. */
  readonly uid: string;
  /** The request's namespace; the object's own is ignored, as upstream does. */
  readonly namespace: string;
  /** `spec.serviceAccountName`; the legacy `spec.serviceAccount` is not read. */
  readonly serviceAccount: string;
  /** `metadata.name`, empty when the API server is to generate one. */
  readonly name: string;
  /** The name, or else the prefix that a name is generated from; for people. */
  readonly displayName: string;
  readonly dryRun: boolean;
  /** Set when the answer is settled already: allowed without a patch, for this reason. */
  readonly settled: ReasonCode | undefined;
  /** Where the rest of the pod lies; `undefined` for what is no pod. */
  readonly spans: PodSpans | undefined;
}

/** A request that gets no decision. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly reason: Extract<ReasonCode, 'NoRequest' | 'UndecodableReview' | 'UnsupportedReview' | 'BodyTooLarge' | 'BodyTooDeep'>;
  readonly message: string;
}

const REVIEW = vocabulary('kind', 'apiVersion', 'request');
const REQUEST = vocabulary('uid', 'kind', 'namespace', 'operation', 'subResource', 'object', 'dryRun');
const GROUP_KIND = vocabulary('kind', 'group');
const KIND = vocabulary('AdmissionReview');
const VERSION = vocabulary('admission.k8s.io/v1', 'admission.k8s.io/v1beta1');
const OPERATION = vocabulary('CREATE');
const OBJECT_KIND = vocabulary('Pod');
const SERVED: ReadonlySet<string> = new Set(['', 'admission.k8s.io/v1', 'admission.k8s.io/v1beta1']);

/**
 * Finds in the bytes of an AdmissionReview what an answer needs, in one pass and without parsing the pod. Accepts and refuses as a
 * strict JSON parser would: of members given twice the last counts, an escaped name counts as what it spells, and a member counts
 * only at its own place. Never throws for any bytes. Synchronous and pure.
 */
export function scan(body: Uint8Array): PodRef | Refusal {
  if (body.length > MAX_BODY_BYTES) return refusal('BodyTooLarge', `the body is larger than ${MAX_BODY_BYTES} bytes`);
  try {
    const cursor = new JsonCursor(body);
    // Upstream answers an empty body as it answers a review without a request.
    if (cursor.isAtEnd()) return refusal('NoRequest', 'the body is empty');
    const review = scanReview(cursor);
    cursor.finish();
    return judge(review);
  } catch (error) {
    if (error instanceof JsonDepthError) return refusal('BodyTooDeep', error.message);
    if (error instanceof JsonSyntaxError) return refusal('UndecodableReview', error.message);
    throw error;
  }
}

function refusal(reason: Refusal['reason'], message: string): Refusal {
  return { kind: 'refusal', reason, message };
}

interface Review {
  readonly kind: string | Misshapen;
  readonly apiVersion: string | Misshapen;
  readonly request: Request | undefined | Misshapen;
}

interface Request {
  readonly uid: string | Misshapen;
  /** `Pod`, or `group/Kind` outside the core group; empty when the request does not say. */
  readonly kind: string | Misshapen;
  readonly namespace: string | Misshapen;
  readonly operation: string | Misshapen;
  readonly subResource: string | Misshapen;
  readonly dryRun: boolean;
  readonly pod: ScannedPod | Misshapen;
}

function judge({ kind, apiVersion, request }: Review): PodRef | Refusal {
  if (kind === MISSHAPEN || apiVersion === MISSHAPEN || request === MISSHAPEN) {
    return refusal('UndecodableReview', 'the body is no AdmissionReview');
  }
  if ((kind !== '' && kind !== 'AdmissionReview') || !SERVED.has(apiVersion)) {
    return refusal('UnsupportedReview', 'the body is no AdmissionReview of admission.k8s.io/v1 or v1beta1');
  }
  if (request === undefined) return refusal('NoRequest', 'the review has no request');
  const { uid, namespace, operation, subResource, kind: objectKind, dryRun } = request;
  if (uid === MISSHAPEN || namespace === MISSHAPEN || operation === MISSHAPEN || subResource === MISSHAPEN || objectKind === MISSHAPEN) {
    return refusal('UndecodableReview', 'a member of the request has the wrong type');
  }
  const pod = request.pod === MISSHAPEN ? undefined : request.pod;
  return {
    kind: 'pod',
    typeMembers: `${kind === '' ? '' : '"kind":"AdmissionReview",'}${apiVersion === '' ? '' : `"apiVersion":"${apiVersion}",`}`,
    uid,
    namespace,
    serviceAccount: pod?.serviceAccount ?? '',
    name: pod?.name ?? '',
    displayName: pod === undefined ? '' : pod.name || pod.generateName,
    dryRun,
    settled: settledReason({ objectKind, creates: (operation === '' || operation === 'CREATE') && subResource === '', namespace, pod }),
    spans: pod?.spans,
  };
}

interface Settling {
  readonly objectKind: string;
  readonly creates: boolean;
  readonly namespace: string;
  readonly pod: ScannedPod | undefined;
}

/** The first of these that holds settles the answer. */
function settledReason({ objectKind, creates, namespace, pod }: Settling): ReasonCode | undefined {
  if (objectKind !== '' && objectKind !== 'Pod') return 'NotAPod';
  if (!creates) return 'NotACreate';
  if (pod === undefined) return 'UndecodablePod';
  if (namespace === '') return 'NoNamespace';
  if (pod.serviceAccount === '') return 'NoServiceAccount';
  return undefined;
}

function scanReview(cursor: JsonCursor): Review {
  let kind: string | Misshapen = '';
  let apiVersion: string | Misshapen = '';
  let request: Request | undefined | Misshapen;
  const whole = cursor.kind();
  if (whole !== 'object') {
    cursor.skip();
    return { kind, apiVersion, request: whole === 'null' ? undefined : MISSHAPEN };
  }
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    switch (cursor.key(REVIEW)) {
      case 'kind':
        kind = textMember(cursor, KIND);
        break;
      case 'apiVersion':
        apiVersion = textMember(cursor, VERSION);
        break;
      case 'request':
        request = scanRequest(cursor);
        break;
      default:
        cursor.skip();
    }
  }
  return { kind, apiVersion, request };
}

function scanRequest(cursor: JsonCursor): Request | undefined | Misshapen {
  const whole = cursor.kind();
  if (whole !== 'object') {
    cursor.skip();
    return whole === 'null' ? undefined : MISSHAPEN;
  }
  let uid: string | Misshapen = '""';
  let kind: string | Misshapen = '';
  let namespace: string | Misshapen = '';
  let operation: string | Misshapen = '';
  let subResource: string | Misshapen = '';
  let dryRun = false;
  let pod: ScannedPod | Misshapen = MISSHAPEN;
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    switch (cursor.key(REQUEST)) {
      case 'uid':
        uid = uidMember(cursor);
        break;
      case 'kind':
        kind = kindMember(cursor);
        break;
      case 'namespace':
        namespace = textMember(cursor);
        break;
      case 'operation':
        operation = textMember(cursor, OPERATION);
        break;
      case 'subResource':
        subResource = textMember(cursor);
        break;
      case 'dryRun':
        dryRun = cursor.isTrue();
        break;
      case 'object':
        pod = scanPod(cursor);
        break;
      default:
        cursor.skip();
    }
  }
  return { uid, kind, namespace, operation, subResource, dryRun, pod };
}

/** The uid goes back as it came, so it is never decoded. */
function uidMember(cursor: JsonCursor): string | Misshapen {
  const kind = cursor.kind();
  if (kind === 'text') return cursor.raw();
  cursor.skip();
  return kind === 'null' ? '""' : MISSHAPEN;
}

function kindMember(cursor: JsonCursor): string | Misshapen {
  const whole = cursor.kind();
  if (whole !== 'object') {
    cursor.skip();
    return whole === 'null' ? '' : MISSHAPEN;
  }
  let kind: string | Misshapen = '';
  let group: string | Misshapen = '';
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    const key = cursor.key(GROUP_KIND);
    if (key === 'kind') kind = textMember(cursor, OBJECT_KIND);
    else if (key === 'group') group = textMember(cursor);
    else cursor.skip();
  }
  if (kind === MISSHAPEN || group === MISSHAPEN) return MISSHAPEN;
  return group === '' ? kind : `${group}/${kind}`;
}
