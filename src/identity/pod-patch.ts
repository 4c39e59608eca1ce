import { type JsonPatchOperation, jsonPointer } from '../kube/core/json-patch.ts';
import { POD_IDENTITY_LABEL, POD_IDENTITY_LABEL_VALUE } from './annotations.ts';
import { type ContainerEffect, patchContainer } from './internal/container-patch.ts';
import { resolveVolume } from './internal/volume-choice.ts';
import type { ContainerOutline, PodOutline, VolumeOutline } from './pod-outline.ts';
import type { Note } from './reason-codes.ts';
import { type CredentialMethod, projectedVolume, type TokenVolume } from './token-volume.ts';

export type { ContainerEffect } from './internal/container-patch.ts';

/** Everything a pod is to be given. */
export interface Injection {
  readonly method: CredentialMethod;
  /** The role's ARN (web identity) or the URL of the credentials endpoint (container credentials). */
  readonly source: string;
  readonly volume: TokenVolume;
  /** Used verbatim for the mount and cleaned in the environment, as upstream does. */
  readonly mountPath: string;
  /** `AWS_REGION` and `AWS_DEFAULT_REGION`; absent: neither is touched. */
  readonly region?: string | undefined;
  /** Whether `AWS_STS_REGIONAL_ENDPOINTS=regional` is wanted. */
  readonly stsRegional: boolean;
  /** Whether `AWS_ROLE_SESSION_NAME` is filled from the pod's name. Web identity only. */
  readonly sessionNameFromPod: boolean;
  /** Whether a container that sets only the role (or endpoint) is given the token file too. Upstream adds neither. */
  readonly completePairs: boolean;
  /** A foreign volume of our name: `keep` points at it and says so, as upstream does silently; `rename` takes another name. */
  readonly volumeClash: 'keep' | 'rename';
  /** Names of containers left alone. */
  readonly skip: readonly string[];
  /** Names of the only containers to fill; absent: all. */
  readonly include?: readonly string[] | undefined;
}

/** What an injection means for one pod: the operations, and why. */
export interface PodPatch {
  /** RFC 6902; empty when the pod lacks nothing. */
  readonly operations: readonly JsonPatchOperation[];
  /** The volume that carries the token, and where it comes from. */
  readonly volume: { readonly name: string; readonly origin: 'added' | 'present' | 'foreign' };
  readonly containers: readonly ContainerEffect[];
  readonly notes: readonly Note[];
}

/**
 * The smallest JSON patch that gives a pod its credentials. Operations only add list items and absent lists, so fields unknown to
 * podrole survive; on a pod that was patched before the result is empty. Order and skip groups are the upstream webhook's.
 */
export function patchPod(pod: PodOutline, injection: Injection): PodPatch {
  const operations: JsonPatchOperation[] = [];
  const notes: Note[] = [];
  if (injection.method === 'container-credentials') addLabel(pod, operations, notes);

  const volumeNamed = volumesByName(pod);
  const volume = resolveVolume(pod, { injection, volumeNamed }, notes);
  if (volume.origin === 'added') {
    const added = projectedVolume({ ...injection.volume, name: volume.name });
    operations.push(
      pod.volumes === undefined
        ? { op: 'add', path: '/spec/volumes', value: [added] }
        : { op: 'add', path: '/spec/volumes/0', value: added },
    );
  }

  noteUnknownContainers(pod, injection, notes);
  const effective: Injection = { ...injection, sessionNameFromPod: sessionNameFits(pod, injection, notes) };
  const isLeftOut = leftOutBy(injection);
  const containers: ContainerEffect[] = [];
  const fill = (list: ContainerEffect['list'], outlines: readonly ContainerOutline[]): void => {
    for (const [index, outline] of outlines.entries()) {
      const context = { list, index, outline, pod, volume, injection: effective, isLeftOut, volumeNamed };
      containers.push(patchContainer(context, operations, notes));
    }
  };
  fill('containers', pod.containers);
  fill('initContainers', pod.initContainers);
  return { operations, volume, containers, notes };
}

/** A list may hold a hundred thousand names that no container has: so many are told one by one. */
const MAX_NAMED = 8;

function addLabel(pod: PodOutline, operations: JsonPatchOperation[], notes: Note[]): void {
  const labels = { [POD_IDENTITY_LABEL]: POD_IDENTITY_LABEL_VALUE };
  if (pod.labels === 'no-metadata') operations.push({ op: 'add', path: '/metadata', value: { labels } });
  else if (pod.labels === 'none') operations.push({ op: 'add', path: '/metadata/labels', value: labels });
  else if (pod.labels.podIdentity !== POD_IDENTITY_LABEL_VALUE) {
    operations.push({ op: 'add', path: jsonPointer('metadata', 'labels', POD_IDENTITY_LABEL), value: POD_IDENTITY_LABEL_VALUE });
    if (pod.labels.podIdentity !== undefined) {
      notes.push({ reason: 'LabelOverwritten', message: `label ${POD_IDENTITY_LABEL} had another value than ${POD_IDENTITY_LABEL_VALUE}` });
    }
  }
}

function noteUnknownContainers(pod: PodOutline, injection: Injection, notes: Note[]): void {
  const listed = [...injection.skip, ...(injection.include ?? [])];
  if (listed.length === 0) return;
  const names = new Set([...pod.containers, ...pod.initContainers].map(({ name }) => name));
  const unknown = [...new Set(listed)].filter((name) => !names.has(name));
  for (const name of unknown.slice(0, MAX_NAMED)) {
    const trimmed = name.trim();
    const hint = trimmed !== name && names.has(trimmed) ? `, names are not trimmed: did you mean ${JSON.stringify(trimmed)}` : '';
    notes.push({ reason: 'UnknownContainer', message: `the pod has no container ${JSON.stringify(name.slice(0, 63))}${hint}` });
  }
  const more = unknown.length - MAX_NAMED;
  if (more > 0) notes.push({ reason: 'UnknownContainer', message: `the pod has none of ${more} more containers that the lists name` });
}

/** Which containers the lists leave alone. */
function leftOutBy({ skip, include }: Injection): (name: string) => boolean {
  if (skip.length === 0 && include === undefined) return () => false;
  const skipped = new Set(skip);
  const included = include && new Set(include);
  return (name) => skipped.has(name) || included?.has(name) === false;
}

/** The first volume of a name. Whoever writes a pod may make its lists as long as a review may be, so none is searched for each item of another. */
function volumesByName({ volumes = [] }: PodOutline): (name: string) => VolumeOutline | undefined {
  let byName: Map<string, VolumeOutline> | undefined;
  return (name) => {
    byName ??= new Map([...volumes].reverse().map((volume) => [volume.name, volume]));
    return byName.get(name);
  };
}

/** STS refuses a session name above 64 characters; names the API server generates stay below. */
function sessionNameFits(pod: PodOutline, injection: Injection, notes: Note[]): boolean {
  if (!injection.sessionNameFromPod || injection.method !== 'web-identity') return false;
  if (pod.name.length <= 64) return true;
  notes.push({
    reason: 'SessionNameTooLong',
    message: 'the pod name exceeds 64 characters, shorten it to have STS sessions named after the pod',
  });
  return false;
}
