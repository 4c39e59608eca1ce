import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { tokenOf } from '../../identity/pod-outline.ts';

/** A volume of a pod as far as a token may lie in it. */
export interface PodVolume {
  readonly name: string;
  /** Set when it holds one service account token and nothing else. */
  readonly token: { readonly audience: string; readonly path: string; readonly expirationSeconds: number | undefined } | undefined;
}

/** A container as a comparison needs it. */
export interface PodContainer {
  readonly name: string;
  /** Literal values by name; `undefined` for those that come from elsewhere (`valueFrom`). */
  readonly env: ReadonlyMap<string, string | undefined>;
  readonly takesFromElsewhere: boolean;
  readonly mounts: readonly { readonly name: string; readonly mountPath: string; readonly partial: boolean }[];
}

/** All init containers, then all containers. What has not the shape of one is passed over: the webhook's decision tells of that. */
export function containersOf(pod: unknown): readonly PodContainer[] {
  const spec = specOf(pod);
  return [...objects(spec?.initContainers), ...objects(spec?.containers)].map((container) => ({
    name: text(container.name),
    env: new Map(
      objects(container.env).map((variable) => [
        text(variable.name),
        variable.valueFrom === undefined || variable.valueFrom === null ? text(variable.value) : undefined,
      ]),
    ),
    takesFromElsewhere: objects(container.envFrom).length > 0,
    mounts: objects(container.volumeMounts).map((mount) => ({
      name: text(mount.name),
      mountPath: text(mount.mountPath),
      partial: text(mount.subPath) !== '' || text(mount.subPathExpr) !== '',
    })),
  }));
}

export function volumesOf(pod: unknown): readonly PodVolume[] {
  return objects(specOf(pod)?.volumes).map((volume) => {
    const token = tokenOf(volume.projected);
    return {
      name: text(volume.name),
      token: token === undefined ? undefined : { ...token, expirationSeconds: lifeOf(volume.projected) },
    };
  });
}

/** The pod's spec, where it has one. */
export function specOf(pod: unknown): JsonObject | undefined {
  return isJsonObject(pod) && isJsonObject(pod.spec) ? pod.spec : undefined;
}

/** `tokenOf` has seen that there is one source and that it is a token. */
function lifeOf(projected: unknown): number | undefined {
  const [source] = isJsonObject(projected) ? objects(projected.sources) : [];
  const token = isJsonObject(source?.serviceAccountToken) ? source.serviceAccountToken : undefined;
  return typeof token?.expirationSeconds === 'number' ? token.expirationSeconds : undefined;
}

function objects(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? (list as readonly unknown[]).filter(isJsonObject) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
