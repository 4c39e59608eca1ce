import { createHash, createHmac, generateKeyPairSync } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Clock } from '../../../base/clock.ts';
import type { JsonObject } from '../../../base/json.ts';
import { silentLog } from '../../../base/log.ts';
import { listen as listenOn } from '../../../host/listen.ts';
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

/** Serves an account on a free port of 127.0.0.1, as the product does. */
export async function listen(aws: SandboxAws): Promise<Listening> {
  const listener = await listenOn({ handler: (request) => aws.handle(request), port: 0 });
  return { endpoint: listener.url, close: () => listener.close(0) };
}

/** A Query answer, as far as tests look at it. */
export interface QueryAnswer {
  readonly status: number;
  /** The wire's error code; undefined on success. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly text: string;
  readonly requestId: string | null;
}

const ENTITIES: Readonly<Record<string, string>> = { '&apos;': "'", '&quot;': '"', '&lt;': '<', '&gt;': '>', '&amp;': '&' };

/** The text of the first element of that name. */
export function element(text: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  return found?.replace(/&(apos|quot|lt|gt|amp);/g, (entity) => ENTITIES[entity] ?? entity);
}

/** Posts raw form text to an account, unsigned. */
export async function postForm(aws: SandboxAws, form: string): Promise<QueryAnswer> {
  const response = await aws.handle(
    new Request('http://127.0.0.1/', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: form,
    }),
  );
  const text = await response.text();
  return {
    status: response.status,
    code: element(text, 'Code'),
    message: element(text, 'Message'),
    text,
    requestId: response.headers.get('x-amzn-requestid'),
  };
}

/** Signs and sends a request to an account in the process. */
export interface SignedRequest {
  readonly service: 'sts' | 'iam' | 'eks' | 's3';
  readonly method?: string;
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
  /** When it is signed; default: the account's present. */
  readonly at?: Date;
  /** Changes what was signed, after it was. */
  readonly tamper?: (request: { headers: Record<string, string>; body: string; path: string }) => unknown;
}

export async function signedRequest(account: TestAccount, options: SignedRequest): Promise<Response> {
  const { service, method = 'POST', path = '/', query = {}, body = '', credentials = ADMIN } = options;
  const signer = new SignatureV4({
    service,
    region: REGION,
    credentials,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  });
  const headers = { host: '127.0.0.1', 'content-type': 'application/x-www-form-urlencoded', ...options.headers };
  const signed = await signer.sign(
    { method, protocol: 'http:', hostname: '127.0.0.1', path, query, headers, body },
    { signingDate: options.at ?? account.clock.now() },
  );
  const sent = { headers: { ...signed.headers }, body, path };
  options.tamper?.(sent);
  const search = Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const url = `http://127.0.0.1${sent.path}${search === '' ? '' : `?${search}`}`;
  return account.aws.handle(
    new Request(url, { method, headers: sent.headers, ...(method === 'GET' || method === 'HEAD' ? {} : { body: sent.body }) }),
  );
}

/** A signed call of a Query action. */
export async function query(
  account: TestAccount,
  action: string,
  parameters: Readonly<Record<string, string>> = {},
  options: Partial<SignedRequest> = {},
): Promise<QueryAnswer> {
  const service = options.service ?? 'iam';
  const body = new URLSearchParams({ Action: action, Version: service === 'iam' ? '2010-05-08' : '2011-06-15', ...parameters }).toString();
  const response = await signedRequest(account, { ...options, service, body });
  const text = await response.text();
  return {
    status: response.status,
    code: element(text, 'Code'),
    message: element(text, 'Message'),
    text,
    requestId: response.headers.get('x-amzn-requestid'),
  };
}

/** An account with the provider of {@link ISSUER} and a role that trusts {@link SUBJECT}. */
export async function accountWithRole(options: Parameters<typeof testAccount>[0] = {}): Promise<TestAccount> {
  const account = await testAccount(options);
  await query(account, 'CreateOpenIDConnectProvider', { Url: ISSUER, 'ClientIDList.member.1': 'sts.amazonaws.com' });
  await query(account, 'CreateRole', { RoleName: ROLE, AssumeRolePolicyDocument: trustOf() });
  return account;
}

export const ROLE = 'kf-user-demo';
export const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/${ROLE}`;

/** Exchanges a token; parameters lie over the usual ones. */
export async function exchange(account: TestAccount, parameters: Readonly<Record<string, string>> = {}): Promise<QueryAnswer> {
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: ROLE_ARN,
    RoleSessionName: 'pod-1',
    WebIdentityToken: parameters.WebIdentityToken ?? (await account.token()),
    ...parameters,
  });
  return postForm(account.aws, form.toString());
}

/** The credentials in an answer. */
export function credentialsOf({ text }: QueryAnswer): { accessKeyId: string; secretAccessKey: string; sessionToken: string } {
  return {
    accessKeyId: element(text, 'AccessKeyId') ?? '',
    secretAccessKey: element(text, 'SecretAccessKey') ?? '',
    sessionToken: element(text, 'SessionToken') ?? '',
  };
}

/** SHA-256 for the SDK's signer. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(secret?: string | Uint8Array | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Uint8Array);
  }

  update(data: string | Uint8Array | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(data as Uint8Array);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {}
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
