/** A service account by namespace and name. */
export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const SUBJECT = new RegExp(`^system:serviceaccount:(${LABEL}):(${LABEL}(?:\\.${LABEL})*)$`);
const MAX_NAME = 253;

/** The `sub` of a service account's token: `system:serviceaccount:<namespace>:<name>`. Source: Kubernetes, service account usernames. */
export function subjectOf(account: ServiceAccountName): string {
  return `system:serviceaccount:${account.namespace}:${account.name}`;
}

/** Reads a subject whose namespace is a DNS label and whose name is a DNS subdomain; undefined for everything else. */
export function parseSubject(text: string): ServiceAccountName | undefined {
  if (text.length > 'system:serviceaccount::'.length + 63 + MAX_NAME) return undefined;
  const [, namespace, name] = SUBJECT.exec(text) ?? [];
  if (namespace === undefined || name === undefined || name.length > MAX_NAME) return undefined;
  return { namespace, name };
}
