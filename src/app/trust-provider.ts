import type { Problem } from '../base/errors.ts';
import { isJsonObject } from '../base/json.ts';
import { hostPathOf, parseProviderArn, providerArnOf } from '../iam/arn.ts';
import { parsePolicyText } from '../iam/policy-document.ts';
import { parseIssuer } from '../oidc/issuer-url.ts';

/** How the provider of a question is named: by its ARN, by issuer and account, or not at all. */
export interface ProviderChoice {
  readonly providerArn?: string | undefined;
  readonly issuer?: string | undefined;
  readonly account?: string | undefined;
  /** Default `aws`. */
  readonly partition?: string | undefined;
}

export type ChosenProvider =
  | { readonly ok: true; readonly providerArn: string; readonly issuer: string }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * The provider that a question is about. Named by nothing, it is the only one that the policy names; where there are none or
 * several, the problems say so.
 */
export function chooseProvider(policy: string, choice: ProviderChoice): ChosenProvider {
  const { providerArn, issuer, account } = choice;
  if (providerArn !== undefined) {
    if (issuer !== undefined) return failed('--issuer', '--provider-arn names the issuer already, leave one of the two out');
    return byArn(providerArn, '--provider-arn');
  }
  if (issuer !== undefined) {
    const problems: Problem[] = [];
    const read = parseIssuer(issuer);
    if (!read.ok) problems.push(...read.problems.map(({ message }) => ({ path: '--issuer', message })));
    if (account === undefined || !/^\d{12}$/.test(account))
      problems.push({ path: '--account', message: 'the account that holds the provider must be given with --issuer, as twelve digits' });
    if (!read.ok || account === undefined || problems.length > 0) return { ok: false, problems };
    return byArn(providerArnOf({ partition: choice.partition ?? 'aws', account, issuer: read.url.issuer }), '--issuer');
  }
  const named = providersNamedBy(policy);
  const [only] = named;
  if (only !== undefined && named.length === 1) return byArn(only, '--provider-arn');
  if (named.length > 0) return failed('--provider-arn', `the policy names ${named.length} OIDC providers, choose one: ${named.join(', ')}`);
  const remedy = { path: '--provider-arn', message: 'the policy names no OIDC provider, so give its ARN, or --issuer and --account' };
  return { ok: false, problems: [whyNoneIsNamed(policy, remedy)] };
}

/** Why a policy names no provider: its text is no JSON, which a provider given by hand would not mend, or what `otherwise` says. */
export function whyNoneIsNamed(policy: string, otherwise: Problem): Problem {
  const parsed = parsePolicyText(policy);
  return parsed.ok ? otherwise : { path: parsed.problem.path, message: `the policy cannot be read: ${parsed.problem.message}` };
}

/** The ARNs of the OIDC providers that a policy names as principals, each once, in their order; none where it cannot be read. */
export function providersNamedBy(policy: string): readonly string[] {
  const parsed = parsePolicyText(policy);
  if (!parsed.ok || !isJsonObject(parsed.document)) return [];
  const named = listOf(parsed.document.Statement).flatMap((statement) => {
    const principal = isJsonObject(statement) ? statement.Principal : undefined;
    return isJsonObject(principal) ? listOf(principal.Federated) : [];
  });
  return [...new Set(named.filter((value): value is string => typeof value === 'string' && parseProviderArn(value).ok))];
}

function byArn(text: string, path: string): ChosenProvider {
  const read = parseProviderArn(text);
  if (!read.ok) return { ok: false, problems: read.problems.map(({ message }) => ({ path, message })) };
  return { ok: true, providerArn: text, issuer: `https://${hostPathOf(read.arn.hostPath)}` };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

function failed(path: string, message: string): ChosenProvider {
  return { ok: false, problems: [{ path, message }] };
}
