import { parseGoBool } from '../base/go-values.ts';
import { annotationKeys, INCLUDE_CONTAINERS_ANNOTATION, REGION_ANNOTATION, SESSION_NAME_ANNOTATION } from '../identity/annotations.ts';
import { type PodOutline, ShapeError } from '../identity/pod-outline.ts';
import { type PodPatch, patchPod } from '../identity/pod-patch.ts';
import type { Note, ReasonCode } from '../identity/reason-codes.ts';
import { type CredentialMethod, MAX_TOKEN_EXPIRATION_SECONDS } from '../identity/token-volume.ts';
import { expirationOf, regionOf } from './account-settings.ts';
import type { Binding, Bound } from './binding.ts';
import { firstCsvRecord } from './internal/csv-record.ts';
import type { WebhookOptions } from './options.ts';
import { AUTO_REGION, autoRegion } from './region.ts';

/** What becomes of one pod, and why. The pod is always allowed. */
export interface Decision {
  readonly reason: ReasonCode;
  /** Set where the ServiceAccount is bound. */
  readonly bound: Bound | undefined;
  /** Set where the pod was looked into. */
  readonly patch: PodPatch | undefined;
  readonly notes: readonly Note[];
}

/** A number in [0, 1), as `Math.random` gives. */
export type Random = () => number;

export interface DecisionContext {
  readonly binding: Binding;
  readonly options: WebhookOptions;
  /** For the jitter of container credentials. */
  readonly random: Random;
}

const JITTER_SECONDS = 7_200;

interface PodKeys {
  readonly tokenExpiration: string;
  readonly skipContainers: string;
  readonly all: readonly string[];
}

/** By options: they are made once, and asked for with each pod. */
const keysOf = new WeakMap<WebhookOptions, PodKeys>();

function podKeys(options: WebhookOptions): PodKeys {
  const known = keysOf.get(options);
  if (known !== undefined) return known;
  const { tokenExpiration, skipContainers } = annotationKeys(options.annotationPrefix);
  const all = [tokenExpiration, skipContainers, INCLUDE_CONTAINERS_ANNOTATION, REGION_ANNOTATION, SESSION_NAME_ANNOTATION];
  const keys = { tokenExpiration, skipContainers, all };
  keysOf.set(options, keys);
  return keys;
}

/** The annotations of a pod that count; the same list for the same options. */
export function podAnnotations(options: WebhookOptions): readonly string[] {
  return podKeys(options).all;
}

/** A decision that needs no look into the pod. */
export function settledDecision(reason: ReasonCode, notes: readonly Note[] = []): Decision {
  return { reason, bound: undefined, patch: undefined, notes };
}

/** Decides about one pod. `outline` is asked for only where the ServiceAccount is bound; a ShapeError from it is an answer, not a failure. */
export function decidePod(outline: () => PodOutline, { binding, options, random }: DecisionContext): Decision {
  if (binding.kind === 'unbound') return settledDecision(binding.reason, binding.notes);
  let pod: PodOutline;
  try {
    pod = outline();
  } catch (error) {
    if (error instanceof ShapeError) return settledDecision('UndecodablePod');
    throw error;
  }
  const notes: Note[] = [...binding.notes];
  const keys = podKeys(options);
  const patch = patchPod(pod, {
    method: binding.method,
    source: binding.source,
    volume: {
      name: binding.volumeName,
      audience: binding.audience,
      file: binding.tokenFile,
      expirationSeconds: expirationFor(pod, { binding, options, random }, notes),
    },
    mountPath: binding.mountPath,
    region: regionFor(pod, binding, options, notes),
    stsRegional: binding.stsRegional,
    sessionNameFromPod: sessionFor(pod, binding, notes),
    completePairs: options.completePairs,
    volumeClash: options.volumeClash,
    skip: containerList(pod, keys.skipContainers, notes) ?? [],
    include: containerList(pod, INCLUDE_CONTAINERS_ANNOTATION, notes),
  });
  const all = notes.length === 0 ? patch.notes : [...notes, ...patch.notes];
  return { reason: patch.operations.length > 0 ? 'Injected' : 'AlreadyInjected', bound: binding, patch, notes: all };
}

function expirationFor(
  pod: PodOutline,
  { binding, options, random }: DecisionContext & { readonly binding: Bound },
  notes: Note[],
): number {
  const annotation = podKeys(options).tokenExpiration;
  const wished = expirationOf(pod.annotations[annotation], { annotation, on: 'pod', maximum: options.maxTokenExpirationSeconds }, notes);
  const seconds = wished ?? binding.tokenExpirationSeconds;
  // Upstream spreads the renewals of EKS Pod Identity tokens, and only those of exactly a day.
  return spreads(binding.method, seconds) ? seconds - Math.floor(random() * (JITTER_SECONDS + 1)) : seconds;
}

function spreads(method: CredentialMethod, seconds: number): boolean {
  return method === 'container-credentials' && seconds === MAX_TOKEN_EXPIRATION_SECONDS;
}

function regionFor(pod: PodOutline, binding: Bound, options: WebhookOptions, notes: Note[]): string | undefined {
  const wanted = regionOf(pod.annotations[REGION_ANNOTATION], 'pod', notes) ?? binding.region;
  if (wanted !== AUTO_REGION) return wanted;
  const region = autoRegion(binding.method === 'web-identity' ? binding.source : undefined, options.homeRegion);
  if (region === undefined) notes.push({ reason: 'RegionUnknown', message: 'no region is known for the role, name one instead of auto' });
  return region;
}

function sessionFor(pod: PodOutline, binding: Bound, notes: Note[]): boolean {
  const text = pod.annotations[SESSION_NAME_ANNOTATION];
  if (text === undefined) return binding.sessionNameFromPod;
  const value = parseGoBool(text);
  if (value === undefined)
    notes.push({
      reason: 'InvalidSessionName',
      message: `annotation ${SESSION_NAME_ANNOTATION} of the pod is no boolean, write true or false`,
    });
  return value ?? binding.sessionNameFromPod;
}

function containerList(pod: PodOutline, annotation: string, notes: Note[]): readonly string[] | undefined {
  const text = pod.annotations[annotation];
  if (text === undefined || text === '') return undefined;
  const names = firstCsvRecord(text);
  if (names === undefined)
    notes.push({
      reason: 'InvalidContainerList',
      message: `annotation ${annotation} of the pod is no list of comma-separated names and was ignored`,
    });
  return names;
}
