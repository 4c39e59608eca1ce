import { badRequest, type Refusal } from '../status/refusal.ts';
import { apiVersionOfType, type ResourceType } from './resource-type.ts';

/** A body that says another apiVersion or kind than its path asks for is refused with 400; absent ones are taken from the path. */
export function checkKind(type: ResourceType, body: Readonly<Record<string, unknown>>): void {
  const apiVersion = body.apiVersion ?? '';
  const kind = body.kind ?? '';
  const expected = apiVersionOfType(type);
  if (type.body.kind === 'custom') {
    if (kind === '') throw missingKind(type, apiVersion);
    if (apiVersion !== expected)
      throw badRequest(`the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`);
    if (kind !== type.kind) throw wrongKind(type, String(apiVersion), String(kind));
    return;
  }
  if ((apiVersion === '' || apiVersion === expected) && (kind === '' || kind === type.kind)) return;
  throw wrongKind(type, String(apiVersion), String(kind));
}

function missingKind(type: ResourceType, apiVersion: unknown): Refusal {
  return badRequest(`Object 'Kind' is missing in '${JSON.stringify({ apiVersion })}' of a ${type.kind}`);
}

function wrongKind(type: ResourceType, apiVersion: string, kind: string): Refusal {
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  if (type.body.kind === 'custom') {
    return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${type.kind}: kind does not match`);
  }
  const converter = type.group === '' ? 'core' : (type.group.split('.', 1)[0] ?? '');
  return badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${type.kind}: converting (${version}.${kind}) to (${converter}.${type.kind}): unknown conversion`,
  );
}
