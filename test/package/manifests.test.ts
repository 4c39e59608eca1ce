import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { httpsFetch } from '../../src/kube/client/https-fetch.ts';
import { root } from '../support/run-podrole.ts';
import { cachedKubectl } from '../support/worlds/control-plane.ts';
import { openSandboxWorld } from '../support/worlds/world.ts';
import { check, checklist } from './manifest-checklist.ts';
import { documentsOf, type Manifest, shippedManifests } from './manifests.ts';

/** The sandbox stores what podrole works with; these it does not. */
const UNKNOWN_TO_SANDBOX = ['NetworkPolicy', 'PodDisruptionBudget'];

const manifests = await shippedManifests();
const kubectl = await cachedKubectl();

/** What kubectl makes of a folder. */
async function rendered(folder: string): Promise<readonly Manifest[]> {
  if ('skipped' in kubectl) return [];
  const { stdout } = await promisify(execFile)(kubectl.program, ['kustomize', join(root, folder)], { maxBuffer: 1 << 24 });
  return documentsOf(stdout);
}

/** Changes the text of one manifest; a seed that changes nothing is none. */
function seeded(kind: string, name: string, change: (text: string) => string): readonly Manifest[] {
  return manifests.map((manifest) => {
    if (manifest.kind !== kind || manifest.metadata.name !== name) return manifest;
    const before = JSON.stringify(manifest);
    const after = change(before);
    if (after === before) throw new Error(`the seed does not change ${kind} ${name}`);
    return JSON.parse(after) as Manifest;
  });
}
const replaced = (from: string, to: string) => (text: string) => text.replaceAll(from, to);
const without = (kind: string): readonly Manifest[] => manifests.filter((manifest) => manifest.kind !== kind);
const role = (change: (text: string) => string): readonly Manifest[] => seeded('ClusterRole', 'podrole-controller', change);
const controller = (from: string, to: string): readonly Manifest[] => seeded('Deployment', 'podrole-controller', replaced(from, to));
const mutating = (from: string, to: string): readonly Manifest[] =>
  seeded('MutatingWebhookConfiguration', 'pod-identity-webhook', replaced(from, to));

/** For each rule a manifest that it must find. */
const SEEDS: Readonly<Record<string, readonly Manifest[]>> = {
  'no wildcard in a role': role(replaced('"patch","delete"', '"*"')),
  'no verb that grows a grant': role(replaced('"bind"', '"bind","escalate"')),
  'nothing with secrets, pods or tokens in all of the cluster': role(replaced('"resourcequotas"', '"pods"')),
  'powerful objects are named': role(replaced('"resourceNames":["kubeflow-admin","kubeflow-edit","kubeflow-view"],', '')),
  'nothing in a role beyond resources': role(replaced('"resources":["profiles"]', '"nonResourceURLs":["/metrics"]')),
  'a binding is to a role of ours': seeded(
    'ClusterRoleBinding',
    'podrole-controller',
    replaced('"name":"podrole-controller"}', '"name":"cluster-admin"}'),
  ),
  'a binding is for an account of ours': seeded(
    'ClusterRoleBinding',
    'podrole-controller',
    replaced('"namespace":"kubeflow"', '"namespace":"default"'),
  ),
  'service accounts mount no token by themselves': seeded(
    'ServiceAccount',
    'pod-identity-webhook',
    replaced('Token":false', 'Token":true'),
  ),
  'not as root': controller('"runAsUser":65532', '"runAsUser":0'),
  'seccomp as the runtime has it': controller('RuntimeDefault', 'Unconfined'),
  'no privilege escalation': controller('"allowPrivilegeEscalation":false', '"allowPrivilegeEscalation":true'),
  'a read-only root': controller('"readOnlyRootFilesystem":true', '"readOnlyRootFilesystem":false'),
  'no capabilities': controller('"drop":["ALL"]', '"drop":["NET_RAW"]'),
  'nothing of the host': controller('"emptyDir":{"sizeLimit":"16Mi"}', '"hostPath":{"path":"/"}'),
  'memory is limited, CPU is not': controller('"limits":{"memory"', '"limits":{"cpu":"1","memory"'),
  probes: controller('"livenessProbe"', '"startupProbe"'),
  'Node is hardened': controller('--disable-proto=delete', '--inspect'),
  'an account of its own': controller('"serviceAccountName":"profiles-controller-service-account"', '"serviceAccountName":"default"'),
  'critical to the cluster': controller('system-cluster-critical', 'low'),
  'spread over zones and hosts': controller('kubernetes.io/hostname', 'rack'),
  'two replicas, never less while it rolls out': controller('"maxUnavailable":0', '"maxUnavailable":1'),
  'a disruption budget': without('PodDisruptionBudget'),
  'a network policy': without('NetworkPolicy'),
  'our own namespace is restricted': seeded('Namespace', 'podrole', replaced('restricted', 'privileged')),
  'a webhook without side effects that answers within five seconds': mutating('"timeoutSeconds":5', '"timeoutSeconds":10'),
  'a webhook asks for what it judges alone': mutating('"operations":["CREATE"]', '"operations":["*"]'),
  'a webhook that fails closed is asked to': mutating('"operator":"In"', '"operator":"Exists"'),
  'a webhook for pods leaves its own namespace and kube-system alone': mutating('"kube-system","podrole"', '"podrole"'),
};

