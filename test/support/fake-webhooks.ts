import { readFileSync } from 'node:fs';
import type { KubeObject } from '../../src/kube/core/object.ts';
import { type Admission, type AdmissionOutcome, admit } from '../../src/sandbox/kube-api/admission/admit.ts';
import type { AdmissionAttributes } from '../../src/sandbox/kube-api/admission/attributes.ts';
import type { CallWebhook, WebhookCall } from '../../src/sandbox/kube-api/admission/webhook-call.ts';

/** A recorded body as JSON. */
export const sample = (name: string) => JSON.parse(readFileSync(new URL(`../conformance/samples/${name}`, import.meta.url), 'utf8'));
/** A recorded body as it was sent. */
export const text = (name: string) => readFileSync(new URL(`../conformance/samples/${name}`, import.meta.url), 'utf8').trimEnd();

/** The request of the recorded review of a pod. */
export const review = sample('admission-review.pod.json').request;
/** Its pod, defaulted and admitted. */
export const pod: KubeObject = review.object;
/** What the API server knew of that request. */
export const attributes: AdmissionAttributes = {
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  namespace: 'hooks',
  name: 'p1',
  operation: 'CREATE',
  userInfo: review.userInfo,
  dryRun: false,
  options: review.options,
};

/** Rules that the request matches. */
export const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: '*' }];
/** A webhook whose URL ends in the first part of its name. */
export const webhook = (name: string, more: object = {}) => ({
  name,
  clientConfig: { url: `https://127.0.0.1:35213/${name.split('.')[0]}` },
  rules,
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});
/** A configuration of these webhooks. */
export const configuration = (kind: 'Mutating' | 'Validating', name: string, ...webhooks: object[]): KubeObject => ({
  kind: `${kind}WebhookConfiguration`,
  apiVersion: 'admissionregistration.k8s.io/v1',
  metadata: { name },
  webhooks,
});
/** A configuration named `one` of one mutating webhook. */
export const mutating = (more: object = {}): KubeObject => configuration('Mutating', 'one', webhook('one.podrole.local', more));

/** What a fake webhook answers: a response's members, a raw body, an HTTP failure, or no connection. */
export type Reply =
  | Readonly<Record<string, unknown>>
  | string
  | { readonly http: number; readonly body: string }
  | { readonly failed: string };

/** A webhook of replies: a response's members, a raw body, an HTTP failure or a failed connection, by the path called. */
export function hooks(replies: Readonly<Record<string, (request: typeof review) => Reply>>): {
  readonly call: CallWebhook;
  readonly calls: WebhookCall[];
  readonly paths: () => string[];
} {
  const calls: WebhookCall[] = [];
  const pathOf = (call: WebhookCall) => new URL(call.clientConfig.url ?? 'https://none/').pathname.slice(1);
  return {
    calls,
    paths: () => calls.map(pathOf),
    call: async (call) => {
      calls.push(call);
      const { request } = JSON.parse(call.body);
      const reply = replies[pathOf(call)]?.(request) ?? {};
      if (typeof reply === 'string') return { kind: 'answered', status: 200, contentType: 'application/json', body: reply };
      if ('http' in reply) return { kind: 'answered', status: reply.http as number, contentType: 'text/plain', body: reply.body as string };
      if ('failed' in reply) return { kind: 'failed', reason: reply.failed as string };
      const response = { uid: request.uid, allowed: true, ...reply };
      return {
        kind: 'answered',
        status: 200,
        contentType: 'application/json',
        body: JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response }),
      };
    },
  };
}

/** The members of a response that carry a JSON patch. */
export const patchOf = (...operations: object[]) => ({ patchType: 'JSONPatch', patch: btoa(JSON.stringify(operations)) });
/** A webhook that adds an annotation once. */
export const annotate = (name: string) => (request: typeof review) => {
  const { annotations } = request.object.metadata;
  if (annotations?.[name] !== undefined) return {};
  return annotations === undefined
    ? patchOf({ op: 'add', path: '/metadata/annotations', value: { [name]: 'x' } })
    : patchOf({ op: 'add', path: `/metadata/annotations/${name}`, value: 'x' });
};

let ids = 0;
/** One phase with the recorded request, unless told otherwise. */
export const run = (options: Partial<Admission> & Pick<Admission, 'configurations' | 'call'>): Promise<AdmissionOutcome> =>
  admit(
    { attributes, object: pod, oldObject: undefined, namespaceLabels: {}, newId: () => `id-${++ids}`, ...options },
    new AbortController().signal,
  );
/** The same past one mutating webhook that answers `reply`. */
export const runOne = async (reply: Reply, more: object = {}, options: Partial<Admission> = {}) =>
  run({ configurations: [mutating(more)], call: hooks({ one: () => reply }).call, ...options });
/** The Status of a refusal. */
export const refusalOf = (outcome: AdmissionOutcome) => (outcome.ok ? 'admitted' : outcome.status);
