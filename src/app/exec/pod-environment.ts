import type { KubeObject } from '../../kube/core/object.ts';

/** A pod's own AWS variables and the token behind them, as far as its object tells. */
export interface PodEnvironment {
  readonly container: string;
  /** Every variable that begins with `AWS_` and has a value that can be known. */
  readonly variables: Readonly<Record<string, string>>;
  readonly token: { readonly audience: string | undefined; readonly expirationSeconds: number | undefined } | undefined;
  readonly notes: readonly string[];
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

interface Container {
  readonly name: string;
  readonly env?: readonly Variable[];
  readonly envFrom?: readonly unknown[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface TokenSource {
  readonly serviceAccountToken?: { readonly audience?: string; readonly expirationSeconds?: number; readonly path: string };
}

/** A pod as the API server answers it. */
export interface ExecPod extends KubeObject {
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly nodeName?: string;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly volumes?: readonly { readonly name: string; readonly projected?: { readonly sources?: readonly TokenSource[] } }[];
  };
  readonly status?: { readonly podIP?: string; readonly hostIP?: string; readonly phase?: string };
}

const TOKEN_FILE = 'AWS_WEB_IDENTITY_TOKEN_FILE';

/** The environment of one container: the named one, else the first that has a role, else the first. `undefined`: there is no such container. */
export function podEnvironment(pod: ExecPod, wanted: string | undefined): PodEnvironment | undefined {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const container =
    wanted === undefined
      ? (containers.find(({ env }) => env?.some(({ name }) => name === 'AWS_ROLE_ARN')) ?? containers[0])
      : containers.find(({ name }) => name === wanted);
  if (container === undefined) return undefined;
  const notes: string[] = [];
  const variables: Record<string, string> = {};
  for (const variable of container.env ?? []) {
    if (!variable.name.startsWith('AWS_')) continue;
    const value = knownValue(variable, pod);
    if (value !== undefined) variables[variable.name] = value;
    else notes.push(`${variable.name} of container ${container.name} comes from a place that is not read here; it is not reproduced`);
  }
  if ((container.envFrom ?? []).length > 0) notes.push(`container ${container.name} takes variables from envFrom; they are not reproduced`);
  if (variables.AWS_ACCESS_KEY_ID !== undefined)
    notes.push(`container ${container.name} sets AWS_ACCESS_KEY_ID, which SDKs prefer to the service account's role`);
  return { container: container.name, variables, token: tokenBehind(variables[TOKEN_FILE], container, pod), notes };
}

/** A literal, or a field of the downward API that the object holds. References to other variables (`$(NAME)`) are left as they are. */
function knownValue({ value, valueFrom }: Variable, pod: ExecPod): string | undefined {
  if (valueFrom === undefined) return value ?? '';
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': pod.spec.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName,
    'status.podIP': pod.status?.podIP,
    'status.hostIP': pod.status?.hostIP,
  };
  return fields[valueFrom.fieldRef?.fieldPath ?? ''];
}

function tokenBehind(file: string | undefined, container: Container, pod: ExecPod): PodEnvironment['token'] {
  if (file === undefined) return undefined;
  for (const { name, mountPath } of container.volumeMounts ?? []) {
    const folder = mountPath.endsWith('/') ? mountPath : `${mountPath}/`;
    if (!file.startsWith(folder)) continue;
    const sources = pod.spec.volumes?.find((volume) => volume.name === name)?.projected?.sources ?? [];
    const token = sources.map((source) => source.serviceAccountToken).find((each) => each?.path === file.slice(folder.length));
    if (token !== undefined) return { audience: token.audience, expirationSeconds: token.expirationSeconds };
  }
  return undefined;
}
