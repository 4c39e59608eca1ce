import type { ReasonCode } from '../reasons.data.ts';
import type { RoleMemory } from '../role-book.ts';
import { isEmptyRecord, parseRecord, type RoleRecord, recordObject } from '../role-record.ts';
import type { Effects } from './effects.ts';

/** Whether the record is at hand, or why the role must be left alone for now. */
export type RecordOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: ReasonCode; readonly message: string; readonly lost?: boolean };

/** Reads a role's record unless memory holds it. An unreadable one counts as lost and is said so by `onLost`. */
export async function loadRecord(memory: RoleMemory, effects: Effects, onLost: (message: string) => void): Promise<RecordOutcome> {
  if (memory.stored !== undefined && !memory.storedStale) return { ok: true };
  const object = await effects.readRecord(memory.recordName);
  if (object === undefined) {
    memory.stored = { object: undefined, record: undefined };
    memory.storedStale = false;
    return { ok: true };
  }
  const parsed = parseRecord(object);
  if (parsed.kind === 'too-new') {
    return {
      ok: false,
      reason: 'RecordTooNew',
      message: `ConfigMap ${memory.recordName} has version ${parsed.version}, run the podrole that wrote it`,
    };
  }
  if (parsed.kind === 'unusable')
    onLost(`ConfigMap ${memory.recordName} cannot be read (${parsed.message}) and is rebuilt from the profiles`);
  memory.stored = { object, record: parsed.kind === 'record' ? parsed.record : undefined };
  memory.storedStale = false;
  return { ok: true };
}

/** Writes a record, or deletes it when nothing is left to remember. False: somebody else wrote it; read it again. */
export async function storeRecord(memory: RoleMemory, record: RoleRecord, effects: Effects): Promise<boolean> {
  const before = memory.stored?.object;
  if (isEmptyRecord(record)) {
    if (before !== undefined && !(await effects.deleteRecord(memory.recordName, before))) {
      memory.storedStale = true;
      return false;
    }
    memory.stored = { object: undefined, record: undefined };
    return true;
  }
  const object = recordObject(memory.recordName, record, before);
  const stored = await effects.putRecord(memory.recordName, record, object);
  if (stored === undefined) memory.storedStale = true;
  else memory.stored = { object: stored, record };
  return stored !== undefined;
}
