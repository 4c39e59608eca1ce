import type { Note, ReasonCode } from '../identity/reason-codes.ts';
import { type Decision, type DecisionContext, decidePod, podAnnotations, settledDecision } from './decide.ts';
import { outlineBytes } from './internal/outline-bytes.ts';
import type { WebhookOptions } from './options.ts';
import type { PodRef } from './scan.ts';

const MAX_WARNINGS = 8;
const MAX_WARNING_LENGTH = 200;

/** Reasons that a pod's creator should hear about, beside every note. */
const WARNED: Partial<Readonly<Record<ReasonCode, string>>> = {
  EmptyRole: 'the service account has a role-arn annotation without a value, the pod gets no AWS credentials',
  ServiceAccountNotFound: 'the service account was not found, the pod gets no AWS credentials',
  UndecodablePod: 'the object does not look like a pod, it was left alone',
  RefusedRole: 'the role of the service account is malformed, the pod gets no AWS credentials',
};

const encoder = new TextEncoder();

/**
 * The AdmissionReview that answers a scanned review, as bytes: synchronous and pure. The pod is neither parsed nor serialised; uid and type go back
 * as they came. The answer always allows.
 */
export function answer(body: Uint8Array, ref: PodRef, context: DecisionContext): Uint8Array {
  return encoder.encode(answerText(ref, decideReview(body, ref, context)));
}

/** The decision that {@link answer} puts into words. */
export function decideReview(body: Uint8Array, ref: PodRef, context: DecisionContext): Decision {
  const settled = settledFor(ref, context.options);
  if (settled !== undefined) return settledDecision(settled);
  return decidePod(() => outlineBytes(body, ref, podAnnotations(context.options)), context);
}

/** The reason that settles a review before any look-up, if one does. */
export function settledFor(ref: PodRef, options: WebhookOptions): ReasonCode | undefined {
  return ref.settled ?? (options.exemptNamespaces.includes(ref.namespace) ? 'ExemptNamespace' : undefined);
}

/** {@link answer} as a text. Members in the order of the Kubernetes type: uid, allowed, patch, patchType, auditAnnotations, warnings. */
export function answerText(ref: PodRef, decision: Decision): string {
  const { patch, notes, reason } = decision;
  const operations =
    patch !== undefined && patch.operations.length > 0
      ? `,"patch":"${btoa(ascii(JSON.stringify(patch.operations)))}","patchType":"JSONPatch"`
      : '';
  const warnings = notes.length === 0 && WARNED[reason] === undefined ? [] : warningsOf(decision);
  const warned = warnings.length === 0 ? '' : `,"warnings":${JSON.stringify(warnings)}`;
  return `{${ref.typeMembers}"response":{"uid":${ref.uid},"allowed":true${operations},"auditAnnotations":${auditAnnotations(decision)}${warned}}}`;
}

/** Audit annotations are keys of the audit event under the webhook's name; values are codes, never names or ARNs. */
function auditAnnotations({ reason, bound, notes }: Decision): string {
  const method = bound === undefined ? '' : `,"method":"${bound.method}","origin":"${bound.origin}"`;
  const odd = notes.length === 0 ? '' : `,"notes":"${[...new Set(notes.map((note) => note.reason))].join(',')}"`;
  return `{"reason":"${reason}"${method}${odd}}`;
}

/** What the creator of the pod is told: printable ASCII, short, few, as the API server asks of warnings. */
export function warningsOf({ reason, notes }: Decision): readonly string[] {
  const own = WARNED[reason];
  const all: readonly Note[] = own === undefined ? notes : [{ reason, message: own }, ...notes];
  const texts = all.slice(0, MAX_WARNINGS).map((note) =>
    `podrole: ${note.message}`
      .replaceAll(/[^ -~]/g, '?')
      .slice(0, MAX_WARNING_LENGTH)
      .concat(` (${note.reason})`),
  );
  const more = all.length - MAX_WARNINGS;
  return more <= 0 ? texts : [...texts, `podrole: and ${more} more`];
}

/** The same JSON in ASCII, which base64 of one byte per character needs. */
function ascii(json: string): string {
  if (!/[^ -~]/.test(json)) return json;
  return json.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
