import { parseProviderArn } from '../arn.ts';
import { parseSubject, subjectOf } from '../service-account-subject.ts';
import type { TrustRequest } from '../trust-request.ts';
import { type Condition, type ConditionWorld, conditionHolds } from './condition.ts';
import { actionsMatch, principalsMatch } from './judge.ts';
import type { Policy, Statement } from './read-policy.ts';
import { trustContext } from './request-context.ts';

export const ASSUME_ROLE_WITH_WEB_IDENTITY = 'sts:AssumeRoleWithWebIdentity';

/** A caller nobody has named: what an open statement lets in. */
export interface Stranger {
  readonly namespace: string;
  readonly name: string;
}

/** A namespace and a name that occur nowhere in `document`. */
export function strangerTo(document: string): Stranger {
  let suffix = 0;
  while (document.includes(`zq-stranger-${suffix}`)) suffix += 1;
  return { namespace: `zq-stranger-${suffix}`, name: `zq-stranger-${suffix}-account` };
}

export interface Probe {
  readonly providerArn: string;
  /** Audiences that a token of the provider may carry; undefined when they are unknown, then every audience condition is taken as met. */
  readonly audiences: readonly string[] | undefined;
  readonly stranger: Stranger;
}

/**
 * Whether an Allow lets a stranger's token in by itself. Session names and the circumstances of a call (address, time, network) bind no
 * subject, so conditions on them are taken as met.
 */
export function isOpen(statement: Statement, policy: Policy, probe: Probe): boolean {
  if (statement.effect !== 'Allow' || !concerns(statement, probe.providerArn)) return false;
  const token = { sub: subjectOf(probe.stranger), sessionNames: [probe.stranger.namespace, probe.stranger.name] };
  return requestsWith(token, probe.providerArn, probe.audiences ?? ['sts.amazonaws.com']).some((request) => {
    const world: ConditionWorld = { context: trustContext(request), variables: policy.variables };
    return statement.conditions.every((condition) => isTakenAsMet(condition, probe, world) || conditionHolds(condition, world));
  });
}

/**
 * Whether a call of some session name and in some circumstances lets a token of `subject` in. An Allow's circumstances are taken as met;
 * a Deny keeps the subject out only where it asks for none.
 */
export function isAdmittedSomehow(
  policy: Policy,
  subject: string,
  by: { readonly providerArn: string; readonly audiences: readonly string[] },
): boolean {
  const { providerArn, audiences } = by;
  const account = parseSubject(subject);
  const token = { sub: subject, sessionNames: account === undefined ? ['podrole'] : [account.namespace, account.name] };
  const statements = policy.statements.filter((statement) => concerns(statement, providerArn));
  return requestsWith(token, providerArn, audiences).some((request) => {
    const world: ConditionWorld = { context: trustContext(request), variables: policy.variables };
    const holds = ({ conditions }: Statement, circumstances: boolean): boolean =>
      conditions.every((condition) => (asksCircumstance(condition) ? circumstances : conditionHolds(condition, world)));
    return (
      statements.some((statement) => statement.effect === 'Allow' && holds(statement, true)) &&
      !statements.some((statement) => statement.effect === 'Deny' && holds(statement, false))
    );
  });
}

function concerns(statement: Statement, providerArn: string): boolean {
  return principalsMatch(statement.principals, providerArn) && actionsMatch(statement.actions, ASSUME_ROLE_WITH_WEB_IDENTITY);
}

function requestsWith(
  token: { readonly sub: string; readonly sessionNames: readonly string[] },
  providerArn: string,
  audiences: readonly string[],
): readonly TrustRequest[] {
  const parsed = parseProviderArn(providerArn);
  const issuer = parsed.ok ? `https://${parsed.arn.hostPath}` : '';
  const account = providerArn.split(':')[4] ?? '';
  return audiences.flatMap((aud) =>
    token.sessionNames.map((sessionName) => ({
      action: ASSUME_ROLE_WITH_WEB_IDENTITY,
      account,
      roleArn: '',
      providerArn,
      issuer,
      sessionName,
      claims: { iss: issuer, sub: token.sub, aud },
    })),
  );
}

/**
 * Whether a condition asks how a call is made (session name, address, time, network) and not who makes it.
 * Tags, source identity and the provider's own keys come from the token or from IAM and are no circumstances.
 */
export function asksCircumstance(condition: Condition): boolean {
  const key = condition.key.toLowerCase();
  return key === 'sts:rolesessionname' || (key.startsWith('aws:') && !TOKEN_OR_PROVIDER.test(key));
}

const TOKEN_OR_PROVIDER = /^aws:(requesttag\/.*|tagkeys|federatedprovider|userid|principalaccount|principaltype|principalarn|username)$/;

function isTakenAsMet(condition: Condition, probe: Probe, world: ConditionWorld): boolean {
  if (asksCircumstance(condition)) return true;
  const key = condition.key.toLowerCase();
  return probe.audiences === undefined && (key.endsWith(':aud') || key.endsWith(':oaud')) && world.context(condition.key) !== undefined;
}
