/** STS's grammar of `RoleSessionName`. */
export const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;

/** A session name that tells who it was in CloudTrail: the pod's or service account's name from the token. */
export function sessionNameFrom(ownName: string | undefined): string {
  const name = (ownName ?? '').replace(/[^\w+=,.@-]/g, '-').slice(0, 64);
  return SESSION_NAME.test(name) ? name : 'podrole';
}
