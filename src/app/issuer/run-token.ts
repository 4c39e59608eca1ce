import type { AwsTarget } from '../../aws/client-options.ts';
import { AwsRefusal } from '../../aws/errors.ts';
import { exchangeWebIdentity, type WebIdentitySession } from '../../aws/web-identity.ts';
import { PodroleError } from '../../base/errors.ts';
import { processDocument, shellExports } from '../../credentials/format-credentials.ts';
import { parseRoleArn } from '../../iam/arn.ts';
import { explainToken, type TokenExplanation } from '../../issuer/explain-token.ts';
import type { Finding } from '../../issuer/finding.ts';
import type { IssuedToken } from '../../kube/client/kube-client.ts';
import { decodeToken } from '../../oidc/decode-token.ts';
import { type ClusterAccess, connectCluster } from '../cluster-connection.ts';
import { parseIdentity } from '../exec/identity-argument.ts';
import { issueToken } from '../exec/resolve-identity.ts';

export type { ExplainedClaim, TokenExplanation } from '../../issuer/explain-token.ts';

export interface TokenRequest {
  /** `sa/NAMESPACE:NAME`. */
  readonly identity: string;
  readonly audience: string;
  readonly durationSeconds: number;
  /** A pod of that account, to which the token is bound. */
  readonly pod: string | undefined;
  readonly cluster: Omit<ClusterAccess, 'userAgent'>;
}

/** A fresh token of a service account. Rejects with `identity-invalid`, or as `connectCluster` and `issueToken`. */
export async function requestToken(request: TokenRequest, signal: AbortSignal): Promise<IssuedToken> {
  const { kind, ...serviceAccount } = parseIdentity(request.identity);
  if (kind !== 'service-account')
    throw new PodroleError('tokens are requested of service accounts', {
      code: 'identity-invalid',
      hint: `podrole token request sa/${serviceAccount.namespace}:NAME --pod ${serviceAccount.name}`,
    });
  const { client } = await connectCluster({ ...request.cluster, userAgent: 'podrole-token' });
  try {
    const token = {
      audiences: [request.audience],
      expirationSeconds: request.durationSeconds,
      ...(request.pod === undefined ? {} : { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: request.pod } }),
    };
    return await issueToken(client, { serviceAccount, roleArn: '', token, variables: {}, exact: false, notes: [] }, signal);
  } finally {
    client.close();
  }
}

/** A token laid open. Rejects with `token-unreadable`. */
export function explain(text: string, now: Date): TokenExplanation {
  const reading = explainToken(text, now);
  if (reading.ok) return reading.explanation;
  throw new PodroleError(reading.message, {
    code: 'token-unreadable',
    hint: 'a token is three parts of base64url with dots between; was it cut off?',
  });
}

export interface ExchangeRequest {
  readonly token: string;
  readonly roleArn: string;
  readonly sessionName: string | undefined;
  readonly durationSeconds: number | undefined;
  readonly target: AwsTarget;
  readonly now: Date;
}

/** A session, or STS's refusal with what the token itself shows to be wrong. */
export type Exchange =
  | { readonly ok: true; readonly session: WebIdentitySession }
  | { readonly ok: false; readonly awsCode: string; readonly message: string; readonly findings: readonly Finding[] };

/** Exchanges a token once. Rejects with `role-invalid`, `token-unreadable` or `AwsUnreachable`. */
export async function exchange(request: ExchangeRequest, signal: AbortSignal): Promise<Exchange> {
  const { token, roleArn, target, now } = request;
  if (!parseRoleArn(roleArn).ok)
    throw new PodroleError(`${JSON.stringify(roleArn)} is not the ARN of a role`, {
      code: 'role-invalid',
      hint: 'it looks like arn:aws:iam::111122223333:role/NAME',
    });
  const { findings } = explain(token, now);
  const decoding = decodeToken(token);
  const compact = decoding.ok ? decoding.token.compact : token;
  const sessionName = request.sessionName ?? sessionNameOf(decoding.ok ? decoding.token.claims.sub : undefined);
  try {
    return {
      ok: true,
      session: await exchangeWebIdentity(
        target,
        { roleArn, sessionName, token: compact, durationSeconds: request.durationSeconds },
        signal,
      ),
    };
  } catch (error) {
    if (!(error instanceof AwsRefusal) || error.retry !== 'never') throw error;
    return { ok: false, awsCode: error.awsCode, message: error.message, findings };
  }
}

/** Something that tells in CloudTrail who it was. */
function sessionNameOf(subject: unknown): string {
  const name = typeof subject === 'string' ? subject.replace(/^system:serviceaccount:/, '') : '';
  const usable = name.replace(/[^\w+=,.@-]/g, '.').slice(0, 64);
  return usable.length >= 2 ? usable : 'podrole-token';
}

/** The credentials of a session, for a shell or as the JSON that AWS tools read. */
export function credentialsText({ credentials }: WebIdentitySession, form: 'env' | 'json'): string {
  const issued = { ...credentials, sessionToken: credentials.sessionToken ?? '' };
  return form === 'env' ? shellExports(issued) : processDocument(issued);
}
