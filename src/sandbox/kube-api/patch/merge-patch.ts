import { isJsonObject } from '../../../base/json.ts';

/** RFC 7386: members of the patch replace, null removes, objects merge; anything else replaces whole. Neither argument is changed. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else if (value !== undefined) merged[name] = applyMergePatch(merged[name], value);
  }
  return merged;
}
