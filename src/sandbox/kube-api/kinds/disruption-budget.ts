import { type FieldError, invalidValue, notSupported } from '../status/field-error.ts';
import { type KindBehaviour, objectAt } from './behaviour.ts';

const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

/** A budget names what must stay or what may go, and not both. After `pkg/apis/policy/validation`. */
export const disruptionBudgetBehaviour: KindBehaviour = {
  validate: (object) => {
    const spec = objectAt(object, 'spec');
    const { minAvailable, maxUnavailable, selector = null, unhealthyPodEvictionPolicy: policy } = spec;
    // Shown by the names of the type that the real one works with, which has no names of JSON.
    const shown = {
      MinAvailable: minAvailable,
      Selector: selector,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: policy ?? null,
    };
    const both = minAvailable !== undefined && maxUnavailable !== undefined;
    return [
      ...(both ? [invalidValue('spec', shown, 'minAvailable and maxUnavailable cannot be both set')] : []),
      ...checkAmount('spec.minAvailable', minAvailable),
      ...checkAmount('spec.maxUnavailable', maxUnavailable),
      ...(policy === undefined || EVICTION_POLICIES.includes(String(policy))
        ? []
        : [notSupported('spec.unhealthyPodEvictionPolicy', policy, EVICTION_POLICIES)]),
    ];
  },
};

const NO_PERCENTAGE =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** A number of pods, or a share of them. */
function checkAmount(path: string, amount: unknown): readonly FieldError[] {
  if (typeof amount === 'number') return amount >= 0 ? [] : [invalidValue(path, amount, 'must be greater than or equal to 0')];
  if (typeof amount !== 'string') return [];
  if (!/^[0-9]+%$/.test(amount)) return [invalidValue(path, amount, NO_PERCENTAGE)];
  return Number(amount.slice(0, -1)) <= 100 ? [] : [invalidValue(path, amount, 'must not be greater than 100%')];
}
