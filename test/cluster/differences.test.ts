import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/run-podrole.ts';
import { openSandboxWorld, openWorldOfRun, worldSkipped } from '../support/worlds/world.ts';
import { DIFFERENCES } from './differences.ts';
import { openPlace } from './place.ts';

const HEAD = `# Where the sandbox differs from a real control plane

\`podrole sandbox\` serves a Kubernetes API that is held against a real one (etcd, kube-apiserver and kube-controller-manager v1.36.3): the
same suites, the same kubectl and the same Go controllers run against both with the same result, and recorded answers are compared text
for text. Below is what stays different. This page is written by \`npm run test:cluster -- -u\`, from what both answered; a difference that is
none any more fails that run.

| | a real control plane | the sandbox | why |
|---|---|---|---|
`;

describe.skipIf(worldSkipped() !== undefined)('differences', () => {
  let real: Awaited<ReturnType<typeof openPlace>>;
  let sandbox: Awaited<ReturnType<typeof openPlace>>;
  const rows: string[] = [];
  beforeAll(async () => {
    real = await openPlace(await openWorldOfRun());
    sandbox = await openPlace(await openSandboxWorld());
  });
  afterAll(async () => {
    await real.close();
    await sandbox.close();
  });

  it.each(DIFFERENCES.map((difference) => [difference.subject, difference] as const))('%s', async (subject, { look, reason }) => {
    const answers = [await look(real), await look(sandbox)];
    expect(answers[0]).not.toBe(answers[1]);
    rows.push(`| ${[subject, ...answers, reason].join(' | ')} |\n`);
  });

  it('are all listed in the reference', async () => {
    await expect(HEAD + rows.join('')).toMatchFileSnapshot(join(root, 'docs/reference/sandbox-differences.md'));
  });
});
