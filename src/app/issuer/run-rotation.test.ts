import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ISSUER } from '../../../test/support/issuer-keys.ts';
import { memoryLog } from '../../../test/support/memory-log.ts';
import { generateKeyFiles } from './key-files.ts';
import { publishIssuer } from './run-issuer.ts';
import { type RotationPlan, type RotationRequest, type RotationResult, runRotation } from './run-rotation.ts';
import { serveIssuer } from './serve-issuer.ts';

const SIGNAL = new AbortController().signal;
const TARGET = { region: undefined, endpoint: undefined };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podrole-rotation-'));
  for (const name of ['old', 'new']) await generateKeyFiles('p-256', { privateFile: file(name), publicFile: file(`${name}.pub`) });
  await publishIssuer(
    {
      issuer: ISSUER,
      keyFiles: [file('old.pub')],
      jwksPath: undefined,
      to: file('site'),
      target: TARGET,
      cacheSeconds: 60,
      drop: [],
      applyBucketPolicy: false,
    },
    SIGNAL,
  );
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function file(name: string): string {
  return join(folder, name);
}

function run(how: 'begin' | 'go-on' | 'look', check?: RotationRequest['check']): Promise<RotationResult> {
  const signer = (name: string): RotationPlan['current'] => ({
    publicFile: file(`${name}.pub`),
    publicPath: `/pki/${name}.pub`,
    privatePath: `/pki/${name}`,
  });
  const plan = {
    current: signer('old'),
    next: signer('new'),
    others: [],
    to: file('site'),
    cacheSeconds: 60,
    tokenSeconds: 600,
    maxAgeSeconds: 60,
  };
  return runRotation(
    {
      file: file('state.json'),
      target: TARGET,
      plan: how === 'begin' ? plan : undefined,
      switched: false,
      tokens: [],
      statusOnly: how === 'look',
      check,
      platform: 'kube-apiserver',
      apiAudiences: ['api'],
      now: () => new Date(),
    },
    SIGNAL,
  );
}

describe('a run on a state file that another process has', () => {
  it('is refused with the file and the process, except to look', async () => {
    await run('begin');
    const other = spawn(process.execPath, ['-e', "setInterval(() => {}, 1000); console.log('up')"]);
    try {
      await once(other.stdout, 'data');
      const started = process.platform === 'linux' ? await startOf(other.pid ?? 0) : '';
      await writeFile(file('state.json.lock'), JSON.stringify({ pid: other.pid, started, nonce: 'theirs' }));
      for (const how of ['begin', 'go-on'] as const)
        await expect(run(how)).rejects.toMatchObject({
          code: 'rotation-in-use',
          message: `${file('state.json')} is being rotated by process ${other.pid}, as ${file('state.json.lock')} says`,
        });
      expect((await run('look')).state.step).toBe('wait');
      expect(await readdir(folder)).toContain('state.json.lock');
    } finally {
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
    expect((await run('go-on')).state.step).toBe('wait');
    expect(await readdir(folder)).not.toContain('state.json.lock');
  });

  it('takes over from one that was killed, and leaves no lock behind, also when it fails', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await writeFile(file('state.json.lock'), JSON.stringify({ pid, started: '1', nonce: 'old' }));
    await run('begin');
    await expect(run('begin')).rejects.toMatchObject({ code: 'rotation-under-way' });
    expect((await readdir(folder)).sort()).toEqual(['new', 'new.pub', 'old', 'old.pub', 'site', 'state.json']);
    expect((await stat(file('state.json'))).mode & 0o777).toBe(0o600);
    expect(await readFile(file('state.json'), 'utf8')).not.toMatch(/PRIVATE|"d"/);
  });

  it('lets one of two at once begin', async () => {
    const ends = await Promise.allSettled([run('begin'), run('begin')]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

it('locks nothing where no rotation is', async () => {
  await expect(run('go-on')).rejects.toMatchObject({ code: 'rotation-missing' });
});

it.each(['.well-known/openid-configuration', 'openid/v1/jwks'])('does not begin on a %s that cannot be read, and says so', async (name) => {
  await writeFile(file(`site/${name}`), '{"keys":[');
  await expect(run('begin')).rejects.toMatchObject({
    code: 'issuer-input-invalid',
    message: expect.stringContaining(`its ${name} is there and cannot be read`),
  });
});

it('waits as long as readers may keep the key set that they have', async () => {
  const served = await serveIssuer({
    folder: file('site'),
    address: '127.0.0.1',
    port: 0,
    cacheSeconds: 86_400,
    tls: { kind: 'own-ca', folder: file('ca') },
    log: memoryLog(),
  });
  try {
    const [host = '', address = ''] = served.resolve.split('=');
    const ca = await readFile(served.ownCa?.caFile ?? '', 'utf8');
    const check = { ca, resolve: new Map([[host, { address: '127.0.0.1', port: Number(address.split(':').at(-1)) }]]) };
    expect((await run('begin', check)).state).toMatchObject({ step: 'wait', cacheSeconds: 86_400, maxAgeSeconds: 60 });
  } finally {
    await served.close();
  }
});

async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
