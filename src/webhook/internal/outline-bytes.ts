import { POD_IDENTITY_LABEL } from '../../identity/annotations.ts';
import { AWS_VARIABLES, type AwsVariable } from '../../identity/environment.ts';
import {
  type ContainerOutline,
  MAX_CONTAINERS,
  type MountOutline,
  OS_LABELS,
  outlineOf,
  type PodOutline,
  requiresWindows,
  ShapeError,
  type VolumeOutline,
  WINDOWS,
} from '../../identity/pod-outline.ts';
import type { PodRef, Span } from '../scan.ts';
import { JsonCursor, type Vocabulary, vocabulary } from './json-cursor.ts';
import { MISSHAPEN, textMember } from './members.ts';

const NAME = vocabulary('name');
const CONTAINER = vocabulary('name', 'env', 'volumeMounts');
const MOUNT = vocabulary('name', 'mountPath', 'subPath', 'subPathExpr');
const VOLUME = vocabulary('name', 'projected');
const SOURCES = vocabulary('sources');
const SOURCE = vocabulary('serviceAccountToken');
const TOKEN = vocabulary('audience', 'path');
const VARIABLE = vocabulary(...AWS_VARIABLES);
const LABEL = vocabulary(POD_IDENTITY_LABEL);
const OS_LABEL = vocabulary(...OS_LABELS);
/** Of lists of annotations, each made once. */
const vocabularies = new WeakMap<readonly string[], Vocabulary<string>>();

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Nothing that comes later makes up for it. */
class ManyContainersError extends ShapeError {}

/**
 * The outline of a pod that was scanned, read from the places that the scan found: the value that outlining the parsed pod gives,
 * without parsing it. Throws ShapeError where a member that matters has the wrong type.
 */
export function outlineBytes(body: Uint8Array, ref: PodRef, wanted: readonly string[]): PodOutline {
  if (ref.spans === undefined) throw new ShapeError('the object is no pod');
  try {
    return outlineSpans(body, ref, ref.spans, wanted);
  } catch (error) {
    if (!(error instanceof ShapeError) || error instanceof ManyContainersError) throw error;
    // A misshapen member may be followed by a good one of the same name, which then counts. Nobody sends that, so the slow way will do.
    return outlineOf(JSON.parse(decoder.decode(body.subarray(ref.spans.object.start, ref.spans.object.end))), wanted);
  }
}

function outlineSpans(body: Uint8Array, ref: PodRef, spans: NonNullable<PodRef['spans']>, wanted: readonly string[]): PodOutline {
  const at = <T>(span: Span | undefined, read: (cursor: JsonCursor) => T): T | undefined => span && read(new JsonCursor(body, span.start));
  return {
    name: ref.name,
    annotations: at(spans.annotations, (cursor) => texts(cursor, vocabularyOf(wanted))) ?? {},
    labels: labelState(spans.labels, at),
    windows: isWindows(body, spans, at),
    volumes: at(spans.volumes, (cursor) => items(cursor, volumeOutline)),
    containers: at(spans.containers, containerOutlines) ?? [],
    initContainers: at(spans.initContainers, containerOutlines) ?? [],
  };
}

type ReadAt = <T>(span: Span | undefined, read: (cursor: JsonCursor) => T) => T | undefined;

function labelState(labels: Span | undefined | 'no-metadata', at: ReadAt): PodOutline['labels'] {
  if (labels === 'no-metadata') return labels;
  const found = at(labels, (cursor) => texts(cursor, LABEL));
  return found === undefined ? 'none' : { podIdentity: found[POD_IDENTITY_LABEL] };
}

function isWindows(body: Uint8Array, spans: NonNullable<PodRef['spans']>, at: ReadAt): boolean {
  const selector = at(spans.nodeSelector, (cursor) => texts(cursor, OS_LABEL)) ?? {};
  const os = at(spans.os, nameOf);
  // An affinity is rare and deep: what is left of it after the scan's check is parsed.
  const { affinity } = spans;
  const parsed: unknown = affinity && JSON.parse(decoder.decode(body.subarray(affinity.start, affinity.end)));
  return OS_LABELS.some((label) => selector[label] === WINDOWS) || os === WINDOWS || requiresWindows(parsed);
}

function vocabularyOf(words: readonly string[]): Vocabulary<string> {
  const known = vocabularies.get(words) ?? vocabulary(...words);
  vocabularies.set(words, known);
  return known;
}

/** Every member of an object of texts is checked, those that are wanted are kept. */
function texts(cursor: JsonCursor, wanted: Vocabulary<string>): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    const key = cursor.key(wanted);
    const kind = cursor.kind();
    if (kind !== 'text' && kind !== 'null') throw new ShapeError('a member of annotations, labels or node selector is no text');
    if (key !== undefined && kind === 'text') found[key] = cursor.text();
    else {
      cursor.skip();
      if (key !== undefined) found[key] = '';
    }
  }
  return found;
}

function items<T>(cursor: JsonCursor, read: (cursor: JsonCursor) => T): readonly T[] {
  const found: T[] = [];
  for (let more = cursor.enterList(); more; more = cursor.nextItem()) found.push(read(cursor));
  return found;
}

/** Items of a list that may be null. */
function itemsMember<T>(cursor: JsonCursor, read: (cursor: JsonCursor) => T): readonly T[] | undefined {
  const kind = cursor.kind();
  if (kind === 'list') return items(cursor, read);
  if (kind !== 'null') throw new ShapeError('a list of the pod is none');
  cursor.skip();
  return undefined;
}

