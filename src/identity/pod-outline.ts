import { isJsonObject, type JsonObject } from '../base/json.ts';
import { POD_IDENTITY_LABEL } from './annotations.ts';
import { AWS_VARIABLES, type AwsVariable } from './environment.ts';

/** A volume mount as far as the patch cares. */
export interface MountOutline {
  readonly name: string;
  readonly mountPath: string;
  /** Whether it mounts a part of the volume only (`subPath` or `subPathExpr`); the kubelet never refreshes such a token. */
  readonly partial: boolean;
}

/** A container as far as the patch cares. `undefined` lists are absent or null in the pod. */
export interface ContainerOutline {
  readonly name: string;
  /** Which AWS variables `env[]` names. Values are of no concern and never read; `envFrom` is not looked at, as upstream does not. */
  readonly env: readonly AwsVariable[] | undefined;
  readonly mounts: readonly MountOutline[] | undefined;
}

/** A volume as far as the patch cares. */
export interface VolumeOutline {
  readonly name: string;
  /** Set when the volume is projected and holds exactly one service account token and nothing else. */
  readonly token: { readonly audience: string; readonly path: string } | undefined;
}

/** The parts of a pod that decide what its patch is. The webhook reads it from bytes, everything else from parsed JSON: same value. */
export interface PodOutline {
  /** `metadata.name`, empty where the API server will generate one. */
  readonly name: string;
  /** Those that were asked for. */
  readonly annotations: Readonly<Record<string, string>>;
  /** `none`: the pod has no labels member; else the value of the pod-identity label, if any. */
  readonly labels: 'no-metadata' | 'none' | { readonly podIdentity: string | undefined };
  /** By node selector (either label, as upstream), by `spec.os`, or by a required node affinity for nothing but Windows. */
  readonly windows: boolean;
  readonly volumes: readonly VolumeOutline[] | undefined;
  readonly containers: readonly ContainerOutline[];
  readonly initContainers: readonly ContainerOutline[];
}

/** Thrown inside outlining and nowhere else: the JSON does not have the shape of a pod. `path` is the member at fault. */
export class ShapeError extends Error {
  override readonly name: string = 'ShapeError';
}

/**
 * Containers of one list. No node runs as many; but each turns four bytes of a review into half a kilobyte of patch, so a body of 3 MiB could ask
 * for one of hundreds of MiB. More is a ShapeError.
 */
export const MAX_CONTAINERS = 1_000;

/** The node labels that say which operating system a pod is for. */
export const OS_LABELS = ['kubernetes.io/os', 'beta.kubernetes.io/os'] as const;
export const WINDOWS = 'windows';

/**
 * Outlines a pod that is parsed JSON, with those annotations that are `wanted`. Member names are exact, as the API server writes them.
 * Throws ShapeError where a member that matters has the wrong type.
 */
export function outlineOf(pod: unknown, wanted: readonly string[]): PodOutline {
  if (!isJsonObject(pod)) throw new ShapeError('the object is no JSON object');
  const metadata = optionalObject(pod, 'metadata', '');
  const spec = optionalObject(pod, 'spec', '');
  if (spec === undefined) throw new ShapeError('/spec is missing');
  const labels = metadata && optionalObject(metadata, 'labels', '/metadata');
  return {
    name: metadata ? text(metadata, 'name', '/metadata') : '',
    annotations: texts(metadata && optionalObject(metadata, 'annotations', '/metadata'), '/metadata/annotations', wanted),
    labels: labelState(metadata, labels),
    windows: isWindows(spec),
    volumes: list(spec, 'volumes', '/spec')?.map(volumeOutline),
    containers: containerOutlines(spec, 'containers'),
    initContainers: containerOutlines(spec, 'initContainers'),
  };
}

function labelState(metadata: JsonObject | undefined, labels: JsonObject | undefined): PodOutline['labels'] {
  if (metadata === undefined) return 'no-metadata';
  if (labels === undefined) return 'none';
  return { podIdentity: texts(labels, '/metadata/labels', [POD_IDENTITY_LABEL])[POD_IDENTITY_LABEL] };
}

function isWindows(spec: JsonObject): boolean {
  const selector = texts(optionalObject(spec, 'nodeSelector', '/spec'), '/spec/nodeSelector', OS_LABELS);
  const os = optionalObject(spec, 'os', '/spec');
  const affinity = optionalObject(spec, 'affinity', '/spec');
  return (
    OS_LABELS.some((label) => selector[label] === WINDOWS) ||
    (os !== undefined && text(os, 'name', '/spec/os') === WINDOWS) ||
    requiresWindows(affinity)
  );
}

