import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pods } from '../../test/support/webhook-pods.ts';
import { operationsOf, reviewOf } from '../../test/support/webhook-world.ts';
import { accountSettings } from './account-settings.ts';
import { answer } from './answer.ts';
import { resolveBinding } from './binding.ts';
import type { DecisionContext } from './decide.ts';
import { explainPod } from './explain-pod.ts';
import { noIdentities } from './identities.ts';
import { emptyMapping } from './mapping.ts';
import { defaultWebhookOptions } from './options.ts';
import { scan } from './scan.ts';

const ROLE = 'arn:aws:iam::111122223333:role/r';
const contextFor = (annotations: Readonly<Record<string, string>>): DecisionContext => ({
  binding: resolveBinding(
    { namespace: 'default', name: 'sa' },
    {
      account: { exists: true, settings: accountSettings(annotations, defaultWebhookOptions) },
      mapping: emptyMapping,
      identities: noIdentities,
    },
    defaultWebhookOptions,
  ),
  options: defaultWebhookOptions,
  random: () => 0,
});

describe('an explanation', () => {
  it('says of each container what happens and why', () => {
    const pod = {
      metadata: { annotations: { 'eks.amazonaws.com/skip-containers': 'proxy' } },
      spec: {
        serviceAccountName: 'sa',
        containers: [{ name: 'main' }, { name: 'proxy' }],
        initContainers: [{ name: 'init', env: [{ name: 'AWS_ROLE_ARN' }] }],
      },
    };
    const { operations: _, ...explanation } = explainPod(pod, contextFor({ 'eks.amazonaws.com/role-arn': ROLE }));
    const mountedAt = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
    expect(explanation).toEqual({
      reason: 'Injected',
      because: 'the pod was given AWS credentials',
      method: 'web-identity',
      origin: 'service-account',
      role: ROLE,
      audience: 'sts.amazonaws.com',
      volume: { name: 'aws-iam-token', origin: 'added' },
      containers: [
        {
          name: 'main',
          init: false,
          outcome: 'filled',
          because: 'variables or the mount were missing',
          env: ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'],
          mountedAt,
        },
        {
          name: 'proxy',
          init: false,
          outcome: 'skipped',
          because: 'a list of containers of the pod leaves it out',
          env: [],
          mountedAt: undefined,
        },
        { name: 'init', init: true, outcome: 'filled', because: 'variables or the mount were missing', env: [], mountedAt },
      ],
      notes: [
        {
          reason: 'HalfSetCredentials',
          message: 'container init sets AWS_ROLE_ARN without AWS_WEB_IDENTITY_TOKEN_FILE, set both or neither',
        },
      ],
    });
  });

  it('says why a pod is left alone', () => {
    expect(explainPod({ spec: {} }, contextFor({}))).toMatchObject({ reason: 'NoRole', method: undefined, containers: [], operations: [] });
  });

  it('tells of the very operations that the answer carries', () => {
    const context = contextFor({ 'eks.amazonaws.com/role-arn': ROLE });
    fc.assert(
      fc.property(pods, (pod) => {
        const body = new TextEncoder().encode(JSON.stringify(reviewOf(pod)));
        const ref = scan(body);
        if (ref.kind === 'refusal') throw new Error(ref.message);
        const sent = operationsOf(JSON.parse(new TextDecoder().decode(answer(body, ref, context))));
        expect(explainPod(pod, context).operations).toEqual(sent);
      }),
      { numRuns: 150 },
    );
  });
});
