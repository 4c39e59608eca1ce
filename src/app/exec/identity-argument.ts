import { PodroleError } from '../../base/errors.ts';
import { isDnsLabel, isDnsSubdomain } from '../../iam/service-account-subject.ts';

/** Whose AWS identity is wanted. */
export interface IdentityArgument {
  readonly kind: 'service-account' | 'pod';
  readonly namespace: string;
  readonly name: string;
}

const KINDS: Readonly<Record<string, IdentityArgument['kind']>> = {
  sa: 'service-account',
  serviceaccount: 'service-account',
  pod: 'pod',
  po: 'pod',
};

/** Reads `sa/NAMESPACE:NAME` or `pod/NAMESPACE:NAME`. Throws `identity-invalid`. */
export function parseIdentity(text: string): IdentityArgument {
  const [, word = '', namespace = '', name = ''] = /^([a-z]+)\/([^:/]+):([^:/]+)$/.exec(text) ?? [];
  const kind = Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
  if (kind === undefined || !isDnsLabel(namespace) || !isDnsSubdomain(name))
    throw new PodroleError(`${JSON.stringify(text)} names no identity`, {
      code: 'identity-invalid',
      hint: 'write sa/NAMESPACE:NAME or pod/NAMESPACE:NAME',
    });
  return { kind, namespace, name };
}
