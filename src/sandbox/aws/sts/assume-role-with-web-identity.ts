import { parseRoleArn } from '../../../iam/arn.ts';
import { type CompiledTrust, compileTrust, evaluateTrust, type TrustVerdict } from '../../../iam/evaluate-trust.ts';
import type { TrustRequest } from '../../../iam/trust-request.ts';
import type { RefusalReason } from '../decision-log.ts';
import { AwsError, validationError } from '../errors.ts';
import { operation } from '../query/operation.ts';
import { optional, text } from '../query/shape.ts';
import type { Session } from '../sigv4/session-seal.ts';
import type { RoleRecord } from '../store/records.ts';
import type { Call } from '../world.ts';
import { ASSUME_ROLE_INPUT } from './inputs.ts';
import { assumedRoleUser, issueCredentials } from './issue-credentials.ts';
import { checkSessionPolicies, packedPolicySize } from './session-policies.ts';
import { type VerifiedToken, verifyExchange } from './token-exchange.ts';

const ACTION = 'sts:AssumeRoleWithWebIdentity';
const DEFAULT_DURATION = 3600;

/** Providers of opaque tokens, the only ones that are named by `ProviderId` (STS: AssumeRoleWithWebIdentity). */
const OPAQUE_PROVIDERS: Readonly<Record<string, string>> = {
  'www.amazon.com': 'Provided Token is not a Login With Amazon token',
  'graph.facebook.com': 'Provided Token is not a Facebook token',
};

/**
 * Exchanges a token for credentials. The order of the checks is that in which live refusals win: parameters, token,
 * provider, keys and signature, times and audience, role and trust policy. Role unknown, not yet propagated and not
 * trusted are told apart in the decision log only.
 */
export const assumeRoleWithWebIdentity = operation('AssumeRoleWithWebIdentity', {
  ...ASSUME_ROLE_INPUT,
  WebIdentityToken: text({ min: 4, max: 20_000, sensitive: true }),
  ProviderId: optional(text({ min: 4, max: 2048 })),
})({
  access: 'open',
  run: async (input, call) => {
    const { world, notes } = call;
    notes.roleArn = input.RoleArn;
    notes.sessionName = input.RoleSessionName;
    const parsed = parseRoleArn(input.RoleArn);
    if (!parsed.ok) throw validationError('Request ARN is invalid');
    refuseOpaqueProvider(input.ProviderId);
    checkSessionPolicies(call, input);
    const token = await verifyExchange(call, { token: input.WebIdentityToken, roleArn: input.RoleArn, account: parsed.arn.account });
    const { sourceIdentity, transitiveTagKeys } = token.session;
    const tags = Object.entries(token.session.principalTags).map(([key, value]) => ({ key, value }));

    const role = findRole(call, parsed.arn);
    requireTrust(call, role, { token, sessionName: input.RoleSessionName });
    const duration = input.DurationSeconds ?? DEFAULT_DURATION;
    if (duration > role.maxSessionDuration) {
      throw new AwsError('ValidationError', 400, 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.', {
        reason: 'duration',
      });
    }

    const issuedAt = Math.floor(call.now / 1000);
    const session: Session = {
      roleName: role.name,
      roleId: role.id,
      roleArn: role.arn,
      sessionName: input.RoleSessionName,
      issuedAt,
      expiresAt: issuedAt + duration,
      tags,
      transitiveTagKeys,
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
      federatedProvider: token.provider.arn,
      ...(input.Policy === undefined ? {} : { policy: input.Policy }),
      policyArns: input.PolicyArns.map(({ arn }) => arn),
    };
    const tagCharacters = tags.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    notes.message = `${token.subject} assumed ${role.arn} as ${input.RoleSessionName}`;
    return {
      Credentials: issueCredentials(call, session),
      SubjectFromWebIdentityToken: token.subject,
      AssumedRoleUser: assumedRoleUser(world, session),
      PackedPolicySize: packedPolicySize(call, input, { subject: token.subject, tagCharacters }),
      Provider: token.provider.arn,
      Audience: token.audience,
      SourceIdentity: sourceIdentity,
    };
  },
});

function refuseOpaqueProvider(providerId: string | undefined): void {
  if (providerId === undefined) return;
  const message = OPAQUE_PROVIDERS[providerId];
  if (message !== undefined) throw new AwsError('InvalidIdentityToken', 400, message, { reason: 'wrong-provider-id' });
  throw notAuthorized('wrong-provider-id', `provider id ${providerId} names no provider of opaque tokens; leave it out for OIDC`);
}

function notAuthorized(reason: RefusalReason, why: string, explain?: () => unknown): AwsError {
  return new AwsError('AccessDenied', 403, `Not authorized to perform ${ACTION}`, {
    reason,
    why,
    ...(explain === undefined ? {} : { explain }),
  });
}

function findRole(call: Call, arn: { readonly text: string; readonly name: string; readonly account: string }): RoleRecord {
  const { state } = call.world;
  const key = arn.name.toLowerCase();
  const role = state.roles.effective(key, call.now);
  if (role?.arn === arn.text) return role;
  if (role === undefined && state.roles.current(key)?.arn === arn.text) {
    throw notAuthorized('role-not-propagated', `role ${arn.text} is too new: its propagation delay has not passed`);
  }
  throw notAuthorized('role-not-found', `role ${arn.text} does not exist; names and paths in an ARN are compared letter for letter`);
}

/** Trust policies are read once per version of a role, not once per exchange. */
const compiled = new WeakMap<RoleRecord, CompiledTrust>();

function trustOf(role: RoleRecord): (request: TrustRequest) => TrustVerdict {
  const known = compiled.get(role) ?? compileTrust(role.trust);
  compiled.set(role, known);
  return known.ok ? known.evaluate : (request) => evaluateTrust(role.trust, request);
}

interface TrustQuestion {
  readonly token: VerifiedToken;
  readonly sessionName: string;
}

/** Every action that the exchange implies must be trusted: tags and a source identity are actions of their own. */
function requireTrust(call: Call, role: RoleRecord, { token, sessionName }: TrustQuestion): void {
  const { principalTags, sourceIdentity, transitiveTagKeys } = token.session;
  const actions: readonly { readonly action: string; readonly reason: RefusalReason }[] = [
    { action: ACTION, reason: 'trust-policy' },
    ...(Object.keys(principalTags).length > 0 || transitiveTagKeys.length > 0
      ? [{ action: 'sts:TagSession', reason: 'tag-session-not-trusted' } as const]
      : []),
    ...(sourceIdentity === undefined ? [] : [{ action: 'sts:SetSourceIdentity', reason: 'source-identity-not-trusted' } as const]),
  ];
  const evaluate = trustOf(role);
  for (const { action, reason } of actions) {
    const request: TrustRequest = {
      action,
      account: call.world.account,
      roleArn: role.arn,
      providerArn: token.provider.arn,
      issuer: token.issuer,
      sessionName,
      claims: token.claims,
      context: { 'aws:CurrentTime': new Date(call.now).toISOString(), 'aws:EpochTime': String(Math.floor(call.now / 1000)) },
    };
    const verdict = evaluate(request);
    if (verdict.verdict === 'allow') {
      if (action === ACTION) call.notes.explain = () => verdict.explain();
      continue;
    }
    throw notAuthorized(reason, `the trust policy of ${role.arn} does not let ${token.subject} do ${action}`, () => verdict.explain());
  }
}
