import { parsePolicyText } from '../../iam/policy-document.ts';

/** A value as JSON with the members of every object in order: equal texts for equal values. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** Whether two texts are the same JSON, whatever the order of members. */
export function sameJson(a: string, b: string): boolean {
  const [first, second] = [parsePolicyText(a), parsePolicyText(b)];
  return first.ok && second.ok && canonicalJson(first.document) === canonicalJson(second.document);
}

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: { readonly Federated?: unknown } | string;
}

/** ARNs of the OIDC providers that a trust policy allows in; none of a text that is no policy. */
export function trustedProviders(document: string): readonly string[] {
  return providersOf(statementsOf(document).filter((statement) => statement?.Effect === 'Allow'));
}

/** ARNs of the OIDC providers that a trust policy speaks of, whether it lets them in or keeps them out. */
export function namedProviders(document: string): readonly string[] {
  return providersOf(statementsOf(document));
}

function statementsOf(document: string): readonly (Statement | null)[] {
  const parsed = parsePolicyText(document);
  if (!parsed.ok) return [];
  const { Statement: listed } = (parsed.document ?? {}) as { readonly Statement?: Statement | readonly Statement[] };
  return Array.isArray(listed) ? listed : listed === undefined ? [] : [listed as Statement];
}

function providersOf(statements: readonly (Statement | null)[]): readonly string[] {
  const federated = statements.flatMap((statement) =>
    typeof statement?.Principal === 'object' ? statement.Principal?.Federated : undefined,
  );
  return [...new Set(federated.filter((arn): arn is string => typeof arn === 'string' && arn.includes(':oidc-provider/')))];
}
