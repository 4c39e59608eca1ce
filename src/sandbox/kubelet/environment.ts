import { join } from 'node:path';
import { type Container, type Pod, podField } from './pod.ts';

/** A value that had to be moved below the pod's own folder, as no laptop lets a test write `/var/run/secrets`. */
export interface Rewrite {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

export interface ContainerEnvironment {
  readonly env: Readonly<Record<string, string>>;
  readonly rewrites: readonly Rewrite[];
}

export interface HostSide {
  /** The container's root folder. */
  readonly root: string;
  readonly home: string;
  /** The search path for programs. */
  readonly path: string;
}

/**
 * The environment of a container's process: what the pod says, plus PATH, a fresh HOME and `AWS_EC2_METADATA_DISABLED`.
 * Values below a mount path are moved into the root folder. Throws a RangeError that names a variable whose source is not served here.
 */
export function containerEnvironment(pod: Pod, container: Container, host: HostSide): ContainerEnvironment {
  const env: Record<string, string> = { PATH: host.path, HOME: host.home, AWS_EC2_METADATA_DISABLED: 'true' };
  const rewrites: Rewrite[] = [];
  const mounts = (container.volumeMounts ?? []).map((mount) => mount.mountPath.replace(/\/+$/, ''));
  for (const variable of container.env ?? []) {
    const value = variable.value ?? fromSource(pod, container, variable.name);
    const below = mounts.some((mount) => value === mount || value.startsWith(`${mount}/`));
    env[variable.name] = below ? join(host.root, value) : value;
    if (below) rewrites.push({ name: variable.name, from: value, to: join(host.root, value) });
  }
  return { env, rewrites };
}

function fromSource(pod: Pod, container: Container, name: string): string {
  const source = container.env?.find((variable) => variable.name === name)?.valueFrom;
  if (source === undefined) return '';
  const value = source.fieldRef === undefined ? undefined : podField(pod, source.fieldRef.fieldPath);
  if (value === undefined) {
    throw new RangeError(
      `pod ${pod.metadata.namespace}/${pod.metadata.name}, container ${container.name}: the source of ${name} is not served by the sandbox's kubelet`,
    );
  }
  return value;
}
