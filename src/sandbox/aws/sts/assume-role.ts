import { parseRoleArn } from '../../../iam/arn.ts';
import { evaluateIdentity } from '../../../iam/evaluate-identity.ts';
import { judgeAccess } from '../access/authorize.ts';
import { namesOf, type PrincipalMatch, statementsFor } from '../access/principal-statements.ts';
import { requestContext } from '../access/request-context.ts';
import { AwsError, type AwsErrorOptions, validationError } from '../errors.ts';
import { tagKeys, tags } from '../iam/inputs.ts';
import { newTags, requestTagContext } from '../iam/tags.ts';
import { shownTrust } from '../iam/trust-principals.ts';
import { operation } from '../query/operation.ts';
import { optional, text } from '../query/shape.ts';
import type { Session } from '../sigv4/session-seal.ts';
import type { RoleRecord, Tag } from '../store/records.ts';
import type { Call } from '../world.ts';
import { ASSUME_ROLE_INPUT } from './inputs.ts';
import { assumedRoleUser, issueCredentials } from './issue-credentials.ts';
import { checkSessionPolicies, packedPolicySize } from './session-policies.ts';

const DEFAULT_DURATION = 3600;
/** Role chaining: a session that makes a session gets an hour at most (STS: AssumeRole). */
const CHAINED_MAXIMUM = 3600;

/** Makes a session of a role for a signed caller that its trust policy names; a session may do it too. */
export const assumeRole = operation('AssumeRole', {
  ...ASSUME_ROLE_INPUT,
  Tags: tags,
  TransitiveTagKeys: tagKeys,
  ExternalId: optional(text({ min: 2, max: 1224, pattern: '[\\w+=,.@:/\\-]*' })),
  SourceIdentity: optional(text({ min: 2, max: 64, pattern: '[\\w+=,.@-]*' })),
})({
  access: 'signed',
  run: (input, call) => {
    const { caller, notes, world } = call;
    notes.roleArn = input.RoleArn;
    notes.sessionName = input.RoleSessionName;
    const parsed = parseRoleArn(input.RoleArn);
    if (!parsed.ok) throw validationError('Request ARN is invalid');
    checkSessionPolicies(call, input);
    const inherited = caller.kind === 'session' ? caller.session : undefined;
    const passedOn = (inherited?.tags ?? []).filter(({ key }) => inherited?.transitiveTagKeys.includes(key));
    const sessionTags: readonly Tag[] = [...passedOn, ...newTags(input.Tags, 'ignore-case')];
    const sourceIdentity = inherited?.sourceIdentity ?? input.SourceIdentity;
    const context = {
      'sts:RoleSessionName': input.RoleSessionName,
      ...(input.ExternalId === undefined ? {} : { 'sts:ExternalId': input.ExternalId }),
      ...(input.SourceIdentity === undefined ? {} : { 'sts:SourceIdentity': input.SourceIdentity }),
      ...requestTagContext(input.Tags),
      ...(input.TransitiveTagKeys.length === 0 ? {} : { 'sts:TransitiveTagKeys': input.TransitiveTagKeys }),
    };
    const role = assumableRole(call, parsed.arn, [
      { action: 'sts:AssumeRole', resource: parsed.arn.text, context },
      ...(sessionTags.length > 0 ? [{ action: 'sts:TagSession', resource: parsed.arn.text, context }] : []),
      ...(input.SourceIdentity === undefined ? [] : [{ action: 'sts:SetSourceIdentity', resource: parsed.arn.text, context }]),
    ]);

    const duration = input.DurationSeconds ?? DEFAULT_DURATION;
    if (inherited !== undefined && duration > CHAINED_MAXIMUM) {
      throw validationError('The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining');
    }
    if (duration > role.maxSessionDuration)
      throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
    const issuedAt = Math.floor(call.now / 1000);
    const session: Session = {
      roleName: role.name,
      roleId: role.id,
      roleArn: role.arn,
      sessionName: input.RoleSessionName,
      issuedAt,
      expiresAt: issuedAt + duration,
      tags: sessionTags,
      transitiveTagKeys: [...new Set([...(inherited?.transitiveTagKeys ?? []), ...input.TransitiveTagKeys])],
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
      ...(input.Policy === undefined ? {} : { policy: input.Policy }),
      policyArns: input.PolicyArns.map(({ arn }) => arn),
    };
    const tagCharacters = sessionTags.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    return {
      Credentials: issueCredentials(call, session),
      AssumedRoleUser: assumedRoleUser(world, session),
      PackedPolicySize: packedPolicySize(call, input, { subject: '', tagCharacters }),
      SourceIdentity: sourceIdentity,
    };
  },
});

interface AssumeQuestion {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** The role, if the caller may do all of `questions` on it; a role that does not exist is refused in the same words. */
function assumableRole(
  call: Call,
  arn: { readonly text: string; readonly name: string },
  questions: readonly AssumeQuestion[],
): RoleRecord {
  const found = call.world.state.roles.effective(arn.name.toLowerCase(), call.now);
  const role = found?.arn === arn.text ? found : undefined;
  for (const question of questions) {
    const refused = assumeRefusal(call, role, question);
    if (refused !== undefined) throw refused;
  }
  if (role === undefined)
    throw notAuthorized(call, { action: 'sts:AssumeRole', resource: arn.text, context: {} }, { reason: 'role-not-found' });
  return role;
}

/**
 * Both sides of AssumeRole within one account: a trust policy that names the caller itself is enough; one that names the
 * account leaves it to the caller's own policies. A Deny on either side wins.
 */
function assumeRefusal(call: Call, role: RoleRecord | undefined, question: AssumeQuestion): AwsError | undefined {
  const { caller, world } = call;
  if (caller.kind === 'anonymous') return new AwsError('AccessDenied', 403, 'Access denied', { reason: 'unauthenticated' });
  const verdict = judgeAccess(call, question);
  const trusted = (matches: readonly PrincipalMatch[]) => {
    const document = role === undefined ? undefined : statementsFor(shownTrust(world, role), namesOf(caller, world), matches);
    return evaluateIdentity(document === undefined ? [] : [document], { ...question, context: requestContext(call, question) });
  };
  const any = trusted(['caller', 'account', 'everyone']);
  const byName = trusted(['caller', 'everyone']);
  const deniedByCaller = !verdict.allowed && verdict.explicit;
  if (any.verdict === 'allow' && !deniedByCaller && (verdict.allowed || byName.verdict === 'allow')) return undefined;
  return notAuthorized(call, question, {
    reason: any.verdict === 'allow' ? 'identity-policy' : role === undefined ? 'role-not-found' : 'trust-policy',
    explain: () => ({ trust: any, identity: verdict }),
  });
}

function notAuthorized({ caller }: Call, { action, resource }: AssumeQuestion, options: AwsErrorOptions): AwsError {
  const who = caller.kind === 'anonymous' ? 'anonymous' : caller.arn;
  return new AwsError('AccessDenied', 403, `User: ${who} is not authorized to perform: ${action} on resource: ${resource}`, options);
}
