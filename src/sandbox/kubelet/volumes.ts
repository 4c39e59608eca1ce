import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, sleep } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Pod, podField, type VolumeSource } from './pod.ts';

/** What the kubelet asks of the API server. Its wire is handed in, so that a pod's token comes over the same door as in a cluster. */
export interface KubeletApi {
  getPod(target: { readonly namespace: string; readonly name: string }, signal?: AbortSignal): Promise<Pod | undefined>;
  /** TokenRequest, bound to the pod. */
  requestToken(
    request: { readonly pod: Pod; readonly audience: string | undefined; readonly expirationSeconds: number | undefined },
    signal?: AbortSignal,
  ): Promise<{ readonly token: string; readonly expiresAt: Date }>;
  readConfigMap(
    target: { readonly namespace: string; readonly name: string },
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, string>>>;
  setPodStatus(pod: Pod, status: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<void>;
}

export interface VolumeDeps {
  readonly api: KubeletApi;
  readonly clock: Clock;
  readonly log: Log;
}

/** Share of a token's life after which the kubelet asks for the next one. */
const REFRESH_AT = 0.8;
const RETRY_MS = 5_000;
/** A token that is over already, by this clock, must not be asked for in a loop. */
const LEAST_REFRESH_MS = 1_000;

/** Writes `text` so that a reader sees the old file or the new one, never a part. Mode 0600. */
async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/**
 * Fills the pod's projected volumes below `folder` and keeps their tokens fresh until `signal` aborts.
 * Rejects with what the API server refused, or a RangeError that names a volume this kubelet does not serve.
 */
export async function mountVolumes(deps: VolumeDeps, pod: Pod, folder: string, signal: AbortSignal): Promise<void> {
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.projected === undefined) {
      throw new RangeError(
        `pod ${pod.metadata.namespace}/${pod.metadata.name}: volume ${volume.name} is not projected; the sandbox's kubelet serves no other kind`,
      );
    }
    for (const source of volume.projected.sources ?? []) await fill(deps, { pod, folder: join(folder, volume.name), source }, signal);
  }
}

interface Filling {
  readonly pod: Pod;
  readonly folder: string;
  readonly source: VolumeSource;
}

async function fill(deps: VolumeDeps, filling: Filling, signal: AbortSignal): Promise<void> {
  const { pod, folder, source } = filling;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (source.serviceAccountToken !== undefined) await keepToken(deps, filling, signal);
  if (source.configMap !== undefined) {
    const data = await deps.api.readConfigMap({ namespace: pod.metadata.namespace, name: source.configMap.name }, signal);
    const items = source.configMap.items ?? Object.keys(data).map((key) => ({ key, path: key }));
    for (const { key, path } of items) await replaceFile(join(folder, path), data[key] ?? '');
  }
  for (const item of source.downwardAPI?.items ?? [])
    await replaceFile(join(folder, item.path), podField(pod, item.fieldRef?.fieldPath ?? '') ?? '');
}

async function keepToken(deps: VolumeDeps, filling: Filling, signal: AbortSignal): Promise<void> {
  const { pod, folder, source } = filling;
  const { audience, expirationSeconds, path = 'token' } = source.serviceAccountToken ?? {};
  const next = async (): Promise<number> => {
    const issued = await deps.api.requestToken({ pod, audience, expirationSeconds }, signal);
    await replaceFile(join(folder, path), issued.token);
    return Math.max(LEAST_REFRESH_MS, (issued.expiresAt.getTime() - deps.clock.now().getTime()) * REFRESH_AT);
  };
  let due = await next();
  void (async () => {
    while (!signal.aborted) {
      try {
        await sleep(deps.clock, due, signal);
        due = await next();
      } catch {
        if (signal.aborted) return;
        deps.log.warn('token was not refreshed', { namespace: pod.metadata.namespace, pod: pod.metadata.name });
        due = RETRY_MS;
      }
    }
  })();
}

/** Shows the volumes at their mount paths below the container's root. */
export async function linkMounts(
  root: string,
  folder: string,
  mounts: readonly { readonly name: string; readonly mountPath: string }[],
): Promise<void> {
  for (const { name, mountPath } of mounts) {
    const at = join(root, mountPath);
    await mkdir(dirname(at), { recursive: true, mode: 0o700 });
    await symlink(join(folder, name), at, 'dir');
  }
}
