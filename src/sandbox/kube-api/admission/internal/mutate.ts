import { messageOf } from '../../../../base/errors.ts';
import { isJsonObject } from '../../../../base/json.ts';
import type { KubeObject } from '../../../../kube/core/object.ts';
import type { Status } from '../../../../kube/core/status.ts';
import { applyJsonPatch } from '../../patch/json-patch.ts';
import { sameJson } from '../../patch/same-json.ts';
import { internalError } from '../../status/refusal.ts';
import type { AdmissionOutcome } from '../admit.ts';
import { matchWebhook } from '../match-webhook.ts';
import type { ReviewResponse } from '../review-response.ts';
import type { Webhook } from '../webhook.ts';
import { Findings, invoke, type Run, unreachable } from './invoke.ts';

const AUDIT = 'mutation.webhook.admission.k8s.io/';

/**
 * Asks the mutating webhooks one after the other. When one changed the object there is a second round, and no third, in which those
 * are asked again that want it (`IfNeeded`), were asked before, and before a change: the order of calls is A, B, A and never A, B, B.
 */
export async function mutate(run: Run, signal: AbortSignal): Promise<AdmissionOutcome> {
  const state = new Rounds(run);
  const refused = await state.round(0, signal);
  if (refused !== undefined) return { ok: false, status: refused, ...state.findings.result };
  if (state.changed && state.object !== undefined) {
    state.readmit();
    const again = await state.round(1, signal);
    if (again !== undefined) return { ok: false, status: again, ...state.findings.result };
  }
  return { ok: true, object: state.object, ...state.findings.result };
}

class Rounds {
  readonly findings = new Findings();
  object: KubeObject | undefined;
  changed = false;
  readonly #run: Run;
  /** Webhooks that were asked and may be asked again, and of those the ones that a change since then calls for. */
  readonly #askedBefore = new Set<Webhook>();
  readonly #askAgain = new Set<Webhook>();

  constructor(run: Run) {
    this.#run = run;
    this.object = run.object;
  }

  /** The built-in plugins once more; what they change calls for the webhooks too. */
  readmit(): void {
    if (this.object === undefined) return;
    const readmitted = this.#run.readmit(this.object);
    if (!sameJson(readmitted, this.object)) this.#callAgain();
    this.object = readmitted;
  }

  /** One pass over the webhooks; the refusal that ends it. */
  async round(round: 0 | 1, signal: AbortSignal): Promise<Status | undefined> {
    for (const webhook of this.#run.webhooks) {
      if (round === 1 && !this.#askAgain.has(webhook)) continue;
      const refusal = await this.#ask(webhook, round, signal);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  async #ask(webhook: Webhook, round: 0 | 1, signal: AbortSignal): Promise<Status | undefined> {
    const { object } = this;
    const match = matchWebhook(webhook, { ...this.#run, object }, this.#run.evaluate);
    if (match.kind === 'refuse') return match.status;
    if (match.kind === 'skip') return undefined;
    const place = `round_${round}_index_${webhook.index}`;
    const invoked = await invoke(webhook, { run: this.#run, object, invocation: match.invocation, mutating: true }, signal);
    const applied = invoked.kind === 'allowed' ? this.#apply(webhook, invoked.response) : undefined;
    const changed = applied?.kind === 'changed';
    this.findings.annotate(
      AUDIT + place,
      JSON.stringify({ configuration: webhook.configuration, webhook: webhook.name, mutated: changed }),
    );
    if (invoked.kind === 'allowed' || invoked.kind === 'denied') this.findings.add(webhook, invoked.response);
    if (changed) this.#callAgain();
    if (webhook.reinvocationPolicy === 'IfNeeded') this.#askedBefore.add(webhook);

    const failed = applied !== undefined && 'status' in applied ? applied : invoked;
    if (failed.kind === 'allowed') return undefined;
    if (failed.kind !== 'unreachable' || webhook.failurePolicy === 'Fail') return failed.status;
    this.findings.annotate(`failed-open.${AUDIT}${place}`, webhook.name);
    return undefined;
  }

  #callAgain(): void {
    this.changed = true;
    for (const webhook of this.#askedBefore) this.#askAgain.add(webhook);
    this.#askedBefore.clear();
  }

  /** Applies the patch of a response. A patch that does not apply is the server's error whatever the failure policy. */
  #apply(webhook: Webhook, { patch, patchType }: ReviewResponse): Applied {
    if (patch === undefined) return { kind: 'same' };
    const operations = parsePatch(patch);
    if (!operations.ok) return unreachable(webhook, `received undecodable patch in webhook response: ${operations.message}`);
    if (operations.list.length === 0) return { kind: 'same' };
    if (this.object === undefined) {
      return refused(
        `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
      );
    }
    if (patchType !== 'JSONPatch') return unreachable(webhook, `unsupported patch type ${JSON.stringify(patchType ?? '')}`);
    const outcome = applyJsonPatch<unknown>(this.object, operations.list);
    if (!outcome.ok) return refused(outcome.detail);
    const read = isJsonObject(outcome.object)
      ? this.#run.read(outcome.object)
      : { ok: false as const, message: 'a patch must leave an object' };
    if (!read.ok) return refused(read.message);
    const changed = !sameJson(read.object, this.object);
    this.object = read.object;
    return { kind: changed ? 'changed' : 'same' };
  }
}

type Applied = { readonly kind: 'same' | 'changed' } | { readonly kind: 'refused' | 'unreachable'; readonly status: Status };

function refused(message: string): Applied {
  return { kind: 'refused', status: internalError(message).status };
}

function parsePatch(
  text: string,
): { readonly ok: true; readonly list: readonly unknown[] } | { readonly ok: false; readonly message: string } {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list)
      ? { ok: true, list }
      : { ok: false, message: 'json: cannot unmarshal object into Go value of type jsonpatch.Patch' };
  } catch (thrown) {
    return { ok: false, message: messageOf(thrown) };
  }
}
