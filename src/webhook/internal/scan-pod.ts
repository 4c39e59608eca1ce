import { type JsonCursor, vocabulary } from './json-cursor.ts';
import { MISSHAPEN, type Misshapen, type Span, spanMember, textMember } from './members.ts';

/** Where the members of a pod lie that a patch depends on; absent and null members are `undefined`. */
export interface PodSpans {
  /** The whole pod. */
  readonly object: Span;
  readonly annotations: Span | undefined;
  /** `no-metadata`: there is no object to put labels into. */
  readonly labels: Span | undefined | 'no-metadata';
  readonly volumes: Span | undefined;
  readonly containers: Span | undefined;
  readonly initContainers: Span | undefined;
  readonly nodeSelector: Span | undefined;
  readonly os: Span | undefined;
  readonly affinity: Span | undefined;
}

/** A pod as far as a look-up needs it. */
export interface ScannedPod {
  readonly name: string;
  readonly generateName: string;
  readonly serviceAccount: string;
  readonly spans: PodSpans;
}

const OBJECT = vocabulary('metadata', 'spec');
const METADATA = vocabulary('name', 'generateName', 'annotations', 'labels');
const SPEC = vocabulary('serviceAccountName', 'containers', 'initContainers', 'volumes', 'nodeSelector', 'os', 'affinity');

/** Reads one value: a pod, or MISSHAPEN for what is no pod by the members looked at. Nothing inside the lists is looked at. */
export function scanPod(cursor: JsonCursor): ScannedPod | Misshapen {
  if (cursor.kind() !== 'object') {
    cursor.skip();
    return MISSHAPEN;
  }
  const start = cursor.offset;
  let metadata: ReturnType<typeof scanMetadata>;
  let spec: ReturnType<typeof scanSpec>;
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    const key = cursor.key(OBJECT);
    if (key === 'metadata') metadata = scanMetadata(cursor);
    else if (key === 'spec') spec = scanSpec(cursor);
    else cursor.skip();
  }
  if (metadata === MISSHAPEN || spec === MISSHAPEN || spec === undefined) return MISSHAPEN;
  const { serviceAccountName, containers, initContainers, volumes, nodeSelector, os, affinity } = spec;
  const object = { start, end: cursor.offset };
  const annotations = metadata?.annotations;
  const labels = metadata === undefined ? 'no-metadata' : metadata.labels;
  return {
    name: metadata?.name ?? '',
    generateName: metadata?.generateName ?? '',
    serviceAccount: serviceAccountName,
    // Member by member: a spread costs more than the scan of the whole metadata.
    spans: { object, annotations, labels, volumes, containers, initContainers, nodeSelector, os, affinity },
  };
}

interface Metadata {
  readonly name: string;
  readonly generateName: string;
  readonly annotations: Span | undefined;
  readonly labels: Span | undefined;
}

function scanMetadata(cursor: JsonCursor): Metadata | undefined | Misshapen {
  const absent = notAnObject(cursor);
  if (absent !== false) return absent === 'null' ? undefined : MISSHAPEN;
  let name: string | Misshapen = '';
  let generateName: string | Misshapen = '';
  let annotations: Span | undefined | Misshapen;
  let labels: Span | undefined | Misshapen;
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    switch (cursor.key(METADATA)) {
      case 'name':
        name = textMember(cursor);
        break;
      case 'generateName':
        generateName = textMember(cursor);
        break;
      case 'annotations':
        annotations = spanMember(cursor, 'object');
        break;
      case 'labels':
        labels = spanMember(cursor, 'object');
        break;
      default:
        cursor.skip();
    }
  }
  if (name === MISSHAPEN || generateName === MISSHAPEN || annotations === MISSHAPEN || labels === MISSHAPEN) return MISSHAPEN;
  return { name, generateName, annotations, labels };
}

interface Spec extends Omit<PodSpans, 'object' | 'annotations' | 'labels'> {
  readonly serviceAccountName: string;
}

function scanSpec(cursor: JsonCursor): Spec | undefined | Misshapen {
  const absent = notAnObject(cursor);
  if (absent !== false) return absent === 'null' ? undefined : MISSHAPEN;
  let serviceAccountName: string | Misshapen = '';
  let containers: Span | undefined | Misshapen;
  let initContainers: Span | undefined | Misshapen;
  let volumes: Span | undefined | Misshapen;
  let nodeSelector: Span | undefined | Misshapen;
  let os: Span | undefined | Misshapen;
  let affinity: Span | undefined | Misshapen;
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    switch (cursor.key(SPEC)) {
      case 'serviceAccountName':
        serviceAccountName = textMember(cursor);
        break;
      case 'containers':
        containers = spanMember(cursor, 'list');
        break;
      case 'initContainers':
        initContainers = spanMember(cursor, 'list');
        break;
      case 'volumes':
        volumes = spanMember(cursor, 'list');
        break;
      case 'nodeSelector':
        nodeSelector = spanMember(cursor, 'object');
        break;
      case 'os':
        os = spanMember(cursor, 'object');
        break;
      case 'affinity':
        affinity = spanMember(cursor, 'object');
        break;
      default:
        cursor.skip();
    }
  }
  if (serviceAccountName === MISSHAPEN || containers === MISSHAPEN || initContainers === MISSHAPEN || volumes === MISSHAPEN)
    return MISSHAPEN;
  if (nodeSelector === MISSHAPEN || os === MISSHAPEN || affinity === MISSHAPEN) return MISSHAPEN;
  return { serviceAccountName, containers, initContainers, volumes, nodeSelector, os, affinity };
}

/** `false` for an object, which is left unread; anything else is passed over. */
function notAnObject(cursor: JsonCursor): false | 'null' | 'other' {
  const kind = cursor.kind();
  if (kind === 'object') return false;
  cursor.skip();
  return kind === 'null' ? 'null' : 'other';
}
