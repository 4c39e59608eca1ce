import { describe, expect, it } from 'vitest';
import { type ExecPod, podEnvironment } from './pod-environment.ts';

const FOLDER = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const pod = (container: Record<string, unknown> = {}): ExecPod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-0', namespace: 'team-a', uid: 'u' },
    spec: {
      serviceAccountName: 'web',
      nodeName: 'node-1',
      containers: [
        { name: 'sidecar', env: [{ name: 'OTHER', value: 'x' }] },
        {
          name: 'app',
          env: [
            { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/r' },
            { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${FOLDER}/token` },
            { name: 'AWS_ROLE_SESSION_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'AWS_REGION', value: 'us-west-2' },
            { name: 'SECRET', value: 'not AWS' },
          ],
          volumeMounts: [
            { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
            { name: 'aws-iam-token', mountPath: FOLDER },
          ],
          ...container,
        },
      ],
      volumes: [
        { name: 'kube-api-access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
        {
          name: 'aws-iam-token',
          projected: { sources: [{ serviceAccountToken: { audience: 'client-a', expirationSeconds: 7_200, path: 'token' } }] },
        },
      ],
    },
  }) as ExecPod;

describe('a pod’s environment', () => {
  it('is that of its first container with a role: AWS variables alone, and the token behind the file', () => {
    expect(podEnvironment(pod(), undefined)).toEqual({
      container: 'app',
      variables: {
        AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/r',
        AWS_WEB_IDENTITY_TOKEN_FILE: `${FOLDER}/token`,
        AWS_ROLE_SESSION_NAME: 'web-0',
        AWS_REGION: 'us-west-2',
      },
      token: { audience: 'client-a', expirationSeconds: 7_200 },
      notes: [],
    });
  });

  it('is that of the container asked for', () => {
    expect(podEnvironment(pod(), 'sidecar')).toEqual({ container: 'sidecar', variables: {}, token: undefined, notes: [] });
    expect(podEnvironment(pod(), 'absent')).toBeUndefined();
  });

  it('says what it cannot reproduce, and what beats the role', () => {
    const environment = podEnvironment(
      pod({
        env: [
          { name: 'AWS_ROLE_ARN', value: 'r' },
          { name: 'AWS_ACCESS_KEY_ID', value: 'AKIA' },
          { name: 'AWS_SECRET_ACCESS_KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        ],
        envFrom: [{ configMapRef: { name: 'c' } }],
      }),
      undefined,
    );
    expect(environment?.variables).toEqual({ AWS_ROLE_ARN: 'r', AWS_ACCESS_KEY_ID: 'AKIA' });
    expect(environment?.notes).toEqual([
      'AWS_SECRET_ACCESS_KEY of container app comes from a place that is not read here; it is not reproduced',
      'container app takes variables from envFrom; they are not reproduced',
      "container app sets AWS_ACCESS_KEY_ID, which SDKs prefer to the service account's role",
    ]);
  });

  it('finds no token where the file lies in no projected volume', () => {
    expect(podEnvironment(pod({ volumeMounts: [] }), undefined)?.token).toBeUndefined();
    expect(podEnvironment(pod({ volumeMounts: [{ name: 'aws-iam-token', mountPath: `${FOLDER}x` }] }), undefined)?.token).toBeUndefined();
  });
});
