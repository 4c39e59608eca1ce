import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import { resources } from '../../src/kube/core/resource.ts';
import type { World } from '../support/worlds/world.ts';

/** A place where the two worlds answer differently, and why that is left so. */
export interface Difference {
  readonly subject: string;
  readonly reason: string;
  /** What a world answers, in one line; nothing in it may change between runs. */
  look(at: Place): Promise<string>;
}

export interface Place {
  readonly world: World;
  readonly kube: KubeClient;
  /** A namespace of its own, with its default service account. */
  readonly namespace: string;
  /** A request as it stands; answers status, media type and body. */
  ask(path: string, request?: Asked): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  /** Its media type. */
  readonly type: string;
  /** Its `Warning` headers, joined. */
  readonly warning: string;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the administrator's. */
  readonly token?: string;
}

const AUTHORISATION =
  'whoever is authenticated may do everything: access rights are the real cluster’s to judge, and only there a test of them means anything';
const SCOPE = 'nothing of podrole’s needs it, and the sandbox stays small';

const asStatus = ({ status, text }: { readonly status: number; readonly text: string }): string => {
  const { reason, kind } = text.startsWith('{') ? (JSON.parse(text) as { readonly reason?: string; readonly kind?: string }) : {};
  return kind === 'Status' && reason !== undefined ? `${status} ${reason}` : String(status);
};

