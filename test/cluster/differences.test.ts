import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpsFetch } from '../../src/kube/client/https-fetch.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { root } from '../support/run-podrole.ts';
import { openSandboxWorld, openWorldOfRun, type World, worldSkipped } from '../support/worlds/world.ts';
import { DIFFERENCES, type Place } from './differences.ts';

const HEAD = `# Where the sandbox differs from a real control plane

\`podrole sandbox\` serves a Kubernetes API that is held against a real one (etcd, kube-apiserver and kube-controller-manager v1.36.3): the
same suites, the same kubectl and the same client-go program run against both with the same result, and recorded answers are compared text
for text. Below is what stays different. This page is written by \`npm run test:cluster -- -u\`, from what both answered; a difference that is
none any more fails that run.

| | a real control plane | the sandbox | why |
|---|---|---|---|
`;

/** A place of its own in a world. */
async function openPlace(world: World): Promise<Place & { close(): Promise<void> }> {
  const kube = world.kubeClient();
  const namespace = `differences-${randomBytes(3).toString('hex')}`;
  await kube.create(resources.namespaces, { metadata: { name: namespace } });
  while ((await kube.find(resources.serviceAccounts, { namespace, name: 'default' })) === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { server, tls, token: adminToken } = world.credentials;
  const asAdmin = httpsFetch(tls);
  const asAnybody = world.anonymousFetch();
  return {
    world,
    kube,
    namespace,
    ask: async (path, { method = 'GET', body, headers = {}, token } = {}) => {
      const bearer = token ?? (await adminToken?.({ fresh: false }));
      const request = new Request(`${server}${path}`, {
        method,
        headers: {
          'user-agent': 'podrole-suite/1',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer = await (token === undefined ? asAdmin : asAnybody)(request);
      return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
    },
    close: async () => {
      await kube.delete(resources.namespaces, { name: namespace });
      asAdmin.close();
      asAnybody.close();
      kube.close();
      await world.close();
    },
  };
}

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