function requireObject(cursor: JsonCursor): void {
  if (cursor.kind() !== 'object') throw new ShapeError('an item of the pod is no object');
}

/** A member that must be a text. Of several members of one name the last counts, so the check waits for the end of the object. */
function checked(value: ReturnType<typeof textMember>): string {
  if (value === MISSHAPEN) throw new ShapeError('a text of the pod is none');
  return value;
}

function nameOf(cursor: JsonCursor): string {
  let name: ReturnType<typeof textMember> = '';
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    if (cursor.key(NAME) === 'name') name = textMember(cursor);
    else cursor.skip();
  }
  return checked(name);
}

function containerOutlines(cursor: JsonCursor): readonly ContainerOutline[] {
  const found: ContainerOutline[] = [];
  for (let more = cursor.enterList(); more; more = cursor.nextItem()) {
    if (found.length === MAX_CONTAINERS) throw new ManyContainersError(`the pod holds more than ${MAX_CONTAINERS} containers`);
    found.push(containerOutline(cursor));
  }
  return found;
}

function containerOutline(cursor: JsonCursor): ContainerOutline {
  requireObject(cursor);
  let name: ReturnType<typeof textMember> = '';
  let env: ContainerOutline['env'];
  let mounts: ContainerOutline['mounts'];
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    switch (cursor.key(CONTAINER)) {
      case 'name':
        name = textMember(cursor);
        break;
      case 'env':
        env = itemsMember(cursor, variableOutline)?.filter((variable) => variable !== undefined);
        break;
      case 'volumeMounts':
        mounts = itemsMember(cursor, mountOutline);
        break;
      default:
        cursor.skip();
    }
  }
  return { name: checked(name), env, mounts };
}

function variableOutline(cursor: JsonCursor): AwsVariable | undefined {
  requireObject(cursor);
  let name: AwsVariable | undefined;
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    if (cursor.key(NAME) !== 'name') {
      cursor.skip();
      continue;
    }
    const kind = cursor.kind();
    if (kind === 'text') name = cursor.word(VARIABLE);
    else if (kind !== 'null') throw new ShapeError('the name of a variable is no text');
    else {
      cursor.skip();
      name = undefined;
    }
  }
  return name;
}

function mountOutline(cursor: JsonCursor): MountOutline {
  requireObject(cursor);
  let name: ReturnType<typeof textMember> = '';
  let mountPath: ReturnType<typeof textMember> = '';
  let subPath: ReturnType<typeof textMember> = '';
  let subPathExpr: ReturnType<typeof textMember> = '';
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    switch (cursor.key(MOUNT)) {
      case 'name':
        name = textMember(cursor);
        break;
      case 'mountPath':
        mountPath = textMember(cursor);
        break;
      case 'subPath':
        subPath = textMember(cursor);
        break;
      case 'subPathExpr':
        subPathExpr = textMember(cursor);
        break;
      default:
        cursor.skip();
    }
  }
  return { name: checked(name), mountPath: checked(mountPath), partial: checked(subPath) !== '' || checked(subPathExpr) !== '' };
}

function volumeOutline(cursor: JsonCursor): VolumeOutline {
  requireObject(cursor);
  let name: ReturnType<typeof textMember> = '';
  let token: VolumeOutline['token'];
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    switch (cursor.key(VOLUME)) {
      case 'name':
        name = textMember(cursor);
        break;
      case 'projected':
        token = projectedToken(cursor);
        break;
      default:
        cursor.skip();
    }
  }
  return { name: checked(name), token };
}

/** Sources are foreign and varied: what is not plainly one token counts as something else, never as an error. */
function projectedToken(cursor: JsonCursor): VolumeOutline['token'] {
  if (cursor.kind() !== 'object') return pass(cursor);
  let token: VolumeOutline['token'];
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    if (cursor.key(SOURCES) === 'sources') token = onlyToken(cursor);
    else cursor.skip();
  }
  return token;
}

function onlyToken(cursor: JsonCursor): VolumeOutline['token'] {
  if (cursor.kind() !== 'list') return pass(cursor);
  let token: VolumeOutline['token'];
  let count = 0;
  for (let more = cursor.enterList(); more; more = cursor.nextItem()) {
    count += 1;
    if (count === 1) token = sourceToken(cursor);
    else cursor.skip();
  }
  return count === 1 ? token : undefined;
}

function sourceToken(cursor: JsonCursor): VolumeOutline['token'] {
  if (cursor.kind() !== 'object') return pass(cursor);
  let token: VolumeOutline['token'];
  let others = false;
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    if (cursor.key(SOURCE) === 'serviceAccountToken') token = tokenMember(cursor);
    else {
      others = true;
      cursor.skip();
    }
  }
  return others ? undefined : token;
}

function tokenMember(cursor: JsonCursor): VolumeOutline['token'] {
  if (cursor.kind() !== 'object') return pass(cursor);
  let audience: ReturnType<typeof textMember> = '';
  let path: ReturnType<typeof textMember> = MISSHAPEN;
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    const key = cursor.key(TOKEN);
    if (key === 'audience') audience = textMember(cursor);
    else if (key === 'path') path = cursor.kind() === 'text' ? cursor.text() : (pass(cursor) ?? MISSHAPEN);
    else cursor.skip();
  }
  return path === MISSHAPEN ? undefined : { audience: audience === MISSHAPEN ? '' : audience, path };
}

function pass(cursor: JsonCursor): undefined {
  cursor.skip();
  return undefined;
}
