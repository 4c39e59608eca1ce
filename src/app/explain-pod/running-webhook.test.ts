import { expect, it } from 'vitest';
import { KubeApiError, KubeTransportError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { runningWebhook } from './running-webhook.ts';

const configuration = (clientConfig: object): KubeObject => ({
  metadata: { name: 'pod-identity-webhook' },
  webhooks: [{ name: 'pod-identity-webhook.podrole.dev', clientConfig }],
});
const inService = configuration({ service: { namespace: 'eks', name: 'hook' } });
const labels = { app: 'hook' };
const owner = (name: string, podLabels: object, container: object): KubeObject => ({
  metadata: { name, namespace: 'eks' },
  spec: { template: { metadata: { labels: podLabels }, spec: { containers: [container] } } },
});

/** An API that has these objects by plural, or throws. */
function ask(objects: Readonly<Record<string, readonly KubeObject[] | Error>>): ReturnType<typeof runningWebhook> {
  const items = (plural: string): readonly KubeObject[] => {
    const found = objects[plural] ?? [];
    if (found instanceof Error) throw found;
    return found;
  };
  const client: Pick<KubeClient, 'list' | 'find'> = {
    list: async ({ plural }) => ({ metadata: {}, items: items(plural) as never }),
    find: async ({ plural }) => items(plural)[0] as never,
  };
  return runningWebhook(client as KubeClient, 'pod-identity-webhook', new AbortController().signal);
}
const service: KubeObject = { metadata: { name: 'hook' }, spec: { selector: labels } };
const forbidden = new KubeApiError(
  'GET /x',
  { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'services is forbidden' },
  403,
);

it.each([
  [
    'of the workload that the Service selects',
    [owner('other', { app: 'x' }, { args: ['--v=1'] }), owner('hook', labels, { args: ['--v=5'] })],
    ['--v=5'],
  ],
  [
    'behind the program and its words',
    [owner('hook', labels, { command: ['node', 'podrole.mjs', 'webhook'], args: ['--namespace', 'eks'] })],
    ['--namespace', 'eks'],
  ],
  ['in the command', [owner('hook', labels, { command: ['/webhook', '--in-cluster=false'] })], ['--in-cluster=false']],
  ['absent', [owner('hook', labels, {})], []],
])('finds the flags %s', async (_, deployments, args) => {
  expect(await ask({ mutatingwebhookconfigurations: [inService], services: [service], deployments })).toEqual({
    kind: 'found',
    webhook: { from: 'deployment eks/hook', args },
  });
});

it('finds none where the webhook runs outside, where nothing is behind its Service, and where none is registered', async () => {
  const outside = configuration({ url: 'https://127.0.0.1:23443/mutate' });
  expect(await ask({ mutatingwebhookconfigurations: [outside] })).toEqual({ kind: 'none' });
  expect(await ask({ mutatingwebhookconfigurations: [inService] })).toEqual({ kind: 'none' });
  expect(await ask({ mutatingwebhookconfigurations: [inService], services: [service] })).toEqual({ kind: 'none' });
  expect(await ask({})).toEqual({ kind: 'none' });
});

it('says what may not be read, and fails where nobody answers', async () => {
  const refused = await ask({ mutatingwebhookconfigurations: [inService], services: forbidden });
  expect(refused).toEqual({ kind: 'unread', because: 'GET /x: services is forbidden' });
  await expect(ask({ mutatingwebhookconfigurations: new KubeTransportError('GET /x', new Error('refused')) })).rejects.toThrow('no answer');
});
