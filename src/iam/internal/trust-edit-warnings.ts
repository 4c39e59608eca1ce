import type { TrustEditInput, TrustEditWarning } from '../edit-trust.ts';
import { hostPathOfProvider } from '../trust-document.ts';
import { actionsMatch, type Caller, judge, principalsMatch } from './judge.ts';
import { ASSUME_ROLE_WITH_WEB_IDENTITY, isAdmittedSomehow, isOpen, strangerTo } from './open-statement.ts';
import type { Policy, Statement } from './read-policy.ts';
import { trustContext } from './request-context.ts';
import { readTrustText } from './trust-text.ts';

/** Open Allows for the input's provider that are not ours. */
export function foreignOpen(policy: Policy, input: TrustEditInput, own: readonly number[]): readonly Statement[] {
  const probe = { providerArn: input.providerArn, audiences: audiencesOf(input), stranger: strangerTo(input.document) };
  return policy.statements.filter((statement) => !own.includes(statement.index) && isOpen(statement, policy, probe));
}

/** What is worth saying about the document that an edit leaves behind. */
export function editWarnings(document: string, input: TrustEditInput): readonly TrustEditWarning[] {
  const read = readTrustText(document);
  if (!read.ok) return [];
  const { policy } = read.text;
  const hostPath = hostPathOfProvider(input.providerArn);
  const found = read.text.own({ sid: input.sid, providerArn: input.providerArn, hostPath });
  if (!found.ok) return [];
  const own = found.own.map((statement) => statement.index);
  const warnings: TrustEditWarning[] = [];
  for (const statement of foreignOpen(policy, { ...input, document }, own)) {
    warnings.push({
      code: 'role-open',
      message: `${nameOf(statement)} lets every service account of ${hostPath} in, bind its ${hostPath}:sub or remove it`,
    });
  }
  for (const statement of found.own) {
    if (statement.subjects === undefined) {
      const message = `statement ${statement.index + 1} of the legacy shape asks for no subject and lets every service account in, the next grant or revocation closes it`;
      warnings.push({ code: 'open-until-write', message });
    } else if (statement.audiences === undefined) {
      const message = `statement ${statement.index + 1} does not ask for ${hostPath}:aud, the audience is added with the next subject`;
      warnings.push({ code: 'audience-unbound', message });
    }
  }
  warnings.push(...otherProviders(policy, { ...input, document }));
  if (found.closed.length > 0) warnings.push(...overridden(policy, input));
  warnings.push(...surprises(policy, input, found.closed));
  return warnings;
}

function otherProviders(policy: Policy, input: TrustEditInput): readonly TrustEditWarning[] {
  const warnings: TrustEditWarning[] = [];
  for (const statement of policy.statements) {
    const providers = statement.principals?.lists.filter((list) => list.type === 'Federated').flatMap((list) => list.values) ?? [];
    for (const providerArn of providers) {
      if (providerArn === input.providerArn || !providerArn.includes(':oidc-provider/')) continue;
      if (!isOpen(statement, policy, { providerArn, audiences: undefined, stranger: strangerTo(input.document) })) continue;
      warnings.push({ code: 'open-to-other-provider', message: `${nameOf(statement)} lets every token of ${providerArn} in` });
    }
  }
  return warnings;
}

function overridden(policy: Policy, input: TrustEditInput): readonly TrustEditWarning[] {
  const allows = policy.statements.filter(
    (statement) =>
      statement.effect === 'Allow' &&
      principalsMatch(statement.principals, input.providerArn) &&
      actionsMatch(statement.actions, ASSUME_ROLE_WITH_WEB_IDENTITY),
  );
  return allows.map((statement) => ({
    code: 'closed-overrides',
    message: `${nameOf(statement)} has no effect while PodroleClosed denies the provider, and takes effect with the next grant`,
  }));
}

/** Subjects whose verdict is not what was asked for, because other statements have their say. */
function surprises(policy: Policy, input: TrustEditInput, closed: readonly number[]): readonly TrustEditWarning[] {
  const desired = new Set(input.desired);
  const warnings: TrustEditWarning[] = [];
  const by = { providerArn: input.providerArn, audiences: audiencesOf(input) };
  for (const subject of new Set(input.revoked)) {
    if (desired.has(subject) || !isAdmittedSomehow(policy, subject, by)) continue;
    warnings.push({ code: 'still-admitted', message: `${subject} is revoked but another statement still lets it in` });
  }
  for (const subject of desired) {
    const denies = policy.statements.filter((statement) => statement.effect === 'Deny' && !closed.includes(statement.index));
    const isDenied = denies.some((statement) => verdict(only(policy, statement), input, subject) === 'allow');
    if (isDenied) warnings.push({ code: 'denied-elsewhere', message: `${subject} is desired but a Deny in the trust policy keeps it out` });
  }
  return warnings;
}

/** A policy in which one Deny stands alone as an Allow, to see whom it hits. */
function only(policy: Policy, deny: Statement): Policy {
  return { ...policy, statements: [{ ...deny, effect: 'Allow' }] };
}

function verdict(policy: Policy, { providerArn, audience }: TrustEditInput, subject: string): 'allow' | 'deny' {
  const issuer = `https://${hostPathOfProvider(providerArn)}`;
  const request = {
    action: ASSUME_ROLE_WITH_WEB_IDENTITY,
    account: providerArn.split(':')[4] ?? '',
    roleArn: '',
    providerArn,
    issuer,
    sessionName: 'podrole',
    claims: { iss: issuer, sub: subject, aud: audience },
  };
  const caller: Caller = { providerArn, action: request.action, context: trustContext(request) };
  return judge(policy, caller);
}

function audiencesOf(input: TrustEditInput): readonly string[] {
  return [...new Set([input.audience, ...input.registeredAudiences])];
}

function nameOf(statement: Statement): string {
  return statement.sid === undefined ? `statement ${statement.index + 1}` : `statement "${statement.sid}"`;
}
