import type { KubeObject } from '../../../../kube/core/object.ts';
import type { Status } from '../../../../kube/core/status.ts';
import { badRequest, internalError } from '../../status/refusal.ts';
import type { ReadPatched } from '../admit.ts';
import type { AdmissionAttributes, EquivalentResource, Invocation } from '../attributes.ts';
import type { EvaluateCel } from '../cel.ts';
import { reviewBody, reviewRequest } from '../review.ts';
import { denial, type ReviewResponse, readResponse } from '../review-response.ts';
import type { Webhook } from '../webhook.ts';
import type { CallWebhook } from '../webhook-call.ts';

/** One phase of one request. */
export interface Run {
  readonly webhooks: readonly Webhook[];
  readonly attributes: AdmissionAttributes;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly equivalents: readonly EquivalentResource[];
  readonly call: CallWebhook;
  readonly newId: () => string;
  readonly evaluate: EvaluateCel;
  readonly read: ReadPatched;
  readonly readmit: (object: KubeObject) => KubeObject;
}

/** How one call ended. `unreachable` is what the failure policy decides about. */
export type Invoked =
  | { readonly kind: 'allowed'; readonly response: ReviewResponse }
  | { readonly kind: 'denied'; readonly response: ReviewResponse; readonly status: Status }
  | { readonly kind: 'unreachable'; readonly status: Status }
  | { readonly kind: 'refused'; readonly status: Status };

/** Calls one webhook about one object. */
export async function invoke(
  webhook: Webhook,
  {
    run,
    object,
    invocation,
    mutating,
  }: { readonly run: Run; readonly object: KubeObject | undefined; readonly invocation: Invocation; readonly mutating: boolean },
  signal: AbortSignal,
): Promise<Invoked> {
  const harmless = webhook.sideEffects === 'None' || webhook.sideEffects === 'NoneOnDryRun';
  if (run.attributes.dryRun && !harmless) {
    return { kind: 'refused', status: badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`).status };
  }
  const version = webhook.admissionReviewVersions.find((each): each is 'v1' | 'v1beta1' => each === 'v1' || each === 'v1beta1');
  if (version === undefined) {
    return unreachable(webhook, 'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  }
  const uid = run.newId();
  const request = reviewRequest({
    uid,
    attributes: run.attributes,
    invocation,
    object: asVersion(object, { invocation, attributes: run.attributes }),
    oldObject: asVersion(run.oldObject, { invocation, attributes: run.attributes }),
  });
  const { clientConfig, timeoutSeconds } = webhook;
  const answer = await run.call({ clientConfig, timeoutSeconds, body: reviewBody(version, request) }, signal);
  const read = readResponse(answer, { uid, version, mutating });
  if (!read.ok) return unreachable(webhook, read.reason);
  const { response } = read;
  return response.allowed ? { kind: 'allowed', response } : { kind: 'denied', response, status: denial(webhook.name, response.status) };
}

/** The failure of a call as the failure policy sees it. */
export function unreachable(webhook: Webhook, reason: string): Invoked & { readonly kind: 'unreachable' } {
  return { kind: 'unreachable', status: internalError(`failed calling webhook ${JSON.stringify(webhook.name)}: ${reason}`).status };
}

/** The object under the version that the webhook asked for; versions differ in name only here. */
function asVersion(
  object: KubeObject | undefined,
  { invocation, attributes }: { readonly invocation: Invocation; readonly attributes: AdmissionAttributes },
): KubeObject | null {
  if (object === undefined) return null;
  const { group, version, kind } = invocation.kind;
  if (group === attributes.kind.group && version === attributes.kind.version) return object;
  return { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind };
}

/** Warnings and audit annotations of a phase, collected call by call. */
export class Findings {
  readonly #warnings = new Set<string>();
  readonly #audit = new Map<string, string>();

  add(webhook: Webhook, response: ReviewResponse): void {
    for (const warning of response.warnings) this.#warnings.add(warning);
    for (const [key, value] of Object.entries(response.auditAnnotations)) this.annotate(`${webhook.name}/${key}`, value);
  }

  annotate(key: string, value: string): void {
    this.#audit.set(key, value);
  }

  get result(): { readonly warnings: readonly string[]; readonly audit: Readonly<Record<string, string>> } {
    return { warnings: [...this.#warnings], audit: Object.fromEntries(this.#audit) };
  }
}
