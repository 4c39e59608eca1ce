import { runSeed } from './run-seed.ts';
import { simulate } from './simulate.ts';
import { FAULT_KINDS } from './world/faults.ts';

/** What `scripts/simulate.mjs` asks of a worker process. */
type Asked = { readonly from: number; readonly count: number } | { readonly replay: number };

async function answer(asked: Asked): Promise<object> {
  if ('replay' in asked) {
    const { tail, violations } = await runSeed(asked.replay, { trace: true });
    return { tail, violations };
  }
  const { cpuMs, failed, ...report } = await measured(() => simulate(asked.from, asked.count));
  return {
    cpuMs,
    kinds: FAULT_KINDS,
    fired: [...report.tally.fired],
    wrongs: report.wrongs,
    lost: report.lost,
    events: report.events,
    virtualMs: report.virtualMs,
    failed: failed.map(({ seed, violations }) => ({ seed, ...violations[0] })),
  };
}

async function measured<T>(work: () => Promise<T>): Promise<T & { readonly cpuMs: number }> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { ...result, cpuMs: (user + system) / 1000 };
}

process.on('message', (asked: Asked) => {
  void answer(asked).then((answered) => process.send?.(answered));
});
