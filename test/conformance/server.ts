import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { Clock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { importSigningKey } from '../../src/oidc/signing-key.ts';
import type { CallWebhook } from '../../src/sandbox/kube-api/admission/webhook-call.ts';
import { createKubeApi, type KubeApi } from '../../src/sandbox/kube-api/create-kube-api.ts';
import type { StoreSnapshot } from '../../src/sandbox/kube-api/store/store.ts';

/** A request as the samples index writes it, with what it does not say. */
export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  /** Sent as it stands. */
  readonly text?: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly userAgent?: string;
  /** `null`: no credentials. */
  readonly token?: string | null;
  readonly signal?: AbortSignal;
}

/** A server of its own for one test file, and a client of it without a socket. */
export interface World {
  readonly api: KubeApi;
  ask(asked: Asked): Promise<Response>;
  /** Asks and fails unless the answer is a success. */
  make(path: string, body: unknown): Promise<unknown>;
  /** Resolves when `path` answers `code`, which controllers bring about in their own time. */
  until(path: string, code: number): Promise<void>;
}

const ORIGIN = 'https://127.0.0.1:6443';

export interface WorldOptions {
  readonly historyLimit?: number;
  readonly clock?: Clock;
  /** What the server starts with. */
  readonly snapshot?: StoreSnapshot;
  /** Webhooks are called by this in place of HTTPS. */
  readonly callWebhook?: CallWebhook;
}

/** A server with its controllers running. With a clock of its own, controllers run when that is advanced. */
export async function startWorld({ snapshot, ...options }: WorldOptions = {}): Promise<World> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const api = createKubeApi({
    clock: systemClock({ unref: true }),
    newId: randomUUID,
    log: silentLog,
    serverUrl: () => ORIGIN,
    issuer: 'https://oidc.podrole.local/id/test',
    signingKey: await importSigningKey(privateKey),
    users: new Map([['admin-token', { username: 'admin', uid: 'admin', groups: ['system:masters'] }]]),
    caPem: 'the CA\n',
    ...options,
  });
  if (snapshot) api.restore(snapshot);
  api.start();

  const ask = ({
    method = 'GET',
    path,
    body,
    text,
    contentType = 'application/json',
    accept,
    userAgent = 'podrole',
    token = 'admin-token',
    signal,
  }: Asked): Promise<Response> => {
    const payload = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const headers = new Headers({ 'user-agent': userAgent });
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    if (accept !== undefined) headers.set('accept', accept);
    if (payload !== undefined) headers.set('content-type', contentType);
    return api.handle(
      new Request(`${ORIGIN}${path}`, {
        method,
        headers,
        ...(payload === undefined ? {} : { body: payload }),
        ...(signal ? { signal } : {}),
      }),
    );
  };
  return {
    api,
    ask,
    make: async (path, body) => {
      const response = await ask({ method: 'POST', path, body });
      const text = await response.text();
      if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
      return JSON.parse(text);
    },
    until: async (path, code) => {
      for (;;) {
        const response = await ask({ path });
        await response.body?.cancel();
        if (response.status === code) return;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  };
}
