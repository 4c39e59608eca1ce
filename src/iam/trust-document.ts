import { hostPathOf, parseProviderArn } from './arn.ts';
import { ASSUME_ROLE_WITH_WEB_IDENTITY } from './internal/open-statement.ts';

/** Sid of the statement that keeps a role without subjects closed. */
export const CLOSED_SID = 'PodroleClosed';

/** What a statement of ours says. */
export interface TrustStatementInput {
  readonly providerArn: string;
  /** Left out, the statement has upstream's shape. */
  readonly sid?: string;
  readonly audience: string;
  /** In the order they shall be written; at least one, or the role would be open. */
  readonly subjects: readonly string[];
}

/** A web-identity Allow of the classical shape: one audience, a list of subjects, compared by equality. */
export function trustStatement(input: TrustStatementInput): object {
  const hostPath = hostPathOfProvider(input.providerArn);
  return {
    ...(input.sid === undefined ? {} : { Sid: input.sid }),
    Effect: 'Allow',
    Principal: { Federated: input.providerArn },
    Action: ASSUME_ROLE_WITH_WEB_IDENTITY,
    Condition: { StringEquals: { [`${hostPath}:aud`]: input.audience, [`${hostPath}:sub`]: [...input.subjects] } },
  };
}

/**
 * The first trust document of a role: one statement for the given subjects, or, without any, the closed form.
 * JSON text, compact.
 */
export function trustDocument(input: TrustStatementInput): string {
  if (input.subjects.length === 0) return closedTrustDocument(input.providerArn);
  return JSON.stringify({ Version: '2012-10-17', Statement: [trustStatement(input)] });
}

/** The statement that denies every token of a provider. */
export function closedStatement(providerArn: string): object {
  return { Sid: CLOSED_SID, Effect: 'Deny', Principal: { Federated: providerArn }, Action: ASSUME_ROLE_WITH_WEB_IDENTITY };
}

/** The trust document of a role that admits nobody yet: one unconditional Deny, which IAM stores where it would refuse an empty list. */
export function closedTrustDocument(providerArn: string): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [closedStatement(providerArn)] });
}

/** The issuer's host and path out of a provider ARN; of a text that is no provider ARN, what follows its first slash. */
export function hostPathOfProvider(providerArn: string): string {
  const parsed = parseProviderArn(providerArn);
  return parsed.ok ? parsed.arn.hostPath : hostPathOf(providerArn.slice(providerArn.indexOf('/') + 1));
}
