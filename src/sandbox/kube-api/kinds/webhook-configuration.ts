import { celSyntaxProblem } from '../admission/cel.ts';
import { type FieldError, invalidValue, notSupported, requiredValue } from '../status/field-error.ts';
import { type KindBehaviour, listAt, objectAt } from './behaviour.ts';

type Webhook = Readonly<Record<string, unknown>>;

/** Mutating or validating webhook configurations: the defaults of `admissionregistration.k8s.io/v1` and the checks a test may trip over. */
export function webhookConfigurationBehaviour(mutating: boolean): KindBehaviour {
  return {
    defaults: (object) => {
      const webhooks = listAt(object, 'webhooks').map((webhook) => withDefaults(webhook, mutating));
      return webhooks.length === 0 ? object : { ...object, webhooks };
    },
    validate: (object) => listAt(object, 'webhooks').flatMap((webhook, index) => check(webhook, `webhooks[${index}]`)),
  };
}

function withDefaults(webhook: Webhook, mutating: boolean): Webhook {
  return {
    ...webhook,
    clientConfig: withServicePort(objectAt(webhook, 'clientConfig')),
    rules: listAt(webhook, 'rules').map((rule) => ({ ...rule, scope: rule.scope ?? '*' })),
    failurePolicy: webhook.failurePolicy ?? 'Fail',
    matchPolicy: webhook.matchPolicy ?? 'Equivalent',
    namespaceSelector: webhook.namespaceSelector ?? {},
    objectSelector: webhook.objectSelector ?? {},
    timeoutSeconds: webhook.timeoutSeconds ?? 10,
    ...(mutating ? { reinvocationPolicy: webhook.reinvocationPolicy ?? 'Never' } : {}),
  };
}

function withServicePort(clientConfig: Webhook): Webhook {
  if (typeof clientConfig.service !== 'object' || clientConfig.service === null) return clientConfig;
  const service = objectAt(clientConfig, 'service');
  return { ...clientConfig, service: { ...service, port: service.port ?? 443 } };
}

function check(webhook: Webhook, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const name = String(webhook.name ?? '');
  if (name === '') errors.push(requiredValue(`${field}.name`));
  else if (name.split('.').length < 3)
    errors.push(invalidValue(`${field}.name`, name, 'should be a domain with at least three segments separated by dots'));
  const sideEffects = webhook.sideEffects;
  if (sideEffects === undefined || sideEffects === null)
    errors.push(requiredValue(`${field}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  else if (sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    errors.push(notSupported(`${field}.sideEffects`, sideEffects, ['None', 'NoneOnDryRun']));
  const timeout = webhook.timeoutSeconds;
  if (typeof timeout === 'number' && (timeout < 1 || timeout > 30)) {
    errors.push(invalidValue(`${field}.timeoutSeconds`, timeout, 'the timeout value must be between 1 and 30 seconds'));
  }
  const { url, service } = objectAt(webhook, 'clientConfig');
  if ((url === undefined) === (service === undefined))
    errors.push(requiredValue(`${field}.clientConfig`, 'exactly one of url or service is required'));
  else if (typeof url === 'string' && !url.startsWith('https://'))
    errors.push(
      invalidValue(
        `${field}.clientConfig.url`,
        url.slice(0, Math.max(0, url.indexOf(':'))),
        "'https' is the only allowed URL scheme; desired format: https://host[/path]",
      ),
    );
  const versions = webhook.admissionReviewVersions;
  if (!Array.isArray(versions) || versions.length === 0) {
    errors.push(requiredValue(`${field}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
  } else if (!versions.includes('v1')) {
    errors.push(invalidValue(`${field}.admissionReviewVersions`, versions, 'must include at least one of v1, v1beta1'));
  }
  listAt(webhook, 'matchConditions').forEach((condition, index) => {
    errors.push(...checkCondition(condition, `${field}.matchConditions[${index}]`));
  });
  return errors;
}

/** A condition that does not parse is refused when it is written, not when it is run. */
function checkCondition(condition: Webhook, field: string): readonly FieldError[] {
  const { name, expression } = condition;
  const errors: FieldError[] = name ? [] : [requiredValue(`${field}.name`)];
  if (typeof expression !== 'string' || expression === '') return [...errors, requiredValue(`${field}.expression`)];
  const problem = celSyntaxProblem(expression);
  return problem === undefined ? errors : [...errors, invalidValue(`${field}.expression`, expression, `compilation failed: ${problem}`)];
}
