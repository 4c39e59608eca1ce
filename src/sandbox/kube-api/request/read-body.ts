import { parse as parseYaml } from 'yaml';
import { messageOf } from '../../../base/errors.ts';
import { isJsonObject } from '../../../base/json.ts';
import { badRequest, unsupportedMedia } from '../status/refusal.ts';

/** The largest body that is read; the real API server refuses above 3 MiB too. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

const MEDIA = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** The media type of a request without its parameters, in lower case. */
export function mediaType(request: Request): string {
  return (request.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The text of a body. Throws a 413-like 400 Refusal above 3 MiB. */
export async function readText(request: Request): Promise<string> {
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > MAX_BODY_BYTES) throw badRequest(`the body of the request is larger than ${MAX_BODY_BYTES} bytes`);
  return new TextDecoder().decode(bytes);
}

/** Reads the JSON or YAML object of a create or an update. `expected` is the kind that the path asks for. Throws 400 and 415 Refusals. */
export async function readObjectBody(request: Request, expected: string): Promise<Readonly<Record<string, unknown>>> {
  const media = mediaType(request);
  if (media !== '' && media !== 'application/json' && media !== 'application/yaml') throw unsupportedMedia(MEDIA);
  const text = await readText(request);
  const value = media === 'application/yaml' ? parseYamlText(text, expected) : parseJsonText(text, expected);
  if (!isJsonObject(value))
    throw unrecognized(
      expected,
      text,
      `json: cannot unmarshal ${goName(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  return value;
}

/** Parses YAML (of which JSON is a part), as apply patches and YAML bodies are sent. */
export function parseYamlText(text: string, expected: string): unknown {
  try {
    return parseYaml(text);
  } catch (thrown) {
    throw badRequest(`error decoding YAML of a ${expected}: ${messageOf(thrown)}`);
  }
}

function parseJsonText(text: string, expected: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw unrecognized(expected, text, `json parse error: ${goJsonError(text, messageOf(thrown))}`);
  }
}

function unrecognized(expected: string, text: string, why: string): Error {
  return badRequest(
    `the object provided is unrecognized (must be of type ${expected}): couldn't get version/kind; ${why} (${text.slice(0, 1024)})`,
  );
}

/** What Go's decoder says where V8 says it in its own way. */
export function goJsonError(text: string, v8: string): string {
  const position = /at position (\d+)/.exec(v8);
  const at = position ? Number(position[1]) : text.length;
  if (text.trim() === '' || at >= text.trimEnd().length || v8.startsWith('Unexpected end')) return 'unexpected end of JSON input';
  return `invalid character ${JSON.stringify(text.charAt(at)).replaceAll('"', "'")} looking for beginning of value`;
}

function goName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
