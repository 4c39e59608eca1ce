import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { Status } from '../../../kube/core/status.ts';
import { forbidden } from '../status/refusal.ts';
import { type Members, membersOf, objectsOf, textOf } from './internal/edit.ts';
import { DEFAULT_MODE } from './internal/volume-defaults.ts';

export type PodAdmission = { readonly ok: true; readonly pod: KubeObject } | { readonly ok: false; readonly status: Status };

export interface ServiceAccountAdmission {
  /** The account that `serviceAccountNameOf(pod)` names, in the pod's namespace; undefined when there is none. */
  readonly serviceAccount: KubeObject | undefined;
  /** Five characters that end the name of the token volume. */
  readonly suffix: string;
}

/** Where every container finds the token of its pod for the API server. */
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';

/**
 * Seconds of the token in that volume. A pod-bound token of exactly this life and for the API server is silently extended
 * to a year, with a note of when it should have been renewed (KEP-1205).
 */
export const API_TOKEN_SECONDS = 3607;

/** The account a pod runs as: the one it names, else `default`. */
export function serviceAccountNameOf(pod: KubeObject): string {
  const spec = membersOf(pod.spec);
  return textOf(spec.serviceAccountName) || textOf(spec.serviceAccount) || 'default';
}

/**
 * The ServiceAccount admission plugin on create: names the account, mounts its token in every container unless the pod or the account
 * says no or something is mounted there, and takes the account's pull secrets where the pod has none. Running it again changes nothing.
 * 403 when the account does not exist.
 */
export function admitServiceAccount(pod: KubeObject, { serviceAccount, suffix }: ServiceAccountAdmission): PodAdmission {
  const name = serviceAccountNameOf(pod);
  if (serviceAccount === undefined) {
    const { namespace = '', name: podName = '' } = pod.metadata;
    const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
    return { ok: false, status: forbidden({ group: '', plural: 'pods' }, podName, why).status };
  }
  const spec = membersOf(pod.spec);
  const named: Members = { ...spec, serviceAccountName: name, serviceAccount: name };
  const mounted = shouldMount(spec, serviceAccount) ? mountToken(named, suffix) : named;
  return { ok: true, pod: { ...pod, spec: withPullSecrets(mounted, serviceAccount) } };
}

function shouldMount(spec: Members, serviceAccount: KubeObject): boolean {
  const own = spec.automountServiceAccountToken;
  return (typeof own === 'boolean' ? own : serviceAccount.automountServiceAccountToken) !== false;
}

function mountToken(spec: Members, suffix: string): Members {
  const volumes = objectsOf(spec.volumes);
  const existing = volumes.find((volume) => textOf(volume.name).startsWith(VOLUME_PREFIX));
  const volumeName = existing === undefined ? `${VOLUME_PREFIX}${suffix}` : textOf(existing.name);
  let needed = false;
  const mount = (container: Members): Members => {
    const mounts = objectsOf(container.volumeMounts);
    if (mounts.some((candidate) => candidate.mountPath === MOUNT_PATH)) return container;
    needed = true;
    return { ...container, volumeMounts: [...mounts, { name: volumeName, readOnly: true, mountPath: MOUNT_PATH }] };
  };
  const containers = objectsOf(spec.containers).map(mount);
  const initContainers = objectsOf(spec.initContainers).map(mount);
  return {
    ...spec,
    ...(needed && existing === undefined ? { volumes: [...volumes, tokenVolume(volumeName)] } : {}),
    ...(Array.isArray(spec.containers) ? { containers } : {}),
    ...(Array.isArray(spec.initContainers) ? { initContainers } : {}),
  };
}

function tokenVolume(name: string): Members {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: API_TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
      defaultMode: DEFAULT_MODE,
    },
  };
}

function withPullSecrets(spec: Members, serviceAccount: KubeObject): Members {
  const secrets = objectsOf(serviceAccount.imagePullSecrets);
  const own = Array.isArray(spec.imagePullSecrets) && spec.imagePullSecrets.length > 0;
  return own || secrets.length === 0 ? spec : { ...spec, imagePullSecrets: secrets.filter(isJsonObject).map(({ name }) => ({ name })) };
}
