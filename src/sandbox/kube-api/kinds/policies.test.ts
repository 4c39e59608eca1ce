import { describe, expect, test } from 'vitest';
import { behaviourOf } from './kinds.ts';

const POLICIES = 'networkpolicies.networking.k8s.io';
const BUDGETS = 'poddisruptionbudgets.policy';
const env = { clock: { now: () => new Date(0) }, newId: () => 'id' };
const texts = (bucket: string, spec: object): readonly string[] =>
  (behaviourOf(bucket).validate?.({ metadata: { name: 'x' }, spec }) ?? []).map(({ field, message }) => `${field}: ${message}`);

describe('network policies', () => {
  test('are about what comes in, about what goes out where there is a rule, and about TCP', () => {
    const defaults = (spec: object): unknown => behaviourOf(POLICIES).defaults?.({ metadata: {}, spec }, env).spec;
    expect(defaults({})).toStrictEqual({ policyTypes: ['Ingress'] });
    expect(defaults({ egress: [{ ports: [{ port: 53 }, { port: 53, protocol: 'UDP' }] }] })).toStrictEqual({
      egress: [
        {
          ports: [
            { protocol: 'TCP', port: 53 },
            { protocol: 'UDP', port: 53 },
          ],
        },
      ],
      policyTypes: ['Ingress', 'Egress'],
    });
    expect(defaults({ policyTypes: ['Egress'] })).toStrictEqual({ policyTypes: ['Egress'] });
  });

  test('are refused with all that is wrong', () => {
    expect(
      texts(POLICIES, {
        policyTypes: ['In'],
        ingress: [
          {
            ports: [
              { port: 0, protocol: 'X' },
              { endPort: 3 },
              { port: 'a', endPort: 3 },
              { port: 9, endPort: 3 },
              { port: 80, endPort: 90 },
            ],
            from: [
              {},
              { ipBlock: { cidr: '1.2.3.4/33' } },
              { ipBlock: {} },
              { ipBlock: { cidr: 'fd00::/8', except: ['fd00::'] }, podSelector: {} },
              { namespaceSelector: {}, podSelector: {} },
            ],
          },
        ],
      }),
    ).toStrictEqual([
      'spec.ingress[0].ports[0].protocol: Unsupported value: "X": supported values: "TCP", "UDP", "SCTP"',
      'spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'spec.ingress[0].ports[1].endPort: Invalid value: 3: may not be specified when `port` is not specified',
      'spec.ingress[0].ports[2].endPort: Invalid value: 3: may not be specified when `port` is non-numeric',
      'spec.ingress[0].ports[3].endPort: Invalid value: 9: must be greater than or equal to `port`',
      'spec.ingress[0].from[0]: Required value: must specify a peer',
      'spec.ingress[0].from[1].ipBlock.cidr: Invalid value: "1.2.3.4/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.ingress[0].from[2].ipBlock.cidr: Required value',
      'spec.ingress[0].from[3].ipBlock.except[0]: Invalid value: "fd00::": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.ingress[0].from[3]: Forbidden: may not specify both ipBlock and another peer',
      'spec.policyTypes[0]: Unsupported value: "In": supported values: "Ingress", "Egress"',
    ]);
    expect(texts(POLICIES, { policyTypes: ['Ingress', 'Egress', 'Ingress'] })).toStrictEqual([
      'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes',
    ]);
  });
});

describe('disruption budgets', () => {
  test.each([
    ['a number', { minAvailable: 0 }, []],
    ['a share', { maxUnavailable: '100%', unhealthyPodEvictionPolicy: 'AlwaysAllow' }, []],
    [
      'both',
      { minAvailable: 1, maxUnavailable: 1 },
      [
        'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
      ],
    ],
    ['fewer than none', { minAvailable: -1 }, ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0']],
    ['more than all', { minAvailable: '101%' }, ['spec.minAvailable: Invalid value: "101%": must not be greater than 100%']],
    [
      'a word',
      { maxUnavailable: 'x' },
      [
        `spec.maxUnavailable: Invalid value: "x": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`,
      ],
    ],
    [
      'a policy that there is not',
      { unhealthyPodEvictionPolicy: 'Never' },
      ['spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"'],
    ],
  ])('name %s', (_, spec, expected) => {
    expect(texts(BUDGETS, spec)).toStrictEqual(expected);
  });
});