describe('the manifests', () => {
  it('keep to the checklist', () => {
    expect(check(manifests)).toEqual([]);
  });

  it('give the controller a role, the Service, the configuration and the certificate that its flags name', () => {
    const named = (kind: string, name: string): Manifest | undefined =>
      manifests.find((one) => one.kind === kind && one.metadata.name === name);
    const service = named('Service', 'podrole-profile-webhook')?.spec;
    expect(JSON.stringify(named('ValidatingWebhookConfiguration', 'podrole-profiles')?.webhooks)).toContain(
      '"name":"podrole-profile-webhook"',
    );
    expect(service).toMatchObject({ ports: [{ port: 443, targetPort: 'https' }] });
    expect(JSON.stringify(named('Deployment', 'podrole-controller'))).toContain('{"name":"https","containerPort":9443}');
    expect(JSON.stringify(named('Deployment', 'podrole-controller'))).toContain('--webhook-port=9443');
  });

  it('name no field that the sandbox’s API server does not know, where it knows the kind', async () => {
    const world = await openSandboxWorld();
    const fetch = httpsFetch(world.credentials.tls);
    const apply = async (manifest: Manifest): Promise<string> => {
      const { apiVersion, kind, metadata } = manifest;
      const api = apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`;
      const place = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
      const path = `${api}${place}/${kind.toLowerCase()}s/${metadata.name}?fieldManager=test&fieldValidation=Strict`;
      const token = await world.credentials.token?.({ fresh: false });
      const headers = { 'content-type': 'application/apply-patch+yaml', authorization: `Bearer ${token}` };
      const request = new Request(`${world.credentials.server}/${path}`, { method: 'PATCH', headers, body: JSON.stringify(manifest) });
      const response = await fetch(request);
      return response.ok ? '' : `${kind} ${metadata.name}: ${await response.text()}`;
    };
    const kubeflow: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kubeflow' } };
    const known = manifests.filter(({ kind }) => !UNKNOWN_TO_SANDBOX.includes(kind));
    const refusals: string[] = [];
    // Namespaces before what is in them.
    for (const manifest of [kubeflow, ...known].sort((a, b) => Number(b.kind === 'Namespace') - Number(a.kind === 'Namespace')))
      refusals.push(await apply(manifest));
    expect(refusals.filter((text) => text !== '')).toEqual([]);
    const misspelt = seeded('Deployment', 'podrole-controller', replaced('"readOnlyRootFilesystem"', '"readOnlyRootFileSystem"'));
    const [bad] = misspelt.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'podrole-controller');
    expect(await apply(bad as Manifest)).toContain('readOnlyRootFileSystem');
    await world.close();
  });

  it.skipIf('skipped' in kubectl)('are rendered by kubectl as they are read here', async () => {
    const sorted = (all: readonly Manifest[]): readonly unknown[] =>
      [...all].sort((a, b) => (`${a.kind} ${a.metadata.name}` < `${b.kind} ${b.metadata.name}` ? -1 : 1));
    expect(sorted(await rendered('deploy'))).toEqual(sorted(manifests));
  });

  it.skipIf('skipped' in kubectl)('let the controller list pods in an overlay alone, which tells it to', async () => {
    const all = await rendered('deploy/overlays/report-pods');
    expect(check(all)).toEqual([
      { rule: 'nothing with secrets, pods or tokens in all of the cluster', at: 'ClusterRole podrole-controller-pods' },
    ]);
    expect(all.find(({ metadata }) => metadata.name === 'podrole-controller-pods')?.rules).toEqual([
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    ]);
    expect(JSON.stringify(all.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'podrole-controller'))).toContain(
      '"--report-pods"',
    );
  });
});

describe('the checklist', () => {
  it('has a bad manifest for each of its rules', () => {
    expect(Object.keys(SEEDS).sort()).toEqual(checklist.map((rule) => rule.name).sort());
  });

  it.each(Object.entries(SEEDS))('finds what breaks “%s”', (rule, bad) => {
    expect(check(bad).map((finding) => finding.rule)).toContain(rule);
  });
});
