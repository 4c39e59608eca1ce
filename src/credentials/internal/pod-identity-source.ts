import { readFile } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import { isJsonObject } from '../../base/json.ts';
import type { CredentialFailure } from '../errors.ts';
import { type AwsAccess, askAws } from './ask-aws.ts';
import type { Attempt, CredentialSource } from './source.ts';
import { readInstant } from './sts-answer.ts';
import { printable, toLocalClock } from './sts-exchange.ts';

export interface PodIdentity {
  /** `AWS_CONTAINER_CREDENTIALS_FULL_URI`. */
  readonly uri: string;
  /** `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`. */
  readonly tokenFile: string;
}

/** The EKS Pod Identity agent of the node: a token goes to a link-local address, JSON comes back. */
export function podIdentitySource({ uri, tokenFile }: PodIdentity, access: AwsAccess): CredentialSource {
  const what = `EKS Pod Identity agent at ${new URL(uri).host}`;
  return {
    kind: 'pod-identity',
    roleArn: undefined,
    attempt: async ({ background }, signal): Promise<Attempt> => {
      const fail = (failure: CredentialFailure): Attempt => ({ ok: false, failure, identity: undefined });
      let token: string;
      try {
        token = (await readFile(tokenFile, { encoding: 'utf8', signal })).trim();
      } catch (cause) {
        if (signal.aborted) throw cause;
        return fail({
          code: 'token-file-unreadable',
          message: `token file ${tokenFile} cannot be read: ${messageOf(cause)}`,
          retry: 'backoff',
          sent: false,
          cause,
        });
      }
      // A header must not be split by what a file holds.
      if (!/^[\x21-\x7e]+$/.test(token))
        return fail({ code: 'token-file-empty', message: `token file ${tokenFile} holds no token`, retry: 'backoff', sent: false });
      const reply = await askAws(
        { url: uri, method: 'GET', headers: { authorization: token, accept: 'application/json' }, what, background },
        access,
        signal,
      );
      if (!reply.ok) return fail(reply.failure);
      const answer = readAgentAnswer(reply.body);
      if (reply.status === 200 && answer?.kind === 'credentials')
        return { ok: true, credentials: toLocalClock(answer.credentials, reply.skewMs), identity: undefined, skewMs: reply.skewMs };
      const passing = reply.status >= 500 || reply.status === 429;
      return fail({
        code: reply.status === 200 ? 'answer-unreadable' : passing ? 'exchange-failed' : 'exchange-refused',
        message: `${what}: HTTP ${reply.status}${answer?.kind === 'refusal' ? `: ${printable(answer.message, [token])}` : ''}`,
        hint: "has this pod's service account an EKS Pod Identity association?",
        retry: passing ? 'backoff' : 'never',
        sent: true,
        detail: { status: reply.status },
        ...(reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs }),
      });
    },
  };
}

type AgentAnswer =
  | { readonly kind: 'credentials'; readonly credentials: Parameters<typeof toLocalClock>[0] }
  | { readonly kind: 'refusal'; readonly message: string };

/** Reads the JSON of the container credential endpoints ("Container credential provider", SDKs and tools reference). Never throws. */
export function readAgentAnswer(body: string): AgentAnswer | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isJsonObject(json)) return undefined;
  const { AccessKeyId, SecretAccessKey, Token, Expiration, AccountId, code, message } = json;
  const expiration = typeof Expiration === 'string' ? readInstant(Expiration) : undefined;
  if (typeof AccessKeyId === 'string' && typeof SecretAccessKey === 'string' && typeof Token === 'string' && expiration !== undefined) {
    const accountId = typeof AccountId === 'string' ? AccountId : undefined;
    return {
      kind: 'credentials',
      credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token, expiration, accountId },
    };
  }
  const words = [code, message].filter((word): word is string => typeof word === 'string');
  return words.length > 0 ? { kind: 'refusal', message: words.join(': ') } : undefined;
}
