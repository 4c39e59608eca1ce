import type { Problem } from '../../base/errors.ts';
import type { FlagRow, FlagValues } from '../../base/flag-table.ts';
import { webhookFlagTable } from '../../webhook/flags.data.ts';
import type { WebhookOptions } from '../../webhook/options.ts';
import { optionsFromFlags } from '../../webhook/options-from-flags.ts';

/** Flags of the webhook that have a say in what becomes of a pod. */
const DECIDING: ReadonlySet<string> = new Set([
  'annotation-prefix',
  'token-audience',
  'token-mount-path',
  'token-expiration',
  'max-token-expiration',
  'aws-default-region',
  'cluster-region',
  'sts-regional-endpoint',
  'watch-config-map',
  'mapping-defaults',
  'compose-role-arn',
  'account-id',
  'watch-container-credentials-config',
  'container-credentials-audience',
  'container-credentials-token-mount-path',
  'container-credentials-token-volume-name',
  'container-credentials-token-path',
  'container-credentials-full-uri',
  'refuse-invalid-roles',
  'session-name-from-pod',
  'complete-pairs',
  'volume-clash',
  'exempt-namespaces',
  'webhook-configuration',
]);

/** The rows of the webhook's flag table that decide about a pod, in the table's order. */
export const decidingFlags: readonly FlagRow[] = webhookFlagTable.filter(({ name }) => DECIDING.has(name));

/** How the webhook in question was started. */
export type ExplainOptions =
  | {
      readonly ok: true;
      readonly webhook: WebhookOptions;
      /** Name of its MutatingWebhookConfiguration. */
      readonly configuration: string;
      /** Namespace of the mapping ConfigMap. */
      readonly namespace: string;
      /** Absolute path of the container credentials file, there where the webhook runs; `undefined`: the branch is off. */
      readonly identitiesFile: string | undefined;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads the webhook's flags as the webhook does. */
export function explainOptions(values: FlagValues): ExplainOptions {
  const read = optionsFromFlags(values);
  if (!read.ok) return read;
  const { webhookConfiguration, namespace, identitiesFile } = read.serving;
  return { ok: true, webhook: read.options, configuration: webhookConfiguration ?? '', namespace, identitiesFile };
}
