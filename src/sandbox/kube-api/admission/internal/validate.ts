import type { AdmissionOutcome } from '../admit.ts';
import { matchWebhook } from '../match-webhook.ts';
import { Findings, invoke, type Run } from './invoke.ts';

/** Asks all validating webhooks at once; the refusal of the first in their order is answered. */
export async function validate(run: Run, signal: AbortSignal): Promise<AdmissionOutcome> {
  const findings = new Findings();
  const calls = [];
  for (const webhook of run.webhooks) {
    const match = matchWebhook(webhook, run, run.evaluate);
    if (match.kind === 'refuse') return { ok: false, status: match.status, ...findings.result };
    if (match.kind === 'call') calls.push({ webhook, invocation: match.invocation });
  }
  const outcomes = await Promise.all(
    calls.map(async ({ webhook, invocation }) => ({
      webhook,
      invoked: await invoke(webhook, { run, object: run.object, invocation, mutating: false }, signal),
    })),
  );
  for (const [index, { webhook, invoked }] of outcomes.entries()) {
    if (invoked.kind === 'allowed' || invoked.kind === 'denied') findings.add(webhook, invoked.response);
    if (invoked.kind === 'unreachable' && webhook.failurePolicy === 'Ignore') {
      findings.annotate(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, webhook.name);
    }
  }
  const refusal = outcomes.find(
    ({ webhook, invoked }) => invoked.kind !== 'allowed' && !(invoked.kind === 'unreachable' && webhook.failurePolicy === 'Ignore'),
  );
  if (refusal !== undefined && refusal.invoked.kind !== 'allowed') return { ok: false, status: refusal.invoked.status, ...findings.result };
  return { ok: true, object: run.object, ...findings.result };
}