/** Whether an `affinity` lets the pod run on nothing but Windows nodes: each of the terms, of which one must match, asks for it. */
export function requiresWindows(affinity: unknown): boolean {
  const terms = member(member(member(affinity, 'nodeAffinity'), 'requiredDuringSchedulingIgnoredDuringExecution'), 'nodeSelectorTerms');
  if (!Array.isArray(terms) || terms.length === 0) return false;
  return terms.every((term) => {
    const expressions = member(term, 'matchExpressions');
    return Array.isArray(expressions) && expressions.some(asksForWindows);
  });
}

function asksForWindows(expression: unknown): boolean {
  const values = member(expression, 'values');
  return (
    OS_LABELS.some((label) => label === member(expression, 'key')) &&
    member(expression, 'operator') === 'In' &&
    Array.isArray(values) &&
    values.length === 1 &&
    values[0] === WINDOWS
  );
}

function member(parent: unknown, name: string): unknown {
  return isJsonObject(parent) ? own(parent, name) : undefined;
}

function volumeOutline(volume: unknown, at: number): VolumeOutline {
  const path = `/spec/volumes/${at}`;
  if (!isJsonObject(volume)) throw new ShapeError(`${path} is no object`);
  return { name: text(volume, 'name', path), token: tokenOf(own(volume, 'projected')) };
}

/** Sources are foreign and varied: what is not plainly one token counts as something else, never as an error. */
export function tokenOf(projected: unknown): VolumeOutline['token'] {
  const sources = member(projected, 'sources');
  const source: unknown = Array.isArray(sources) && sources.length === 1 ? sources[0] : undefined;
  const token = member(source, 'serviceAccountToken');
  const path = member(token, 'path');
  if (!isJsonObject(source) || Object.keys(source).length !== 1 || typeof path !== 'string') return undefined;
  const audience = member(token, 'audience');
  return { audience: typeof audience === 'string' ? audience : '', path };
}

function containerOutlines(spec: JsonObject, member: 'containers' | 'initContainers'): readonly ContainerOutline[] {
  const all = list(spec, member, '/spec') ?? [];
  if (all.length > MAX_CONTAINERS) throw new ShapeError(`/spec/${member} holds more than ${MAX_CONTAINERS} containers`);
  return all.map((container, at) => containerOutline(container, `/spec/${member}/${at}`));
}

function containerOutline(container: unknown, path: string): ContainerOutline {
  if (!isJsonObject(container)) throw new ShapeError(`${path} is no object`);
  return {
    name: text(container, 'name', path),
    env: list(container, 'env', path)?.flatMap((variable, at) => awsVariable(variable, `${path}/env/${at}`)),
    mounts: list(container, 'volumeMounts', path)?.map((mount, at) => mountOutline(mount, `${path}/volumeMounts/${at}`)),
  };
}

function awsVariable(variable: unknown, path: string): readonly AwsVariable[] {
  if (!isJsonObject(variable)) throw new ShapeError(`${path} is no object`);
  const name = text(variable, 'name', path);
  return AWS_VARIABLES.filter((known) => known === name);
}

function mountOutline(mount: unknown, path: string): MountOutline {
  if (!isJsonObject(mount)) throw new ShapeError(`${path} is no object`);
  return {
    name: text(mount, 'name', path),
    mountPath: text(mount, 'mountPath', path),
    partial: text(mount, 'subPath', path) !== '' || text(mount, 'subPathExpr', path) !== '',
  };
}

function optionalObject(parent: JsonObject, member: string, path: string): JsonObject | undefined {
  const value = own(parent, member);
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw new ShapeError(`${path}/${member} is no object`);
  return value;
}

function list(parent: JsonObject, member: string, path: string): readonly unknown[] | undefined {
  const value = own(parent, member);
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new ShapeError(`${path}/${member} is no list`);
  return value;
}

/** A text member; absent and null are empty, as for Kubernetes' own decoder. */
function text(parent: JsonObject, member: string, path: string): string {
  const value = own(parent, member);
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new ShapeError(`${path}/${member} is no text`);
  return value;
}

function texts(parent: JsonObject | undefined, path: string, wanted: readonly string[]): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  if (parent === undefined) return result;
  for (const name of Object.keys(parent)) {
    const value = text(parent, name, path);
    if (wanted.includes(name)) result[name] = value;
  }
  return result;
}

function own(parent: JsonObject, member: string): unknown {
  return Object.hasOwn(parent, member) ? parent[member] : undefined;
}
