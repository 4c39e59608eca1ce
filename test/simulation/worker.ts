import { runSeed } from './run-seed.ts';
import { simulate } from './simulate.ts';
import { noFaults } from './world/faults.ts';

/** What `scripts/simulate.mjs` asks of a worker process. */
type Asked = { readonly from: number; readonly count: number } | { readonly replay: number };

async function answer(asked: Asked): Promise<object> {
  if ('replay' in asked) {
    const { tail, violations } = await runSeed(asked.replay, { trace: true });
    return { tail, violations };
  }
  const report = await simulate(asked.from, asked.count);
  return {
    kinds: Object.keys(noFaults),
    fired: [...report.tally.fired],
    failed: report.failed.map(({ seed, violations }) => ({ seed, ...violations[0] })),
  };
}

process.on('message', (asked: Asked) => {
  void answer(asked).then((answered) => process.send?.(answered));
});
