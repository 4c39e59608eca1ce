import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIamRoles, type IamRoles } from '../../src/aws/iam-roles.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import { connectKube } from '../../src/kube/client/connect.ts';
import { KubeTransportError } from '../../src/kube/client/errors.ts';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';
import { loadKubeconfig } from '../../src/kube/client/kubeconfig.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { type Running, runPodrole, startPodrole } from '../support/run-podrole.ts';

interface Facts {
  readonly endpoint: string;
  readonly kubeconfig: string;
  readonly issuer: string;
}

describe('podrole sandbox start --data-dir', () => {
  let home: string;
  let folder: string;
  const alive: Running[] = [];
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-home-'));
    folder = join(home, 'kept');
  });
  afterEach(async () => {
    for (const running of alive.splice(0)) running.child.kill('SIGKILL');
    await rm(home, { recursive: true, force: true });
  });
  const args = (): readonly string[] => ['sandbox', 'start', '--data-dir', folder, '-o', 'json'];

  async function start(): Promise<{
    readonly running: Running;
    readonly facts: Facts;
    readonly kube: KubeClient;
    readonly roles: IamRoles;
  }> {
    const running = startPodrole(args(), { home });
    alive.push(running);
    const facts = JSON.parse(await running.line((line) => line.includes('"SandboxReady"'))) as Facts;
    const credentials = await loadKubeconfig({ path: facts.kubeconfig, env: {}, clock: systemClock() });
    const roles = createIamRoles({
      region: 'us-west-2',
      endpoint: facts.endpoint,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    return { running, facts, kube: connectKube(credentials, { userAgent: 'test' }), roles };
  }
  const map = (name: string): { readonly metadata: { readonly namespace: string; readonly name: string } } => ({
    metadata: { namespace: 'default', name },
  });

  it('does not take a folder that holds something else', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'kubeconfig'), 'mine');
    const { code, stdout } = await startPodrole(args(), { home }).ended;
    expect([code, JSON.parse(stdout)]).toEqual([
      3,
      expect.objectContaining({ code: expect.stringMatching(/^(data-dir-other|sandbox-not-started)$/) }),
    ]);
    expect(await readFile(join(folder, 'kubeconfig'), 'utf8')).toBe('mine');
  });

  it('every write that was answered is there after kill -9, under the same addresses, keys and issuer', async () => {
    const first = await start();
    await first.roles.create({ name: 'kept', trustPolicy: TRUST, tags: {} });
    const { token } = await first.kube.createToken({ namespace: 'default', name: 'default' }, { audiences: [] });
    // Killed in the midst of writing.
    let answered = 0;
    const killed = setTimeout(() => first.running.child.kill('SIGKILL'), 300);
    try {
      for (; ; answered++) await first.kube.create(resources.configMaps, map(`n${answered}`));
    } catch (error) {
      expect(error).toBeInstanceOf(KubeTransportError);
    }
    clearTimeout(killed);
    await first.running.ended;
    expect(answered).toBeGreaterThan(5);

    const second = await start();
    expect(second.facts).toMatchObject({ issuer: first.facts.issuer, endpoint: first.facts.endpoint, kubeconfig: first.facts.kubeconfig });
    // The client of before is at home again: same port, same CA, same token.
    const names = (await first.kube.list(resources.configMaps, { namespace: 'default' })).items.map(({ metadata }) => metadata.name);
    expect(names).toEqual(expect.arrayContaining(Array.from({ length: answered }, (_, index) => `n${index}`)));
    expect((await second.roles.get('kept'))?.name).toBe('kept');
    const review = await second.kube.raw('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token },
    });
    expect(review).toMatchObject({ status: { authenticated: true } });
    second.running.child.kill('SIGTERM');
    expect((await second.running.ended).code).toBe(0);
    expect((await stat(join(folder, 'sandbox.json'))).mode & 0o777).toBe(0o600);
  });

  it('is whole whenever it is killed, also while it starts', async () => {
    const answered: string[] = [];
    for (const [round, ms] of [150, 450, 700, 850].entries()) {
      // Killed while it starts, before or after it says that it is ready.
      const starting = startPodrole(args(), { home });
      setTimeout(() => starting.child.kill('SIGKILL'), ms);
      await starting.ended;
      const { running, kube } = await start();
      setTimeout(() => running.child.kill('SIGKILL'), 20 + ms / 5);
      try {
        for (let count = 0; ; count++) {
          await kube.create(resources.configMaps, map(`n${round}-${count}`));
          answered.push(`n${round}-${count}`);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(KubeTransportError);
      }
      await running.ended;
    }
    const { kube } = await start();
    const names = (await kube.list(resources.configMaps, { namespace: 'default' })).items.map(({ metadata }) => metadata.name);
    expect(names).toEqual(expect.arrayContaining(answered));
    expect((await readdir(folder)).filter((name) => /^(state|sandbox)\.json\./.test(name))).toEqual([]);
  });

  it('is refused to a second instance, and to another account', async () => {
    const first = await start();
    const second = await runPodrole(args(), { home });
    expect([second.code, JSON.parse(second.stdout || second.stderr)]).toEqual([3, expect.objectContaining({ code: 'data-dir-in-use' })]);
    first.running.child.kill('SIGTERM');
    await first.running.ended;
    const other = await runPodrole([...args(), '--account', '999999999999'], { home });
    expect(JSON.parse(other.stdout || other.stderr)).toMatchObject({ code: 'data-dir-other' });
  });
});

const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
