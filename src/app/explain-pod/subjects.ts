import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { Manifest } from './manifests.ts';

/** A pod that is asked about. */
export interface Subject {
  /** What it comes from: `Pod`, a workload whose template it is, or `AdmissionReview`. */
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  /** As the API server would have it before admission. */
  readonly pod: unknown;
  /** The review that the API server would send. */
  readonly review: Uint8Array;
  /** `undefined`: it names none, as mirror pods do. */
  readonly serviceAccount: string | undefined;
}

const MIRROR = 'kubernetes.io/config.mirror';
/** Where a pod template lies, from an object of the kind. Kinds that are missing keep it in `spec.template`, if at all. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  PodTemplate: ['template'],
};

/** The pod that an object is or makes; `undefined` when it makes none. */
export function subjectOf({ object }: Manifest, defaultNamespace: string): Subject | undefined {
  if (object.kind === 'AdmissionReview') return ofReview(object);
  const namespace = textAt(object, ['metadata', 'namespace']) || defaultNamespace;
  const kind = String(object.kind ?? 'Pod');
  const name = textAt(object, ['metadata', 'name']) || textAt(object, ['metadata', 'generateName']);
  if (kind === 'Pod') return named({ kind, name, namespace }, object);
  const template = at(object, TEMPLATES[kind] ?? ['spec', 'template']);
  if (!isJsonObject(template) || !isJsonObject(template.spec) || !Array.isArray(template.spec.containers)) return undefined;
  const metadata = isJsonObject(template.metadata) ? template.metadata : {};
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, generateName: `${name}-`, namespace }, spec: template.spec };
  return named({ kind, name, namespace }, pod);
}

/** What the API server does ahead of the webhooks: the old name of the field counts, and without any account it is `default`. */
function named(subject: Pick<Subject, 'kind' | 'name' | 'namespace'>, pod: JsonObject): Subject {
  const isMirror = at(pod, ['metadata', 'annotations', MIRROR]) !== undefined;
  const given = textAt(pod, ['spec', 'serviceAccountName']) || textAt(pod, ['spec', 'serviceAccount']);
  const serviceAccount = given || (isMirror ? undefined : 'default');
  const spec = isJsonObject(pod.spec) && serviceAccount !== undefined ? { ...pod.spec, serviceAccountName: serviceAccount } : pod.spec;
  const whole = { ...pod, spec };
  const review = {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: 'explain',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace: subject.namespace,
      operation: 'CREATE',
      object: whole,
    },
  };
  return { ...subject, pod: whole, serviceAccount, review: bytesOf(review) };
}

function ofReview(review: JsonObject): Subject {
  const pod = at(review, ['request', 'object']);
  return {
    kind: 'AdmissionReview',
    name: textAt(pod, ['metadata', 'name']) || textAt(pod, ['metadata', 'generateName']) || textAt(review, ['request', 'uid']),
    namespace: textAt(review, ['request', 'namespace']),
    pod,
    review: bytesOf(review),
    serviceAccount: textAt(pod, ['spec', 'serviceAccountName']) || undefined,
  };
}

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = isJsonObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  return found;
}

function textAt(value: unknown, path: readonly string[]): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}