export const DIFFERENCES: readonly Difference[] = [
  {
    subject: 'a service account without any role lists the secrets of its namespace',
    reason: AUTHORISATION,
    look: async ({ kube, namespace, ask }) => {
      const { token } = await kube.createToken({ namespace, name: 'default' }, { audiences: [] });
      return asStatus(await ask(`/api/v1/namespaces/${namespace}/secrets`, { token }));
    },
  },
  {
    subject: 'a SubjectAccessReview of somebody without rights',
    reason: AUTHORISATION,
    look: async ({ namespace, ask }) => {
      const { text } = await ask('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        method: 'POST',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: { user: 'nobody', resourceAttributes: { namespace, verb: 'delete', resource: 'pods' } },
        },
      });
      return `allowed: ${String((JSON.parse(text) as { readonly status: { readonly allowed: boolean } }).status.allowed)}`;
    },
  },
  {
    subject: 'an administrator impersonates another user',
    reason: 'impersonation is a matter of access rights, which the sandbox does not judge: the header changes nothing',
    look: async ({ ask }) => {
      const answer = await ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        method: 'POST',
        headers: { 'impersonate-user': 'somebody' },
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      });
      const { status } = JSON.parse(answer.text) as { readonly status?: { readonly userInfo?: { readonly username: string } } };
      return status?.userInfo?.username === 'somebody' ? 'is that user' : `stays who it was (${answer.status})`;
    },
  },
  {
    subject: 'a ConfigMap beyond the namespace’s ResourceQuota',
    reason: 'quota is counted by a controller of the real one; the sandbox stores the object and does not count',
    look: async ({ kube, namespace, ask }) => {
      const path = `/api/v1/namespaces/${namespace}`;
      const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' }, spec: { hard: { 'count/configmaps': '1' } } };
      await ask(`${path}/resourcequotas`, { method: 'POST', body: quota });
      for (let tries = 0; tries < 100; tries++) {
        const { status } = await kube.get<{ metadata: object; status?: { readonly hard?: object } }>(resources.resourceQuotas, {
          namespace,
          name: 'few',
        });
        if (status?.hard !== undefined) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one-too-many' } };
      const answer = await ask(`${path}/configmaps`, { method: 'POST', body: map });
      await ask(`${path}/resourcequotas/few`, { method: 'DELETE' });
      return asStatus(answer);
    },
  },
  {
    subject: 'a token of a pod, reviewed right after the pod was deleted',
    reason: 'the real one remembers its verdicts for ten seconds; the sandbox asks its store each time, so that tests need not wait',
    look: async ({ kube, namespace, ask }) => {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'short' },
        spec: { containers: [{ name: 'main', image: 'example.test/none:1' }] },
      };
      const { metadata } = JSON.parse((await ask(path, { method: 'POST', body: pod })).text) as {
        readonly metadata: { readonly uid: string };
      };
      const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'short', uid: metadata.uid };
      const { token } = await kube.createToken({ namespace, name: 'default' }, { audiences: [], boundObjectRef });
      const review = async (): Promise<boolean> => {
        const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
        const { text } = await ask('/apis/authentication.k8s.io/v1/tokenreviews', { method: 'POST', body });
        return (JSON.parse(text) as { readonly status: { readonly authenticated?: boolean } }).status.authenticated === true;
      };
      const before = await review();
      await ask(`${path}/short`, { method: 'DELETE', body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 } });
      return `authenticated: ${String(before)}, then ${String(await review())}`;
    },
  },
  {
    subject: 'a custom resource read in a version that a conversion webhook (which is down) would have to make',
    reason: 'conversion between versions is left to the real one: the sandbox serves every version of a definition as it is stored',
    look: async ({ namespace, ask }) => {
      const group = `${namespace}.podrole.dev`;
      const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
      const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
      const made = await ask(definitions, {
        method: 'POST',
        body: {
          apiVersion: 'apiextensions.k8s.io/v1',
          kind: 'CustomResourceDefinition',
          metadata: { name: `things.${group}` },
          spec: {
            group,
            scope: 'Cluster',
            names: { plural: 'things', kind: 'Thing' },
            versions: [
              { name: 'v1', served: true, storage: true, schema },
              { name: 'v2', served: true, storage: false, schema },
            ],
            conversion: {
              strategy: 'Webhook',
              webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://127.0.0.1:1/convert' } },
            },
          },
        },
      });
      if (made.status !== 201) throw new Error(made.text);
      while ((await ask(`/apis/${group}/v1/things`)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
      await ask(`/apis/${group}/v1/things`, {
        method: 'POST',
        body: { apiVersion: `${group}/v1`, kind: 'Thing', metadata: { name: 'one' } },
      });
      const answer = await ask(`/apis/${group}/v2/things/one`);
      await ask(`${definitions}/things.${group}`, { method: 'DELETE' });
      return asStatus(answer);
    },
  },
  {
    subject: 'an answer in protobuf, where the client takes JSON too',
    reason: 'bodies in protobuf are read, as client-go sends them, and answered in JSON, which every client takes',
    look: async ({ ask }) =>
      (await ask('/api/v1/namespaces', { headers: { accept: 'application/vnd.kubernetes.protobuf, application/json' } })).type,
  },
  {
    subject: 'an answer in protobuf alone',
    reason: 'as above',
    look: async ({ ask }) => asStatus(await ask('/api/v1/namespaces', { headers: { accept: 'application/vnd.kubernetes.protobuf' } })),
  },
  {
    subject: 'pods of a Deployment, within two seconds',
    reason: `a Deployment is stored, and no controller works on it; ${SCOPE}. Pods are created one by one and run by the kubelet of podrole`,
    look: async ({ kube, namespace, ask }) => {
      const labels = { app: 'made' };
      const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example.test/none:1' }] } };
      const spec = { replicas: 1, selector: { matchLabels: labels }, template };
      const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'made' }, spec };
      const made = await ask(`/apis/apps/v1/namespaces/${namespace}/deployments`, { method: 'POST', body });
      for (let tries = 0; tries < 100; tries++) {
        const { items } = await kube.list(resources.pods, { namespace, labelSelector: 'app=made' });
        if (items.length > 0) return `${made.status}, ${items.length} pod`;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return `${made.status}, none`;
    },
  },
  {
    subject: 'the eviction of a pod that a disruption budget covers',
    reason: 'budgets are stored; what they allow is counted by a controller, and of those the sandbox runs only what it needs itself',
    look: async ({ namespace, ask }) => {
      const labels = { app: 'covered' };
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const containers = [{ name: 'main', image: 'example.test/none:1' }];
      await ask(pods, { method: 'POST', body: { metadata: { name: 'covered', labels }, spec: { nodeName: 'none', containers } } });
      await ask(`${pods}/covered/status`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
      });
      const budget = { metadata: { name: 'covered' }, spec: { minAvailable: 1, selector: { matchLabels: labels } } };
      await ask(`/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`, { method: 'POST', body: budget });
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'covered' } };
      return asStatus(await ask(`${pods}/covered/eviction`, { method: 'POST', body }));
    },
  },
  {
    subject: 'Jobs (`/apis/batch/v1`)',
    reason: SCOPE,
    look: async ({ ask }) => String((await ask('/apis/batch/v1')).status),
  },
  {
    subject: 'admission policies in CEL (`validatingadmissionpolicies`)',
    reason: `${SCOPE}; webhooks and their match conditions are served`,
    look: async ({ ask }) => asStatus(await ask('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies')),
  },
  {
    subject: 'logs of a pod (`pods/NAME/log`)',
    reason: 'what a pod of the sandbox wrote stays with the kubelet that ran it; there is no node to ask for it',
    look: async ({ namespace, ask }) => {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'mute' },
        spec: { containers: [{ name: 'main', image: 'example.test/none:1' }] },
      };
      await ask(path, { method: 'POST', body: pod });
      return asStatus(await ask(`${path}/mute/log`));
    },
  },
  {
    subject: 'the server’s own metrics (`/metrics`)',
    reason: SCOPE,
    look: async ({ ask }) => String((await ask('/metrics')).status),
  },
  {
    subject: 'defaults in the pod template of a Deployment',
    reason: 'as for its pods: what nobody runs needs no defaults',
    look: async ({ namespace, ask }) => {
      const labels = { app: 'defaulted' };
      const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example.test/none:1' }] } };
      const body = { metadata: { name: 'defaulted' }, spec: { replicas: 0, selector: { matchLabels: labels }, template } };
      const { text } = await ask(`/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`, { method: 'POST', body });
      return text.includes('"imagePullPolicy"') ? 'filled in' : 'left out';
    },
  },
  {
    subject: 'a refusal, asked for in YAML',
    reason: 'objects are answered in YAML too; a Status always in JSON, which every client of it reads',
    look: async ({ namespace, ask }) =>
      (await ask(`/api/v1/namespaces/${namespace}/configmaps/none`, { headers: { accept: 'application/yaml' } })).type,
  },
  {
    subject: 'an Accept header that prefers its second clause by `q`',
    reason: 'the first clause that can be answered is taken; no client of Kubernetes weighs its clauses',
    look: async ({ namespace, ask }) => {
      const accept = 'application/json;q=0.1, application/yaml;q=0.9';
      return (await ask(`/api/v1/namespaces/${namespace}/serviceaccounts/default`, { headers: { accept } })).type;
    },
  },
  {
    subject: 'watching by the paths of old (`/api/v1/watch/…`)',
    reason: 'deprecated since Kubernetes 1.11 for `?watch=1`, which is served',
    look: async ({ ask }) => String((await ask('/api/v1/watch/namespaces?timeoutSeconds=1')).status),
  },
  {
    subject: 'a POST to a path of discovery (`/apis`)',
    reason: 'discovery is for reading: any other method is 405, as on most of these paths of the real one',
    look: async ({ ask }) => String((await ask('/apis', { method: 'POST', body: {} })).status),
  },
  {
    subject: 'checks that `/readyz?verbose` names',
    reason: 'one process without a data store of its own has nothing more to check',
    look: async ({ ask }) => {
      const checks = (await ask('/readyz?verbose')).text.split('\n').filter((line) => line.startsWith('[+]'));
      return checks.length === 1 ? '`ping`' : '`ping` and many more';
    },
  },
  {
    subject: 'what the columns of a table are described by (`kubectl explain` has the fields)',
    reason: 'names, types and cells are the same; the descriptions, which kubectl does not print, are in other words',
    look: async ({ namespace, ask }) => {
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
      const { text } = await ask(`/api/v1/namespaces/${namespace}/secrets`, { headers: { accept } });
      const { columnDefinitions } = JSON.parse(text) as {
        readonly columnDefinitions: readonly { readonly name: string; readonly description: string }[];
      };
      return (
        columnDefinitions
          .find(({ name }) => name === 'Type')
          ?.description.split(' ')
          .slice(0, 5)
          .join(' ') ?? ''
      );
    },
  },
  {
    subject: 'a warning that core Endpoints are deprecated',
    reason: SCOPE,
    look: async ({ namespace, ask }) =>
      (await ask(`/api/v1/namespaces/${namespace}/endpoints`)).warning.includes('deprecated') ? 'sent' : 'none',
  },
  {
    subject: 'how a strategic merge patch that cannot be read is shown',
    reason: 'status and reason are the same; the real one prints a Go map, the sandbox the patched object in JSON',
    look: async ({ namespace, ask }) => {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
      const headers = { 'content-type': 'application/strategic-merge-patch+json' };
      const answer = await ask(path, { method: 'PATCH', body: { secrets: 'none' }, headers });
      const { message = '' } = JSON.parse(answer.text) as { readonly message?: string };
      return `${answer.status}, ${message.includes('map[') ? 'a Go map' : 'JSON'}`;
    },
  },
  {
    subject: 'the cluster roles that come with a cluster (`view`, `edit`, `admin`)',
    reason: 'access rights are not judged here: a binding may name any role, there or not',
    look: async ({ ask }) => asStatus(await ask('/apis/rbac.authorization.k8s.io/v1/clusterroles/view')),
  },
  {
    subject: 'what `kubectl explain` says of a field of a built-in kind',
    reason: 'names, types and merge keys are there for kubectl to work with; the words are those of the Kubernetes reference',
    look: async ({ ask }) => {
      const schema = /"io.k8s.api.apps.v1.Deployment":\{"(\w+)"/.exec((await ask('/openapi/v3/apis/apps/v1')).text);
      return schema?.[1] === 'description' ? 'its description' : 'its name and type';
    },
  },
  {
    subject: 'API groups',
    reason: `the groups that podrole, kubectl and controllers of Profiles use are served; ${SCOPE}`,
    look: async ({ ask }) => {
      const { groups } = JSON.parse((await ask('/apis')).text) as { readonly groups: readonly { readonly name: string }[] };
      const built = groups.map(({ name }) => name).filter((name) => !name.endsWith('podrole.dev') && name !== 'kubeflow.org');
      return built.sort().join(', ');
    },
  },
];
