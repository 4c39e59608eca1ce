import { isJsonObject } from '../../../base/json.ts';
import { jsonText } from '../routes/json-text.ts';
import { invalid, invalidValue } from '../status/field-error.ts';
import { badRequest, type Refusal } from '../status/refusal.ts';
import type { Registry } from './registry.ts';
import { apiVersionOfType, type ResourceType } from './resource-type.ts';

/** A body that says another apiVersion or kind than its path asks for is refused with 400; absent ones are taken from the path. */
export function checkKind(registry: Registry, type: ResourceType, body: Readonly<Record<string, unknown>>): void {
  const apiVersion = body.apiVersion ?? '';
  const kind = body.kind ?? '';
  const expected = apiVersionOfType(type);
  if (type.body.kind === 'custom') {
    if (kind === '') throw missingKind(type, body);
    if (apiVersion !== expected)
      throw badRequest(`the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`);
    if (kind !== type.kind) throw wrongCustomKind(type, String(kind), body);
    return;
  }
  if ((apiVersion === '' || apiVersion === expected) && (kind === '' || kind === type.kind)) return;
  throw wrongKind(registry, type, { apiVersion: String(apiVersion || expected), kind: String(kind || type.kind) });
}

function missingKind(type: ResourceType, body: Readonly<Record<string, unknown>>): Refusal {
  const text = jsonText(body);
  return badRequest(`the object provided is unrecognized (must be of type ${type.kind}): Object 'Kind' is missing in '${text}' (${text})`);
}

/** A custom resource of another kind is read, and then found to be invalid. */
function wrongCustomKind(type: ResourceType, kind: string, body: Readonly<Record<string, unknown>>): Refusal {
  const name = isJsonObject(body.metadata) && typeof body.metadata.name === 'string' ? body.metadata.name : '';
  return invalid({ group: type.group, kind }, name, [invalidValue('kind', kind, `must be ${type.kind}`)]);
}

function wrongKind(registry: Registry, type: ResourceType, sent: { readonly apiVersion: string; readonly kind: string }): Refusal {
  const { apiVersion, kind } = sent;
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  const prefix = `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${type.kind}`;
  if (!registry.ofKind(apiVersion, kind)) {
    return badRequest(
      `${prefix}: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  const converter = type.group === '' ? 'core' : (type.group.split('.', 1)[0] ?? '');
  return badRequest(`${prefix}: converting (${version}.${kind}) to (${converter}.${type.kind}): unknown conversion`);
}
