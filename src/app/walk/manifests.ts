import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { resources } from '../../kube/core/resource.ts';
import { packageRoot } from '../package-root.ts';
import type { Sandbox } from '../sandbox.ts';
import { OBJECT_KEY, SDK_IMAGE, userRoleArn } from './walk-world.ts';

/** Creates a shipped Profile in the version that its manifest names, with the seed's placeholders filled in. */
export async function createProfile(
  kube: KubeClient,
  what: { readonly profile: string; readonly sandbox: Sandbox },
  signal?: AbortSignal,
): Promise<void> {
  const object = await example(`profile-${what.profile}.yaml`, what.sandbox);
  const version = object.apiVersion?.split('/')[1] ?? resources.profiles.version;
  await kube.create({ ...resources.profiles, version }, object, {}, signal);
}

/** A shipped example with the seed's placeholders filled in. */
async function example(file: string, sandbox: Sandbox): Promise<KubeObject> {
  const text = await readFile(join(packageRoot(), 'examples', file), 'utf8');
  const values: Readonly<Record<string, string>> = { AWS_ACCOUNT_ID: sandbox.account, AWS_CLUSTER_NAME: sandbox.cluster };
  return parse(text.replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)) as KubeObject;
}

/** Where a laptop's AWS is: the only two things that a pod in a real cluster does not need to be told. */
function endpoints(sandbox: Sandbox): readonly { readonly name: string; readonly value: string }[] {
  return [
    { name: 'AWS_ENDPOINT_URL', value: sandbox.awsEndpoint },
    { name: 'AWS_ENDPOINT_URL_STS', value: sandbox.awsEndpoint },
    ...(sandbox.awsEndpoint.startsWith('https:') ? [{ name: 'NODE_EXTRA_CA_CERTS', value: sandbox.caFile }] : []),
  ];
}

/** A data scientist's pod: it says whose service account it runs as, and nothing of AWS. */
export function notebookPod(sandbox: Sandbox, target: { readonly namespace: string; readonly name: string }): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...target },
    spec: {
      serviceAccountName: 'default-editor',
      containers: [{ name: 'main', image: SDK_IMAGE, args: ['get-caller-identity', 'wait'], env: endpoints(sandbox) }],
    },
  };
}

/** A pod of another service account that helps itself to the role: token, path and ARN written by hand. */
export function borrowingPod(sandbox: Sandbox, target: { readonly namespace: string; readonly name: string }): KubeObject {
  const mountPath = '/var/run/secrets/borrowed';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...target },
    spec: {
      serviceAccountName: 'default-viewer',
      volumes: [
        {
          name: 'borrowed',
          projected: { sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 3600, path: 'token' } }] },
        },
      ],
      containers: [
        {
          name: 'main',
          image: SDK_IMAGE,
          args: ['wait'],
          env: [
            ...endpoints(sandbox),
            { name: 'AWS_REGION', value: sandbox.region },
            { name: 'AWS_ROLE_ARN', value: userRoleArn(sandbox) },
            { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${mountPath}/token` },
          ],
          volumeMounts: [{ name: 'borrowed', mountPath, readOnly: true }],
        },
      ],
    },
  };
}

/** What the user lets the role do: read one bucket. */
export function readBucketPolicy(bucket: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/${OBJECT_KEY}` }],
  });
}
