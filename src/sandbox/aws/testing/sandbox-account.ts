import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../base/clock.ts';
import type { JsonObject } from '../../../base/json.ts';
import { silentLog } from '../../../base/log.ts';
import { signToken } from '../../../oidc/sign-token.ts';
import { importSigningKey, type SigningKey } from '../../../oidc/signing-key.ts';
import { type AwsOptions, createAws, type SandboxAws } from '../create-aws.ts';
import type { FetchedKeys } from '../world.ts';

export const ACCOUNT = '111122223333';
export const REGION = 'us-west-2';
export const ISSUER = 'https://oidc.eks.us-west-2.podrole.test/id/A1';
export const PROVIDER_ARN = `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.eks.us-west-2.podrole.test/id/A1`;
export const ADMIN = { accessKeyId: 'test', secretAccessKey: 'secret-of-test' };
export const SUBJECT = 'system:serviceaccount:user-a:default-editor';
export const START = Date.parse('2026-03-01T12:00:00Z');

/** Wall time that stands still until a test moves it. */
export interface TestClock extends Clock {
  advance(ms: number): void;
}

export function testClock(start = START): TestClock {
  let at = start;
  return {
    now: () => new Date(at),
    monotonic: () => at,
    after: () => ({ cancel: () => undefined }),
    advance: (ms) => {
      at += ms;
    },
  };
}

/** Ids that differ, in a fixed order. */
export function countingIds(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`;
  };
}

/** An account with an issuer whose keys the test holds. */
export interface TestAccount {
  readonly aws: SandboxAws;
  readonly clock: TestClock;
  readonly key: SigningKey;
  /** A token of the default subject and audience that is good now, with `claims` laid over it; an undefined claim is left out. */
  token(claims?: Readonly<Record<string, unknown>>): Promise<string>;
  /** What the issuer answers from now on. */
  keysAre(answer: FetchedKeys): void;
}

/** One RSA key per test file: making one takes a while. */
const sharedKey: Promise<SigningKey> = importSigningKey(
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey,
);

export async function testAccount(options: Partial<AwsOptions> & { readonly clock?: TestClock } = {}): Promise<TestAccount> {
  const key = await sharedKey;
  const clock = options.clock ?? testClock();
  let answer: FetchedKeys = { ok: true, keys: [key.publicJwk] };
  const aws = createAws({
    account: ACCOUNT,
    region: REGION,
    newId: countingIds(),
    log: silentLog,
    adminKeys: [ADMIN],
    issuerKeys: {
      fetchKeys: async (issuer) => (issuer === ISSUER ? answer : { ok: false, reason: 'unmapped', message: `no address for ${issuer}` }),
    },
    ...options,
    clock,
  });
  return {
    aws,
    clock,
    key,
    keysAre: (next) => {
      answer = next;
    },
    token: (claims = {}) => {
      const now = Math.floor(clock.now().getTime() / 1000);
      const all = { iss: ISSUER, sub: SUBJECT, aud: ['sts.amazonaws.com'], iat: now - 10, nbf: now - 10, exp: now + 3590, ...claims };
      return signToken({ key, claims: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as JsonObject });
    },
  };
}

/** A loopback server in front of an account. */
export interface Listening {
  readonly endpoint: string;
  close(): Promise<void>;
}

async function answer(aws: SandboxAws, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = new Headers();
  for (let index = 0; index < incoming.rawHeaders.length; index += 2)
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '');
  const method = incoming.method ?? 'GET';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method,
    headers,
    ...(hasBody ? { body: Buffer.concat(chunks) } : {}),
  });
  const response = await aws.handle(request);
  const body = Buffer.from(await response.arrayBuffer());
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(body);
}

/** Serves an account on a free port of 127.0.0.1; an answer that breaks off resets the connection. */
export async function listen(aws: SandboxAws): Promise<Listening> {
  const server: Server = createServer((incoming, outgoing) => {
    answer(aws, incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** A trust policy that lets `subject` in. */
export function trustOf(subject: string | readonly string[] = SUBJECT): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: PROVIDER_ARN },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            'oidc.eks.us-west-2.podrole.test/id/A1:sub': subject,
            'oidc.eks.us-west-2.podrole.test/id/A1:aud': 'sts.amazonaws.com',
          },
        },
      },
    ],
  });
}
