import { readFileSync } from 'node:fs';
import { applyPatch } from 'rfc6902';
import { describe, expect, it } from 'vitest';
import { type AnswerBody, operationsOf, WebhookWorld } from '../../test/support/webhook-world.ts';

const review = readFileSync(new URL('../../test/vectors/webhook-review.pod.json', import.meta.url));
const ROLE = 'arn:aws:iam::111122223333:role/kf-user-demo';

describe('a pod of an annotated service account', () => {
  it('is given volume, mount and variables, on the very object that a kube-apiserver sends', async () => {
    const world = new WebhookWorld().know('hooks/default', { 'eks.amazonaws.com/role-arn': ROLE });
    const reply = await world.send(review);
    expect(reply).toMatchObject({ status: 200, contentType: 'application/json' });
    const answer = JSON.parse(reply.text) as AnswerBody;
    const operations = operationsOf(answer);
    expect(operations).toEqual([
      {
        op: 'add',
        path: '/spec/volumes/0',
        value: {
          name: 'aws-iam-token',
          projected: { sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 86400, path: 'token' } }] },
        },
      },
      {
        op: 'add',
        path: '/spec/containers/0/env',
        value: [
          { name: 'AWS_ROLE_ARN', value: ROLE },
          { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token' },
        ],
      },
      {
        op: 'add',
        path: '/spec/containers/0/volumeMounts/-',
        value: { name: 'aws-iam-token', readOnly: true, mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount' },
      },
    ]);
    const pod: unknown = JSON.parse(review.toString()).request.object;
    expect(applyPatch(pod, [...operations] as never)).toEqual([null, null, null]);
    const { patch: _, ...rest } = answer.response;
    expect({ ...answer, response: rest }).toEqual({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      response: {
        uid: 'fc77ad4e-8c45-4961-b3c9-77d1a0ecbc08',
        allowed: true,
        patchType: 'JSONPatch',
        auditAnnotations: { reason: 'Injected', method: 'web-identity', origin: 'service-account' },
      },
    });
  });
});
