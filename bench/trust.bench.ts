import { compileTrust, evaluateTrust } from '../src/iam/evaluate-trust.ts';
import { renderExplanation } from '../src/iam/render-explanation.ts';
import { trustDocument } from '../src/iam/trust-document.ts';
import type { TrustRequest } from '../src/iam/trust-request.ts';
import { type BenchReport, type BenchRow, median } from './report.ts';

const ISSUER = 'oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE';
const PROVIDER = `arn:aws:iam::111122223333:oidc-provider/${ISSUER}`;
const AUDIENCE = 'sts.amazonaws.com';
const ROUNDS = 7;
const CALLS = 20_000;

interface Case {
  readonly name: string;
  readonly text: string;
  readonly request: TrustRequest;
}

/** The subject asked for is the last of the list, the dearest to find. */
function caseOf(name: string, count: number): Case {
  const subjects = Array.from(
    { length: count },
    (_, index) => `system:serviceaccount:team-${String(index).padStart(3, '0')}:default-editor`,
  );
  const claims = { iss: `https://${ISSUER}`, sub: subjects[count - 1], aud: [AUDIENCE] };
  return {
    name,
    text: trustDocument({ providerArn: PROVIDER, audience: AUDIENCE, subjects }),
    request: {
      action: 'sts:AssumeRoleWithWebIdentity',
      account: '111122223333',
      roleArn: 'arn:aws:iam::111122223333:role/kf-user-demo',
      providerArn: PROVIDER,
      issuer: `https://${ISSUER}`,
      sessionName: 'botocore-session-1700000000',
      claims,
    },
  };
}

/** Microseconds a call: the median of several rounds after a warm-up. */
function time(calls: number, run: () => unknown): number {
  let kept: unknown;
  for (let i = 0; i < calls; i += 1) kept = run();
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    for (let i = 0; i < calls; i += 1) kept = run();
    return ((performance.now() - start) * 1000) / calls;
  });
  if (kept === undefined) throw new Error('the measured call returned nothing');
  return median(rounds);
}

async function timeAsync(calls: number, run: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < calls; i += 1) await run();
  const rounds: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const start = performance.now();
    for (let i = 0; i < calls; i += 1) await run();
    rounds.push(((performance.now() - start) * 1000) / calls);
  }
  return median(rounds);
}

type Simulate = (request: object, options: object) => Promise<unknown>;

/** @cloud-copilot/iam-simulate is AGPL and never a dependency: it is compared with only where somebody installed it. */
async function simulator(): Promise<Simulate | undefined> {
  const name = '@cloud-copilot/iam-simulate';
  try {
    const loaded = (await import(name)) as { readonly runSimulation?: Simulate };
    return loaded.runSimulation;
  } catch {
    return undefined;
  }
}

function simulation(one: Case): object {
  return {
    identityPolicies: [],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: JSON.parse(one.text),
    request: {
      action: one.request.action,
      principal: PROVIDER,
      resource: { resource: one.request.roleArn, accountId: one.request.account },
      contextVariables: { [`${ISSUER}:sub`]: one.request.claims.sub, [`${ISSUER}:aud`]: AUDIENCE },
    },
  };
}

/** What judging one trust policy costs, from text and from a parsed object, without and with its explanation in sentences. */
export async function bench(_options: { readonly other?: string } = {}): Promise<BenchReport> {
  const rows: BenchRow[] = [];
  const simulate = await simulator();
  for (const one of [caseOf('canonical', 1), caseOf('33 subjects', 33)]) {
    const parsed = JSON.parse(one.text) as object;
    const compiled = compileTrust(parsed);
    if (!compiled.ok || evaluateTrust(one.text, one.request).verdict !== 'allow')
      throw new Error(`the policy "${one.name}" does not allow what it should`);
    const baseline =
      simulate === undefined ? undefined : { name: 'iam-simulate', value: await timeAsync(200, () => simulate(simulation(one), {})) };
    const add = (metric: string, value: number): void => {
      const compared = baseline === undefined ? {} : { baseline, ratio: value / baseline.value };
      rows.push({ case: one.name, metric, unit: 'µs', value, ...compared });
    };
    add(
      'verdict, compiled',
      time(CALLS, () => compiled.evaluate(one.request)),
    );
    add(
      'verdict, parsed',
      time(CALLS, () => evaluateTrust(parsed, one.request)),
    );
    add(
      'verdict, text',
      time(CALLS, () => evaluateTrust(one.text, one.request)),
    );
    add(
      'explained, parsed',
      time(CALLS / 10, () => renderExplanation(evaluateTrust(parsed, one.request).explain())),
    );
    add(
      'explained, text',
      time(CALLS / 10, () => renderExplanation(evaluateTrust(one.text, one.request).explain())),
    );
  }
  if (simulate === undefined)
    rows.push({ case: 'iam-simulate', metric: 'verdict, parsed', unit: 'µs', value: undefined, note: 'skipped: not installed' });
  return { name: 'trust', rows };
}
