import { badRequest, type Refusal } from '../status/refusal.ts';
import type { Registry } from './registry.ts';
import { apiVersionOfType, type ResourceType } from './resource-type.ts';

/** A body that says another apiVersion or kind than its path asks for is refused with 400; absent ones are taken from the path. */
export function checkKind(registry: Registry, type: ResourceType, body: Readonly<Record<string, unknown>>): void {
  const apiVersion = body.apiVersion ?? '';
  const kind = body.kind ?? '';
  const expected = apiVersionOfType(type);
  if (type.body.kind === 'custom') {
    if (kind === '') throw missingKind(type, apiVersion);
    if (apiVersion !== expected)
      throw badRequest(`the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected})`);
    if (kind !== type.kind) throw wrongCustomKind(type, String(kind));
    return;
  }
  if ((apiVersion === '' || apiVersion === expected) && (kind === '' || kind === type.kind)) return;
  throw wrongKind(registry, type, { apiVersion: String(apiVersion || expected), kind: String(kind || type.kind) });
}

function missingKind(type: ResourceType, apiVersion: unknown): Refusal {
  return badRequest(`Object 'Kind' is missing in '${JSON.stringify({ apiVersion })}' of a ${type.kind}`);
}

function wrongCustomKind(type: ResourceType, kind: string): Refusal {
  return badRequest(`${kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: kind does not match`);
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
