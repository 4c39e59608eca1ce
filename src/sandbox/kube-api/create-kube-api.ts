import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { SigningKey } from '../../oidc/signing-key.ts';
import { type HttpsCallOptions, httpsCall } from './admission/https-call.ts';
import type { CallWebhook } from './admission/webhook-call.ts';
import type { StaticUsers } from './authn/authenticate.ts';
import { requestToken } from './authn/service-account-tokens.ts';
import type { ApiContext } from './context.ts';
import { ControllerRunner } from './controllers/controller.ts';
import { definitionsController } from './controllers/definitions.ts';
import { eventExpiry } from './controllers/event-expiry.ts';
import { garbageCollector } from './controllers/garbage-collector.ts';
import { namespaceContentController, namespaceDeletionController } from './controllers/namespaces.ts';
import { seedNamespaces } from './controllers/seed.ts';
import { Registry } from './resources/registry.ts';
import { closing, handle, type Server } from './routes/handle.ts';
import { Store, type StoreSnapshot } from './store/store.ts';
import { chainOf } from './verbs/admission-chain.ts';
import { namespaceLifecycle } from './verbs/namespace-lifecycle.ts';
import { podAdmission } from './verbs/pod-admission.ts';
import { allowAccess, allRules, whoAmI } from './verbs/reviews.ts';
import { webhookAdmission } from './verbs/webhook-admission.ts';

export interface KubeApiOptions {
  readonly clock: Clock;
  /** A new UUID. */
  readonly newId: () => string;
  readonly log: Log;
  /** The address that discovery names; default `https://127.0.0.1`. */
  readonly serverUrl?: () => string;
  /** `iss` of the service account tokens. */
  readonly issuer: string;
  readonly signingKey: SigningKey;
  /** Audiences by which the API itself is meant; default `https://kubernetes.default.svc`. */
  readonly apiAudiences?: readonly string[];
  /** Users with a fixed token. Whoever is authenticated may do everything. */
  readonly users: StaticUsers;
  /** The CA that clients verify this server with, published as `kube-root-ca.crt` in every namespace. */
  readonly caPem: string;
  /** What `/version` says; default `v1.36.3`. */
  readonly version?: string;
  /** Where `clientConfig.service` of a webhook is served; default nowhere, so that only URLs can be called. */
  readonly resolveService?: HttpsCallOptions['resolveService'];
  /** Calls admission webhooks; default over HTTPS. */
  readonly callWebhook?: CallWebhook;
  /** How many writes a watch can go back; default 10,000. */
  readonly historyLimit?: number;
}

/** A small Kubernetes API server without a socket of its own. */
export interface KubeApi {
  /** Answers one request; a watch is a streaming body. Never rejects. */
  handle(request: Request): Promise<Response>;
  /** Starts the controllers: default service accounts, namespace deletion, garbage collection, CustomResourceDefinitions. */
  start(): void;
  /** Ends all watches and stops the controllers. */
  close(): Promise<void>;
  /** All objects as JSON, to be kept between starts. */
  snapshot(): StoreSnapshot;
  /** Takes the place of all objects; watches and lists of older revisions are answered 410. To be called before `start`. */
  restore(snapshot: StoreSnapshot): void;
  /** What is stored, for tests and for the processes beside it; writes go through `handle`. */
  readonly store: Store;
}

/**
 * Makes an API server that keeps its objects in memory. It authenticates but does not authorise: every authenticated user may do everything,
 * and RBAC, quota, scheduling and conversion between versions are left to a real cluster.
 */
export function createKubeApi(options: KubeApiOptions): KubeApi {
  const context: ApiContext = {
    store: new Store(options.historyLimit === undefined ? {} : { historyLimit: options.historyLimit }),
    registry: new Registry(),
    clock: options.clock,
    newId: options.newId,
    log: options.log,
    serverUrl: options.serverUrl ?? ((): string => 'https://127.0.0.1'),
    issuer: options.issuer,
    signingKey: options.signingKey,
    apiAudiences: options.apiAudiences ?? ['https://kubernetes.default.svc'],
    version: options.version ?? 'v1.36.3',
  };
  const watches = new Set<() => void>();
  const webhooks = httpsCall({ resolveService: options.resolveService ?? ((): undefined => undefined) });
  const server: Server = { context, users: options.users, services: services(watches, options.callWebhook ?? webhooks.call) };
  const runner = new ControllerRunner(context, [
    definitionsController(context),
    namespaceContentController(context, options.caPem),
    namespaceDeletionController(context),
    garbageCollector(context),
  ]);
  const expiry = eventExpiry(context);
  seedNamespaces(context);
  let closed = false;
  return {
    handle: async (request) => (closed ? closing() : handle(server, request)),
    start: () => {
      runner.start();
      expiry.start();
    },
    close: async () => {
      closed = true;
      for (const end of [...watches]) end();
      webhooks.close();
      expiry.stop();
      await runner.stop();
    },
    snapshot: () => context.store.snapshot(),
    restore: (snapshot) => context.store.restore(snapshot),
    store: context.store,
  };
}

function services(watches: Set<() => void>, call: CallWebhook): Server['services'] {
  return {
    admit: chainOf([namespaceLifecycle, podAdmission, webhookAdmission('mutating', call), webhookAdmission('validating', call)]),
    watches,
    issueToken: requestToken,
    reviewers: new Map([
      ['subjectaccessreviews.authorization.k8s.io', allowAccess],
      ['localsubjectaccessreviews.authorization.k8s.io', allowAccess],
      ['selfsubjectaccessreviews.authorization.k8s.io', allowAccess],
      ['selfsubjectrulesreviews.authorization.k8s.io', allRules],
      ['selfsubjectreviews.authentication.k8s.io', whoAmI],
    ]),
  };
}
