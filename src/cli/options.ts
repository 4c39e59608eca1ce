import { InvalidArgumentError, Option } from 'commander';
import type { Format } from './document.ts';

/** `-o`, with `text` as the default. */
export const outputOption = (formats: readonly Format[] = ['text', 'json', 'yaml']): Option =>
  new Option('-o, --output <format>', 'how to print the answer')
    .choices([...formats])
    .default('text')
    .env('PODROLE_OUTPUT');

export const regionOption = (): Option => new Option('--region <region>', 'AWS region').env('PODROLE_REGION');

export const kubeconfigOption = (): Option =>
  new Option('--kubeconfig <file>', 'kubeconfig; absent: $KUBECONFIG, then ~/.kube/config').env('PODROLE_KUBECONFIG');

export const contextOption = (): Option => new Option('--context <name>', 'context of the kubeconfig').env('PODROLE_CONTEXT');

export const endpointOption = (): Option =>
  new Option('--endpoint-url <url>', 'AWS endpoint for every service, for example a sandbox').env('PODROLE_ENDPOINT_URL');

export const providerArnOption = (): Option =>
  new Option('--provider-arn <arn>', 'the OIDC provider that is meant; absent: the only one that the policy names').env(
    'PODROLE_PROVIDER_ARN',
  );

/** Appends a repeated flag's value. */
export const collected = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** A whole number within bounds; everything else is a usage error that says so. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`it must be a whole number from ${least} to ${most}`);
    return value;
  };

/** A text of a grammar. */
export const matching =
  (pattern: RegExp, what: string) =>
  (text: string): string => {
    if (!pattern.test(text)) throw new InvalidArgumentError(`it must be ${what}`);
    return text;
  };

/** A quota in characters, or `off`. */
export function trustPolicyQuota(text: string): number | 'off' {
  return text === 'off' ? 'off' : wholeNumber(1, 100_000)(text);
}

/** The name of a sandbox's cluster: EKS's rule, and short enough for the roles that are named after it (IAM allows 64 characters). */
export const clusterName = matching(/^[0-9A-Za-z][A-Za-z0-9_-]{0,54}$/, 'letters, digits, - and _, at most 55');

/** The name of an AWS region, known or not. */
export const regionName = matching(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'the name of a region, such as us-west-2');
