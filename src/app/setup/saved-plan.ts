import { writeFile } from 'node:fs/promises';
import type { SavedPlan } from '../../setup/plan-file.ts';
import type { Asked, Prepared } from '../run-setup.ts';

/** Writes a plan for a later `apply --plan`: what was asked, the digest, and the items for people to read. Mode 0600. */
export async function savePlan(file: string, plan: { readonly asked: Required<Asked>; readonly prepared: Prepared }): Promise<void> {
  const { cluster, site, digest, summary, items, notes } = plan.prepared;
  const saved: SavedPlan = { kind: 'SavedPlan', digest, ask: plan.asked };
  const whole = { apiVersion: 'cli.podrole.dev/v1', ...saved, cluster, site, summary, items, notes };
  await writeFile(file, `${JSON.stringify(whole, null, 2)}\n`, { mode: 0o600 });
}
