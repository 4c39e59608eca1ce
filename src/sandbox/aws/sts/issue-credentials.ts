import { isoSeconds } from '../query/wire-values.ts';
import type { XmlObject } from '../query/xml.ts';
import type { Session } from '../sigv4/session-seal.ts';
import { uniqueId } from '../store/unique-ids.ts';
import { type Call, iamArn, type World } from '../world.ts';

/** Makes credentials for a session; nothing is stored. */
export function issueCredentials(call: Call, session: Session): XmlObject {
  const { world } = call;
  const accessKeyId = uniqueId('ASIA', world.newId);
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: world.seal.secretFor(accessKeyId),
    SessionToken: world.seal.seal(accessKeyId, session),
    Expiration: isoSeconds(session.expiresAt * 1000),
  };
}

/** The `AssumedRoleUser` of an answer: the session's ARN leaves out the role's path. */
export function assumedRoleUser(world: World, session: Session): XmlObject {
  return {
    AssumedRoleId: `${session.roleId}:${session.sessionName}`,
    Arn: iamArn(world, `assumed-role/${session.roleName}/${session.sessionName}`).replace(':iam:', ':sts:'),
  };
}
