import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { Status } from '../../../kube/core/status.ts';
import type { AdmissionAttributes, EquivalentResource } from './attributes.ts';
import { type EvaluateCel, evaluateCel } from './cel.ts';
import { mutate } from './internal/mutate.ts';
import { validate } from './internal/validate.ts';
import { webhooksOf } from './webhook.ts';
import type { CallWebhook } from './webhook-call.ts';

/** A request on its way past the webhooks of one phase. */
export interface Admission {
  /** All mutating or all validating configurations, in any order. */
  readonly configurations: readonly KubeObject[];
  readonly attributes: AdmissionAttributes;
  /** Undefined on DELETE. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  /** Labels of the request's namespace; of no meaning for cluster-scoped objects. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly call: CallWebhook;
  /** A new UUID: the `uid` of one call. */
  readonly newId: () => string;
  /** Default: the CEL library. */
  readonly evaluateCel?: EvaluateCel | undefined;
  /** Other names of the same objects, for `matchPolicy: Equivalent`; the object is sent with their apiVersion and no other change. */
  readonly equivalents?: readonly EquivalentResource[] | undefined;
  /** Reads a patched object back as its kind: defaults, members in order, unknown ones dropped. Default: as it is. */
  readonly read?: ReadPatched | undefined;
  /** The in-tree plugins once more, when a webhook changed the object. Default: nothing. */
  readonly readmit?: ((object: KubeObject) => KubeObject) | undefined;
}

export type ReadPatched = (
  patched: Readonly<Record<string, unknown>>,
) => { readonly ok: true; readonly object: KubeObject } | { readonly ok: false; readonly message: string };

export type AdmissionOutcome =
  | {
      readonly ok: true;
      readonly object: KubeObject | undefined;
      /** For `Warning` headers, each text once. */
      readonly warnings: readonly string[];
      /** Annotations of the audit event. */
      readonly audit: Readonly<Record<string, string>>;
    }
  | { readonly ok: false; readonly status: Status; readonly warnings: readonly string[]; readonly audit: Readonly<Record<string, string>> };

/**
 * Calls the webhooks that a request concerns, as a kube-apiserver does: mutating ones one after the other, each on what the one before made,
 * those with `reinvocationPolicy: IfNeeded` once more when a later one changed the object; validating ones at once.
 * What a webhook cannot be called for is 500 under `Fail` and passed over in silence under `Ignore`; a patch that does not apply is 500
 * either way. Webhook configurations themselves are never subject to webhooks. Rejects only when `signal` aborts.
 */
export function admit(admission: Admission, signal: AbortSignal): Promise<AdmissionOutcome> {
  const validating = admission.configurations.some(({ kind }) => kind === 'ValidatingWebhookConfiguration');
  const exempt = admission.attributes.kind.group === 'admissionregistration.k8s.io';
  const run = {
    webhooks: exempt ? [] : webhooksOf(admission.configurations),
    attributes: admission.attributes,
    object: admission.object,
    oldObject: admission.oldObject,
    namespaceLabels: admission.namespaceLabels,
    equivalents: admission.equivalents ?? [],
    call: admission.call,
    newId: admission.newId,
    evaluate: admission.evaluateCel ?? evaluateCel,
    read: admission.read ?? readAsIs,
    readmit: admission.readmit ?? ((object: KubeObject) => object),
  };
  return validating ? validate(run, signal) : mutate(run, signal);
}

const readAsIs: ReadPatched = (patched) => {
  const { metadata } = patched;
  return isJsonObject(metadata) ? { ok: true, object: { ...patched, metadata } } : { ok: false, message: 'an object must have metadata' };
};
