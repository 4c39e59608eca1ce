import type { Problem } from '../base/errors.ts';
import { messageOf } from '../base/errors.ts';
import { isJsonObject, type JsonObject } from '../base/json.ts';
import { systemClock } from '../host/system-clock.ts';
import { hostPathOf, parseProviderArn, parseRoleArn, providerArnOf } from '../iam/arn.ts';
import { evaluateTrust } from '../iam/evaluate-trust.ts';
import type { TrustExplanation } from '../iam/explain-trust.ts';
import { renderExplanation, renderStatements } from '../iam/render-explanation.ts';
import { decodeToken } from '../oidc/decode-token.ts';
import { providersNamedBy, whyNoneIsNamed } from './trust-provider.ts';

export type ClaimsReading =
  | { readonly ok: true; readonly claims: JsonObject; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads claims as JSON. */
export function readClaims(text: string): ClaimsReading {
  try {
    const claims: unknown = JSON.parse(text);
    if (isJsonObject(claims)) return { ok: true, claims, notes: [] };
    return failed('', 'claims must be a JSON object, like the middle part of a token');
  } catch (error) {
    return failed('', `claims must be JSON: ${messageOf(error)}`);
  }
}

/** STS forgives clocks that differ by this much (observed). Seconds. */
const LEEWAY = 300;
const REQUIRED = ['iss', 'sub', 'aud', 'iat', 'exp'] as const;

/** Reads the claims of a token **without verifying it**, and what STS would say of them before it looks at any policy. */
export function readToken(text: string, now: Date = systemClock().now()): ClaimsReading {
  const decoded = decodeToken(text);
  if (!decoded.ok) return failed('', decoded.message);
  const { claims } = decoded.token;
  const seconds = Math.floor(now.getTime() / 1000);
  const notes = ['the token is decoded, not verified: its signature and the client ids of the provider are not looked at'];
  const absent = REQUIRED.filter((claim) => claims[claim] === undefined);
  if (absent.length > 0) notes.push(`STS refuses this token whatever the policy says: it lacks ${absent.join(', ')}`);
  const { exp, nbf, azp, aud } = claims;
  if (typeof exp === 'number' && exp + LEEWAY <= seconds)
    notes.push(`STS refuses this token whatever the policy says: it expired at ${iso(exp)}`);
  if (typeof nbf === 'number' && nbf > seconds + LEEWAY)
    notes.push(`STS refuses this token whatever the policy says: it is not valid before ${iso(nbf)}`);
  if (Array.isArray(aud) && aud.length > 1 && azp === undefined)
    notes.push('STS refuses this token whatever the policy says: it has several audiences and no azp');
  return { ok: true, claims, notes };
}

export interface ExplainInput {
  /** The trust policy's text. */
  readonly policy: string;
  readonly claims: JsonObject;
  /** Absent: the policy's own provider for the token's issuer, else that issuer in the role's or the policy's account. */
  readonly providerArn?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly sessionName: string;
}

/** One action of the exchange and what the policy says to it. */
export interface Judgement {
  readonly action: string;
  readonly verdict: 'allow' | 'deny';
  /** The answer first, then the nearest miss, then what to change. */
  readonly sentences: readonly string[];
  /** What each statement made of it. */
  readonly statements: readonly string[];
  readonly explanation: TrustExplanation;
}

export type Explained =
  | {
      readonly ok: true;
      readonly verdict: 'allow' | 'deny';
      readonly providerArn: string;
      readonly roleArn: string | undefined;
      /** The exchange itself, then what the token's tags and source identity need besides. */
      readonly judgements: readonly Judgement[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Judges one set of claims by a trust policy, and says why. */
export function explainClaims(input: ExplainInput): Explained {
  const { policy, claims, sessionName } = input;
  const who = identify(input);
  if (!who.ok) return who;
  const { providerArn, issuer, roleArn, account } = who;
  const judgements = actionsOf(claims).map((action): Judgement => {
    const request = { action, account, roleArn: roleArn ?? '', providerArn, issuer, sessionName, claims };
    const verdict = evaluateTrust(policy, request);
    const explanation = verdict.explain();
    return {
      action,
      verdict: verdict.verdict,
      sentences: renderExplanation(explanation),
      statements: renderStatements(explanation),
      explanation,
    };
  });
  return {
    ok: true,
    verdict: judgements.every(({ verdict }) => verdict === 'allow') ? 'allow' : 'deny',
    providerArn,
    roleArn,
    judgements,
  };
}

type Identity =
  | {
      readonly ok: true;
      readonly providerArn: string;
      readonly issuer: string;
      readonly roleArn: string | undefined;
      readonly account: string;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

function identify({ policy, claims, providerArn, roleArn }: ExplainInput): Identity {
  const problems: Problem[] = [];
  const role = roleArn === undefined ? undefined : parseRoleArn(roleArn);
  if (role?.ok === false) problems.push(...role.problems.map(({ message }) => ({ path: '--role-arn', message })));
  const given = providerArn === undefined ? undefined : parseProviderArn(providerArn);
  if (given?.ok === false) problems.push(...given.problems.map(({ message }) => ({ path: '--provider-arn', message })));
  const iss = claims.iss;
  if (iss !== undefined && typeof iss !== 'string') problems.push({ path: '/iss', message: 'the issuer must be text' });
  if (iss === undefined && given?.ok !== true)
    problems.push({ path: '/iss', message: 'the claims name no issuer, so the provider must be given with --provider-arn' });
  const hostPath = typeof iss === 'string' ? hostPathOf(iss) : given?.ok === true ? given.arn.hostPath : undefined;
  if (given?.ok === true && hostPath !== given.arn.hostPath)
    problems.push({ path: '--provider-arn', message: `STS goes by the token's iss, which is ${String(iss)}, not ${given.arn.hostPath}` });
  if (problems.length > 0 || hostPath === undefined) return { ok: false, problems };

  const issuer = `https://${hostPath}`;
  const named = providersNamedBy(policy).flatMap((arn) => {
    const read = parseProviderArn(arn);
    return read.ok ? [read.arn] : [];
  });
  const account =
    role?.ok === true ? role.arn : given?.ok === true ? given.arn : (named.find((arn) => arn.hostPath === hostPath) ?? named[0]);
  if (account === undefined) {
    const message = 'the policy names no OIDC provider, so the account must be told by --role-arn or --provider-arn';
    return { ok: false, problems: [whyNoneIsNamed(policy, { path: '--role-arn', message })] };
  }
  if (given?.ok === true && given.arn.account !== account.account)
    return failed('--provider-arn', `STS looks for the provider in the role's account, ${account.account}, not in ${given.arn.account}`);
  const arn = providerArn ?? providerArnOf({ partition: account.partition, account: account.account, issuer });
  return { ok: true, providerArn: arn, issuer, roleArn, account: account.account };
}

const TAGS = 'https://aws.amazon.com/tags';
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity';

/** Session tags and a source identity are actions of their own, which the same policy must allow (IAM user guide, "passing session tags"). */
function actionsOf(claims: JsonObject): readonly string[] {
  const names = Object.keys(claims).filter((name) => claims[name] !== null);
  return [
    'sts:AssumeRoleWithWebIdentity',
    ...(names.some((name) => name === TAGS || name.startsWith(`${TAGS}/`)) ? ['sts:TagSession'] : []),
    ...(names.includes(SOURCE_IDENTITY) ? ['sts:SetSourceIdentity'] : []),
  ];
}

function iso(seconds: number): string {
  const at = new Date(seconds * 1000);
  return Number.isNaN(at.getTime()) ? `${seconds} seconds` : at.toISOString();
}

function failed(path: string, message: string): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems: [{ path, message }] };
}
