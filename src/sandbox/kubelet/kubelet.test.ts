import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { silentLog } from '../../base/log.ts';
import { systemClock } from '../../host/system-clock.ts';
import { Kubelet, type KubeletOptions } from './kubelet.ts';
import type { Pod } from './pod.ts';
import type { KubeletApi } from './volumes.ts';

const MOUNT = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const POD: Pod = {
  metadata: { name: 'p', namespace: 'n', uid: 'u' },
  spec: {
    serviceAccountName: 'sa',
    volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { audience: 'aud', expirationSeconds: 600, path: 'token' } }] } }],
    containers: [
      {
        name: 'main',
        image: 'shell',
        args: ['echo "$TOKEN_FILE"; cat "$TOKEN_FILE"; exec sleep 60'],
        env: [{ name: 'TOKEN_FILE', value: `${MOUNT}/token` }],
        volumeMounts: [{ name: 't', mountPath: MOUNT }],
      },
    ],
  },
};

describe('the kubelet', () => {
  let root: string;
  let kubelet: Kubelet;
  let asked: { readonly audience: string | undefined; readonly expirationSeconds: number | undefined }[];
  let now: () => Date;
  let statuses: Readonly<Record<string, unknown>>[];

  const api = (pod: Pod | undefined, over: Partial<KubeletApi> = {}): KubeletApi => ({
    getPod: async () => pod,
    requestToken: async ({ audience, expirationSeconds }) => {
      asked.push({ audience, expirationSeconds });
      return { token: `token-${asked.length}`, expiresAt: new Date(now().getTime() + 600_000) };
    },
    readConfigMap: async () => ({}),
    setPodStatus: async (_, status) => {
      statuses.push(status);
    },
    ...over,
  });
  const make = (pod: Pod | undefined, over: Partial<KubeletOptions> = {}): Kubelet => {
    kubelet = new Kubelet({
      api: api(pod),
      clock: systemClock(),
      log: silentLog,
      root,
      images: new Map([['shell', ['/bin/sh', '-c']]]),
      path: '/bin:/usr/bin',
      ...over,
    });
    return kubelet;
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'podrole-kubelet-'));
    asked = [];
    now = () => new Date();
    statuses = [];
  });
  afterEach(async () => {
    await kubelet.close();
    await rm(root, { recursive: true, force: true });
  });

  const said = async (logs: () => string, lines: number): Promise<readonly string[]> => {
    while (logs().split('\n').length <= lines) await new Promise((resolve) => setTimeout(resolve, 5));
    return logs().split('\n');
  };

  it('gives the container the token that its projected volume asks for, in a folder of its own', async () => {
    const view = await make(POD).run({ namespace: 'n', name: 'p' });
    const file = join(view.root, MOUNT, 'token');
    await expect(readFile(file, 'utf8')).resolves.toBe('token-1');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(view.root, '..'))).mode & 0o777).toBe(0o700);
    expect((await said(view.logs, 1)).slice(0, 1)).toEqual([file]);
    expect(asked).toEqual([{ audience: 'aud', expirationSeconds: 600 }]);
    expect(statuses[0]).toMatchObject({ phase: 'Running' });
  });

  it('replaces the token when 80 % of its life are over', async () => {
    const clock = new FakeClock();
    now = () => clock.now();
    const view = await make(POD, { clock }).run({ namespace: 'n', name: 'p' });
    await clock.advance(479_000);
    expect(asked).toHaveLength(1);
    await clock.advance(2_000);
    await expect.poll(() => readFile(join(view.root, MOUNT, 'token'), 'utf8')).toBe('token-2');
    // The process would be waited for by a clock that stands still.
    void kubelet.close();
    await clock.advance(10_000);
  });

  it('runs another program in the same place', async () => {
    await make(POD).run({ namespace: 'n', name: 'p' });
    await expect(kubelet.exec({ namespace: 'n', name: 'p' }, ['cat "$TOKEN_FILE"; exit 3'])).resolves.toEqual({
      exitCode: 3,
      stdout: 'token-1',
      stderr: '',
    });
  });

  it('leaves nothing of a pod behind', async () => {
    await make(POD).run({ namespace: 'n', name: 'p' });
    await kubelet.stop({ namespace: 'n', name: 'p' });
    await expect(readdir(root)).resolves.toEqual([]);
    await expect(kubelet.exec({ namespace: 'n', name: 'p' }, ['true'])).rejects.toMatchObject({ code: 'pod-not-running' });
  });

  it('does not run a pod twice', async () => {
    await make(POD).run({ namespace: 'n', name: 'p' });
    await expect(kubelet.run({ namespace: 'n', name: 'p' })).rejects.toMatchObject({ code: 'pod-running' });
  });

  it('names an image that nothing stands for', async () => {
    const other = { ...POD, spec: { ...POD.spec, containers: [{ name: 'main', image: 'nginx' }] } };
    await expect(make(other).run({ namespace: 'n', name: 'p' })).rejects.toMatchObject({ code: 'image-unknown', hint: 'use one of shell' });
  });

  it('says that a pod does not exist', async () => {
    await expect(make(undefined).run({ namespace: 'n', name: 'p' })).rejects.toMatchObject({ code: 'pod-not-found' });
  });

  it('cleans up when the status cannot be told', async () => {
    const failing = api(POD, { setPodStatus: () => Promise.reject(new Error('no')) });
    await expect(make(POD, { api: failing }).run({ namespace: 'n', name: 'p' })).rejects.toThrow('no');
    await expect(readdir(root)).resolves.toEqual([]);
  });
});
