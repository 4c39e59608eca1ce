import type { JsonPatchOperation } from '../../kube/core/json-patch.ts';
import { CREDENTIAL_PAIRS, DEFAULT_REGION, REGION, ROLE_SESSION_NAME, STS_REGIONAL_ENDPOINTS } from '../environment.ts';
import type { ContainerOutline, MountOutline, PodOutline, VolumeOutline } from '../pod-outline.ts';
import type { Injection, PodPatch } from '../pod-patch.ts';
import type { Note } from '../reason-codes.ts';
import { joinPath, tokenPath } from '../token-volume.ts';

/** What an injection does to one container. */
export interface ContainerEffect {
  readonly list: 'containers' | 'initContainers';
  readonly index: number;
  readonly name: string;
  /** `skipped`: by a list. `untouched`: it brings credentials, region and STS setting of its own. `complete`: nothing was missing. */
  readonly outcome: 'skipped' | 'untouched' | 'complete' | 'filled';
  /** Names of the variables added, in order. */
  readonly env: readonly string[];
  /** Where the token was mounted by this patch. */
  readonly mountedAt: string | undefined;
}

export interface ContainerContext {
  readonly list: ContainerEffect['list'];
  readonly index: number;
  readonly outline: ContainerOutline;
  readonly pod: PodOutline;
  readonly volume: PodPatch['volume'];
  readonly injection: Injection;
  readonly isLeftOut: (name: string) => boolean;
  readonly volumeNamed: (name: string) => VolumeOutline | undefined;
}

type Variable = { readonly name: string; readonly value: string } | { readonly name: string; readonly valueFrom: unknown };

/** Adds the operations of one container. Groups, order and the early exit are the upstream webhook's. */
export function patchContainer(context: ContainerContext, operations: JsonPatchOperation[], notes: Note[]): ContainerEffect {
  const { list, index, outline, injection, isLeftOut } = context;
  const { name } = outline;
  const nothing = { list, index, name, env: [], mountedAt: undefined } as const;
  if (isLeftOut(name)) return { ...nothing, outcome: 'skipped' };
  // A handful at most: those of AWS alone.
  const present: readonly string[] = outline.env ?? [];
  const pair = CREDENTIAL_PAIRS[injection.method];
  const hasSource = present.includes(pair.source);
  const hasTokenFile = present.includes(pair.tokenFile);
  const hasRegion = present.includes(REGION) || present.includes(DEFAULT_REGION);
  const completes = injection.completePairs && hasSource && !hasTokenFile;
  if (hasSource !== hasTokenFile && !completes) {
    const [set, missing] = hasSource ? [pair.source, pair.tokenFile] : [pair.tokenFile, pair.source];
    notes.push({ reason: 'HalfSetCredentials', message: `container ${name} sets ${set} without ${missing}, set both or neither` });
  }
  if ((hasSource || hasTokenFile) && !completes && hasRegion && present.includes(STS_REGIONAL_ENDPOINTS))
    return { ...nothing, outcome: 'untouched' };

  const mount = chooseMount(context, notes);
  const file = tokenPath(mount.directory, injection.volume.file, context.pod.windows);
  const added: Variable[] = [];
  if (injection.stsRegional && !present.includes(STS_REGIONAL_ENDPOINTS)) added.push({ name: STS_REGIONAL_ENDPOINTS, value: 'regional' });
  if (injection.region !== undefined && !hasRegion) {
    added.push({ name: DEFAULT_REGION, value: injection.region }, { name: REGION, value: injection.region });
  }
  if (!hasSource && !hasTokenFile) added.push({ name: pair.source, value: injection.source });
  if ((!hasSource && !hasTokenFile) || completes) {
    added.push({ name: pair.tokenFile, value: file });
    if (injection.sessionNameFromPod && !present.includes(ROLE_SESSION_NAME)) {
      added.push({ name: ROLE_SESSION_NAME, valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } });
    }
  }

  const at = `/spec/${list}/${index}`;
  append(operations, `${at}/env`, outline.env, added);
  if (mount.added !== undefined) {
    append(operations, `${at}/volumeMounts`, outline.mounts, [{ name: context.volume.name, readOnly: true, mountPath: mount.added }]);
  }
  const outcome = added.length === 0 && mount.added === undefined ? 'complete' : 'filled';
  return { list, index, name, outcome, env: added.map((variable) => variable.name), mountedAt: mount.added };
}

/** Appends to a list, or makes it: an absent or null list is replaced by one of the new items alone. */
function append(operations: JsonPatchOperation[], path: string, before: readonly unknown[] | undefined, items: readonly unknown[]): void {
  if (items.length === 0) return;
  if (before === undefined) operations.push({ op: 'add', path, value: items });
  else for (const value of items) operations.push({ op: 'add', path: `${path}/-`, value });
}

interface MountChoice {
  /** The mountPath of the mount to add. */
  readonly added: string | undefined;
  /** Where the container finds the token. */
  readonly directory: string;
}

function chooseMount({ outline, volume, injection, volumeNamed }: ContainerContext, notes: Note[]): MountChoice {
  const wanted = injection.mountPath;
  const mounts = outline.mounts ?? [];
  const own = mounts.find((mount) => mount.name === volume.name);
  if (own !== undefined) {
    const elsewhere = own.mountPath !== '' && !samePath(own.mountPath, wanted);
    if (volume.origin !== 'foreign' && !own.partial) return { added: undefined, directory: elsewhere ? own.mountPath : wanted };
    if (elsewhere || own.partial) {
      notes.push({
        reason: 'MountElsewhere',
        message: `container ${outline.name} mounts volume ${volume.name} so that the token is not below ${wanted}`,
      });
    }
    return { added: undefined, directory: wanted };
  }
  const clash = mounts.find((mount) => samePath(mount.mountPath, wanted));
  if (clash === undefined) return { added: wanted, directory: wanted };
  if (holdsToken(clash, volumeNamed(clash.name), injection)) return { added: undefined, directory: wanted };
  const beside = freePath(wanted, mounts);
  notes.push({
    reason: 'MountPathClash',
    message: `container ${outline.name} mounts volume ${clash.name} at ${wanted}, the token is at ${beside}`,
  });
  return { added: beside, directory: beside };
}

function holdsToken(mount: MountOutline, mounted: VolumeOutline | undefined, { volume }: Injection): boolean {
  const token = mounted?.token;
  return !mount.partial && token?.audience === volume.audience && token.path === volume.file;
}

function freePath(wanted: string, mounts: readonly MountOutline[]): string {
  const base = `${joinPath(wanted, '')}-podrole`;
  // All of them may be taken, so each is looked at once.
  const taken = new Set(mounts.map(({ mountPath }) => (isUnclean(mountPath) ? joinPath(mountPath, '') : mountPath)));
  for (let attempt = 1; ; attempt += 1) {
    const path = attempt === 1 ? base : `${base}-${attempt}`;
    if (!taken.has(path)) return path;
  }
}

function samePath(one: string, other: string): boolean {
  return one === other || ((isUnclean(one) || isUnclean(other)) && joinPath(one, '') === joinPath(other, ''));
}

/** Whether cleaning may change a path. */
function isUnclean(path: string): boolean {
  return path.endsWith('/') || path.includes('//') || path.includes('/.') || !path.startsWith('/');
}
