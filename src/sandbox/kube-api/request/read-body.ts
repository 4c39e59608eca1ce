import { parse as parseYaml, type Tags } from 'yaml';
import { messageOf } from '../../../base/errors.ts';
import { isJsonObject } from '../../../base/json.ts';
import { badRequest, failure, Refusal, unsupportedMedia } from '../status/refusal.ts';
import { decodeProtobuf, readEnvelope } from './decode-protobuf.ts';
import { MalformedProtobufError } from './protobuf-wire.ts';
import { scanJson } from './scan-json.ts';

/** The largest body that is read; the real API server refuses above 3 MiB too. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const MEDIA = ['application/json', 'application/yaml', PROTOBUF];

/** The media type of a request without its parameters, in lower case. */
export function mediaType(request: Request): string {
  return (request.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The text of a body. Throws a 413 Refusal above 3 MiB. */
export async function readText(request: Request): Promise<string> {
  return new TextDecoder().decode(await readBytes(request));
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.byteLength <= MAX_BODY_BYTES) return bytes;
  const message = `Request entity too large: limit is ${MAX_BODY_BYTES}`;
  throw new Refusal(failure(413, message, { reason: 'RequestEntityTooLarge' }));
}

/** The kind that a body must be, and the type of the table that its protobuf form is read by; custom resources have none. */
export interface ExpectedBody {
  readonly kind: string;
  readonly typeName: string | undefined;
}

/** A body that was read, and the members that stand in it twice, of which the last counts. */
export interface ReadBody {
  readonly value: Readonly<Record<string, unknown>>;
  readonly duplicateFields: readonly string[];
}

/** Reads the JSON, YAML or protobuf object of a write. Throws 400, 413 and 415 Refusals. */
export async function readObjectBody(request: Request, expected: ExpectedBody): Promise<ReadBody> {
  return parseBody(mediaType(request), await readBytes(request), expected);
}

/** The same where a body may be left out; then it is `undefined`. */
export async function readOptionalBody(request: Request, expected: ExpectedBody): Promise<Readonly<Record<string, unknown>> | undefined> {
  const bytes = await readBytes(request);
  return bytes.length === 0 ? undefined : parseBody(mediaType(request), bytes, expected).value;
}

function parseBody(media: string, bytes: Uint8Array, { kind, typeName }: ExpectedBody): ReadBody {
  if (media === PROTOBUF && typeName !== undefined) return { value: readProtobuf(bytes, kind, typeName), duplicateFields: [] };
  const accepted = typeName === undefined ? MEDIA.filter((name) => name !== PROTOBUF) : MEDIA;
  if (media !== '' && !accepted.includes(media)) throw unsupportedMedia(accepted);
  const text = new TextDecoder().decode(bytes);
  if (media === 'application/yaml') return { value: asObject(parseYamlText(text), text, kind), duplicateFields: [] };
  const scanned = scanJson(text);
  if (!scanned.ok) throw unrecognized(kind, text === '' ? '<empty>' : text, scanned.error);
  return { value: asObject(JSON.parse(text), text, kind), duplicateFields: scanned.duplicates };
}

/** Null is an object without members to Go's decoder. */
function asObject(value: unknown, text: string, kind: string): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {};
  if (isJsonObject(value)) return value;
  const hex = Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const target = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  throw unrecognized(kind, hex, `json: cannot unmarshal ${goName(value)} into Go value of type ${target}`);
}

function readProtobuf(bytes: Uint8Array, expected: string, typeName: string): Readonly<Record<string, unknown>> {
  try {
    const { apiVersion, kind, raw } = readEnvelope(bytes);
    // Another kind is refused by its name, so its message need not be understood.
    return kind === expected || kind === '' ? { ...decodeProtobuf(typeName, raw), kind, apiVersion } : { kind, apiVersion, metadata: {} };
  } catch (thrown) {
    if (thrown instanceof MalformedProtobufError)
      throw badRequest(`the object provided is unrecognized (must be of type ${expected}): ${thrown.message}`);
    throw thrown;
  }
}

/** Parses YAML (of which JSON is a part), as apply patches and YAML bodies are sent. Throws a 400 Refusal. */
export function parseYamlText(text: string): unknown {
  // Most clients apply JSON, which is read a hundred times faster as what it is. Of a member that stands twice, the last counts.
  const scanned = scanJson(text);
  if (scanned.ok) return JSON.parse(text);
  try {
    return parseYaml(text, { version: '1.1', uniqueKeys: false, customTags: asGoReads });
  } catch (thrown) {
    throw badRequest(`error decoding YAML: error converting YAML to JSON: yaml: ${messageOf(thrown).split('\n', 1)[0] ?? ''}`);
  }
}

/** YAML 1.1 without the times and sexagesimal numbers that Go's reader takes for text. */
function asGoReads(tags: Tags): Tags {
  return tags.filter(
    (tag) => typeof tag === 'string' || (tag.tag !== 'tag:yaml.org,2002:timestamp' && !('format' in tag && tag.format === 'TIME')),
  );
}

function unrecognized(expected: string, shown: string, why: string): Error {
  return badRequest(
    `the object provided is unrecognized (must be of type ${expected}): couldn't get version/kind; json parse error: ${why} (${shown.slice(0, 1024)})`,
  );
}

/** The name of a JSON type in Go's errors. */
export function goName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
