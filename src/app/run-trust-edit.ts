import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { trustPolicyQuota } from '../aws/account.ts';
import type { AwsTarget } from '../aws/client-options.ts';
import { AwsRefusal } from '../aws/errors.ts';
import { createIamProviders } from '../aws/iam-providers.ts';
import { createIamRoles } from '../aws/iam-roles.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { PodroleError, type Problem } from '../base/errors.ts';
import { systemClock } from '../host/system-clock.ts';
import { editTrust, type TrustEdit } from '../iam/edit-trust.ts';
import { DEFAULT_TRUST_POLICY_QUOTA } from '../iam/policy-size.ts';
import { subjectOf } from '../iam/service-account-subject.ts';
import { statementSid } from '../identity/statement-id.ts';
import { parseServiceAccount } from './service-account-list.ts';
import { sha256Hex } from './sha256.ts';

export type { TrustEdit, TrustEditWarning } from '../iam/edit-trust.ts';

/** Whom to let in and whom to keep out, by subject. */
export interface SubjectChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export type SubjectChangeResult =
  | { readonly ok: true; readonly change: SubjectChange }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads the service accounts of `--add` and `--remove`; every problem at once. */
export function readSubjects(flags: { readonly add: readonly string[]; readonly remove: readonly string[] }): SubjectChangeResult {
  const problems: Problem[] = [];
  const subjects = (path: string, words: readonly string[]): readonly string[] =>
    words.flatMap((word) => {
      const account = parseServiceAccount(word);
      if (account !== undefined) return [subjectOf(account)];
      problems.push({ path, message: `${JSON.stringify(word)} must be the namespace and the name of a service account, namespace:name` });
      return [];
    });
  const change = { add: subjects('--add', flags.add), remove: subjects('--remove', flags.remove) };
  for (const subject of change.add.filter((one) => change.remove.includes(one)))
    problems.push({ path: '--remove', message: `${subject} is to be added as well` });
  if (flags.add.length + flags.remove.length === 0) problems.push({ path: '', message: 'nothing is asked for: give --add or --remove' });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, change };
}

export interface EditOptions extends SubjectChange {
  readonly providerArn: string;
  readonly audience: string;
  /** The provider's client ids, as far as they are known. */
  readonly registeredAudiences: readonly string[];
  readonly quota: number | 'off';
}

/** What a trust policy becomes. Nothing is written. */
export function planTrustEdit(document: string, options: EditOptions): TrustEdit {
  const { providerArn, audience, registeredAudiences, quota, add, remove } = options;
  const sid = statementSid(providerArn, sha256Hex);
  return editTrust({ document, providerArn, sid, audience, registeredAudiences, desired: add, revoked: remove, quota });
}

/** What IAM knows that an edit depends on. */
export interface ProviderFacts {
  /** `undefined`: there is no such provider in the account. */
  readonly clientIds: readonly string[] | undefined;
  readonly quota: number;
}

/** Asks IAM for the provider's client ids and the account's quota; who may not ask for the latter gets AWS's default. */
export async function readProviderFacts(target: AwsTarget, providerArn: string, signal?: AbortSignal): Promise<ProviderFacts> {
  const [provider, quota] = await Promise.all([
    createIamProviders(target).get(providerArn, signal),
    trustPolicyQuota(target, signal).catch((error: unknown) => {
      if (error instanceof AwsRefusal && error.awsCode === 'AccessDenied') return undefined;
      throw error;
    }),
  ]);
  return { clientIds: provider?.clientIds, quota: quota ?? DEFAULT_TRUST_POLICY_QUOTA };
}

/** Replaces a file in one step: a reader sees the old text or the new one. Its mode stays; a link stays a link. */
export async function rewriteFile(file: string, text: string): Promise<void> {
  const target = await realpath(file);
  const { mode } = await stat(target);
  const beside = `${target}.${process.pid}.tmp`;
  try {
    const handle = await open(beside, 'wx', mode & 0o777);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    throw new PodroleError(`${file} cannot be rewritten, it is as it was`, { code: 'file-unwritable', cause: error });
  }
}

export interface RoleWrite {
  readonly name: string;
  /** The document that `edit` was computed from. */
  readonly base: string;
  readonly edit: TrustEdit;
  /** Computes the edit again, should the role have changed meanwhile. */
  readonly replan: (document: string) => TrustEdit;
}

/** Times that a role is looked at for what was written: IAM's reads lag behind its writes by some seconds. */
const READ_BACKS = 15;
const READ_BACK_MS = 1_000;
const REPLANS = 3;

/**
 * Stores an edit. IAM has no precondition, so the role is read once more right before the write, planned again if it changed, and
 * read back after it. Answers the edit that was stored, or the refusal of the new plan. Rejects with `trust-contended` when others keep
 * writing, `trust-not-read-back` when what was written is not what stays.
 */
export async function storeRoleTrust(
  target: AwsTarget,
  write: RoleWrite,
  signal?: AbortSignal,
  clock: Clock = systemClock(),
): Promise<TrustEdit> {
  const roles = createIamRoles(target);
  const current = async (): Promise<string> => (await roles.get(write.name, signal))?.trustPolicy ?? '';
  let { base, edit } = write;
  for (let round = 0; ; round += 1) {
    const now = await current();
    if (now === base) break;
    if (round === REPLANS)
      throw new PodroleError(`role ${write.name} is being changed by others`, {
        code: 'trust-contended',
        hint: 'try again',
        retry: 'backoff',
      });
    base = now;
    edit = write.replan(now);
  }
  if (edit.kind === 'refused' || edit.refused.length > 0 || !edit.changed) return edit;
  await roles.updateTrustPolicy(write.name, edit.document, signal);
  for (let look = 0; look < READ_BACKS; look += 1) {
    const stored = await current();
    if (compact(stored) === compact(edit.document)) return edit;
    // An old answer may be a stale read; a third document is another writer's.
    if (compact(stored) !== compact(base)) break;
    await sleep(clock, READ_BACK_MS, signal);
  }
  throw new PodroleError(`role ${write.name} was written, but another trust policy is there now`, {
    code: 'trust-not-read-back',
    hint: `look at it with \`podrole trust show ${write.name}\``,
  });
}

function compact(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}
