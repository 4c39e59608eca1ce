import { PodroleError } from '../base/errors.ts';

/** A service account by its two names. */
export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

const PREFIX = 'system:serviceaccount:';
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether `text` is a DNS label (RFC 1123, 63 characters), as a namespace's name must be. */
export function isDnsLabel(text: string): boolean {
  return LABEL.test(text);
}

/** Whether `text` is a DNS subdomain (RFC 1123, 253 characters; parts may exceed 63), as a ServiceAccount's name must be. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && text.split('.').every((part) => /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(part));
}

/**
 * The `sub` claim that Kubernetes writes into the tokens of a service account.
 * Names outside Kubernetes' grammar are refused with the code `invalid-subject`, so that no wildcard, policy variable or
 * line break can reach a trust policy through a name.
 */
export function subjectOf({ namespace, name }: ServiceAccountName): string {
  if (!isDnsLabel(namespace) || !isDnsSubdomain(name)) {
    throw new PodroleError(`${JSON.stringify(`${namespace}/${name}`)} does not name a service account, give a legal namespace and name`, {
      code: 'invalid-subject',
    });
  }
  return `${PREFIX}${namespace}:${name}`;
}

/** The service account behind a `sub` claim; `undefined` for anything that Kubernetes would not write. */
export function parseSubject(subject: string): ServiceAccountName | undefined {
  if (!subject.startsWith(PREFIX)) return undefined;
  const [namespace, name, ...rest] = subject.slice(PREFIX.length).split(':');
  if (namespace === undefined || name === undefined || rest.length > 0) return undefined;
  return isDnsLabel(namespace) && isDnsSubdomain(name) ? { namespace, name } : undefined;
}
