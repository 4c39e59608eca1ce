import type { Call } from '../world.ts';
import { sessionRole } from './caller-policies.ts';
import type { Permission, PermissionContext } from './permission.ts';

/**
 * Condition keys of a request by a role session: AWS's global keys as far as the sandbox knows their values, then the
 * action's own. Keys that AWS would not send are absent, since absence decides conditions too.
 */
export function requestContext(call: Call, permission: Permission): PermissionContext {
  const { caller, world } = call;
  if (caller.kind !== 'session') return permission.context ?? {};
  const { session } = caller;
  const issued = new Date(session.issuedAt * 1000).toISOString();
  const principalTags = { ...tagsOf(sessionRole(world, session)?.tags), ...tagsOf(session.tags) };
  return {
    'aws:CurrentTime': new Date(call.now).toISOString(),
    'aws:EpochTime': String(Math.floor(call.now / 1000)),
    'aws:PrincipalAccount': world.account,
    'aws:PrincipalArn': session.roleArn,
    'aws:PrincipalType': 'AssumedRole',
    'aws:PrincipalIsAWSService': 'false',
    'aws:userid': caller.userId,
    'aws:RequestedRegion': world.region,
    'aws:ResourceAccount': world.account,
    'aws:SecureTransport': 'true',
    'aws:TokenIssueTime': issued,
    ...(session.federatedProvider === undefined ? {} : { 'aws:FederatedProvider': session.federatedProvider }),
    ...(session.sourceIdentity === undefined ? {} : { 'aws:SourceIdentity': session.sourceIdentity }),
    ...Object.fromEntries(Object.entries(principalTags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
    ...permission.context,
  };
}

function tagsOf(tags: readonly { readonly key: string; readonly value: string }[] = []): Record<string, string> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}
