import type { KubeClient } from '../../kube/client/kube-client.ts';
import { resources } from '../../kube/core/resource.ts';

/** Registers a webhook by URL, for a cluster on this machine. `caPem` signed its certificate. */
export async function registerWebhook(
  client: KubeClient,
  at: { readonly url: string; readonly caPem: string },
  signal?: AbortSignal,
): Promise<void> {
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'pod-identity-webhook' },
    webhooks: [
      {
        name: 'pod-identity-webhook.podrole.dev',
        clientConfig: { url: `${at.url}/mutate`, caBundle: Buffer.from(at.caPem).toString('base64') },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        admissionReviewVersions: ['v1', 'v1beta1'],
        sideEffects: 'None',
        matchPolicy: 'Equivalent',
        reinvocationPolicy: 'IfNeeded',
        failurePolicy: 'Ignore',
        timeoutSeconds: 5,
      },
    ],
  };
  await client.apply(resources.mutatingWebhookConfigurations, configuration, { fieldManager: 'podrole-webhook', force: true }, signal);
}
