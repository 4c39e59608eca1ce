import { resources } from '../src/kube/core/resource.ts';
import { subjectOf } from './profile-users.ts';
import type { Stage } from './profiles.bench.ts';
import type { BenchRow } from './report.ts';

const FOREIGN_EDITS = 120;
const EDIT_EVERY_MS = 100;
/** A profile for every other edit, so that the controller writes all the time. */
const PROFILES_BESIDE_EDITS = 60;
const SAMPLE_MS = 20;
/** Longer than two looks at a role. */
const HEALING_PATIENCE_MS = 60_000;
const CROWD = 40;
const QUOTA_PATIENCE_MS = 60_000;

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));
const numbered = (count: number, name: string): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${name}${String(index).padStart(3, '0')}`);

type Row = (metric: string, unit: string, value: number | undefined, note?: string) => void;

function rowsOf(name: string): { readonly rows: BenchRow[]; readonly row: Row } {
  const rows: BenchRow[] = [];
  const row: Row = (metric, unit, value, note) => rows.push({ case: name, metric, unit, value, ...(note === undefined ? {} : { note }) });
  return { rows, row };
}

/** Calls `look` all the time until told to stop. */
function sample(look: () => void): () => void {
  const timer = setInterval(look, SAMPLE_MS);
  return () => clearInterval(timer);
}

function withStatement(document: string, sid: string): string {
  const policy = JSON.parse(document) as { readonly Statement: readonly unknown[] };
  const foreign = { Sid: sid, Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
  return JSON.stringify({ ...policy, Statement: [...policy.Statement, foreign] });
}

/**
 * Somebody else adds statements to the trust policy while profiles come, each edit at once and on what is there at that moment; then
 * replaces the policy by one that knows nobody. What may be lost is an edit that falls between the controller's last read and its write.
 */
export async function measureForeign(stage: Stage): Promise<readonly BenchRow[]> {
  const { world, users, role } = stage;
  const { rows, row } = rowsOf(`${FOREIGN_EDITS} foreign edits`);
  const sids = numbered(FOREIGN_EDITS, 'Foreign');
  const names = numbered(PROFILES_BESIDE_EDITS, 'beside-');
  let samples = 0;
  let open = 0;
  const stopSampling = sample(() => {
    samples += 1;
    if (stage.openStatements() !== 0) open += 1;
  });
  const coming: Promise<void>[] = [];
  for (const [index, sid] of sids.entries()) {
    const name = index % 2 === 0 ? names[index / 2] : undefined;
    if (name !== undefined) coming.push(users.create([name], role.arn));
    world.editTrust(role.name, (document) => withStatement(document, sid));
    await pause(EDIT_EVERY_MS);
  }
  await Promise.all(coming);
  const trusted = (): boolean => {
    const document = world.trust(role.name);
    return names.every((name) => document.includes(subjectOf(name)));
  };
  const settled = await stage.until(performance.now(), trusted, HEALING_PATIENCE_MS);
  await pause(3_000);
  const document = world.trust(role.name);
  const lost = sids.filter((sid) => !document.includes(`"${sid}"`));
  const told = await eventsOf(stage);
  const unsaid = lost.filter((sid) => !told.some((message) => message.includes(sid)));
  row('kept', 'edits', sids.length - lost.length, `${world.iam.get('UpdateAssumeRolePolicy') ?? 0} writes of the controller`);
  row('lost and reported', 'edits', lost.length - unsaid.length);
  row('lost without a word', 'edits', unsaid.length, unsaid.join(', ') || undefined);
  row('all trusted after the last', 'ms', settled);

  const overwritten = performance.now();
  world.editTrust(role.name, () => withStatement('{"Version":"2012-10-17","Statement":[]}', 'Overwritten'));
  row('overwrite healed', 'ms', await stage.until(overwritten, trusted, HEALING_PATIENCE_MS));
  row('of the overwrite kept', 'statements', Number(world.trust(role.name).includes('"Overwritten"')));

  await users.delete(names);
  await stage.until(performance.now(), () => users.profiles.size === 0, HEALING_PATIENCE_MS);
  stopSampling();
  row('open at any time', 'samples', open, `of ${samples}, one every ${SAMPLE_MS} ms`);
  return rows;
}

async function eventsOf({ world }: Stage): Promise<readonly string[]> {
  const { items } = await world.admin.list(resources.events, { fieldSelector: 'reason=ForeignEditLost' });
  return items.map((event) => String((event as { readonly message?: unknown }).message ?? ''));
}

/** More profiles than a trust policy of 2,048 characters has room for. */
export async function measureQuota(stage: Stage): Promise<readonly BenchRow[]> {
  const { world, users, role } = stage;
  const { rows, row } = rowsOf(`${CROWD} profiles, 2,048 characters`);
  const names = numbered(CROWD, 'crowd-');
  const admitted = new Set<string>();
  const ended = new Set<string>();
  const look = (): void => {
    const document = world.trust(role.name);
    for (const name of names) {
      if (document.includes(subjectOf(name))) admitted.add(name);
      else if (admitted.has(name) && !ended.has(name)) ended.add(name);
    }
  };
  const stopSampling = sample(look);
  const verdict = (name: string): { readonly reason?: string; readonly message?: string } | undefined =>
    users.profiles.get(name)?.find(({ type }) => type === 'AwsIamReady');
  const created = performance.now();
  await users.create(names, role.arn);
  const decided = await stage.until(
    created,
    () => names.every((name) => ['Trusted', 'TrustPolicyFull'].includes(verdict(name)?.reason ?? '')),
    QUOTA_PATIENCE_MS,
  );
  await pause(2_000);
  row('all told', 'ms', decided);
  row('admitted', 'profiles', admitted.size, `${world.trust(role.name).length} characters`);
  row('admitted and lost again', 'profiles', ended.size);
  const told = names.filter((name) => /\d+ of 2048 characters/.test(verdict(name)?.message ?? ''));
  row('told TrustPolicyFull with numbers', 'profiles', told.length);
  world.iam.clear();
  await pause(QUOTA_PATIENCE_MS / 2);
  row('writes that the full policy causes', 'writes', world.iam.get('UpdateAssumeRolePolicy') ?? 0, `in ${QUOTA_PATIENCE_MS / 2_000} s`);
  stopSampling();

  const [leaving] = admitted;
  const before = admitted.size;
  if (leaving === undefined) return rows;
  const left = performance.now();
  await users.delete([leaving]);
  const taken = await stage.until(
    left,
    () => {
      look();
      return admitted.size > before;
    },
    QUOTA_PATIENCE_MS,
  );
  row('a place given free is taken', 'ms', taken);
  return rows;
}
