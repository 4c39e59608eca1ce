import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../host/system-clock.ts';
import { openDataDir } from './data-dir.ts';
import type { WorldKeeper } from './world-keeper.ts';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'podrole-data-dir-'));
  folder = join(parent, 'kept');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const open = (): Promise<WorldKeeper> =>
  openDataDir({ folder, account: '111122223333', region: 'us-west-2', cluster: 'demo', clock: systemClock() });

/** Changes members of `sandbox.json`. */
function edit(members: object): void {
  const file = join(folder, 'sandbox.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...members }));
}

describe("a sandbox's folder", () => {
  it('keeps issuer and token', async () => {
    const first = await open();
    first.close();
    const again = await open();
    again.close();
    expect([again.identity.issuer, again.identity.adminToken]).toEqual([first.identity.issuer, first.identity.adminToken]);
  });

  it.each([
    { signingKeyPem: '-----BEGIN PRIV KEY-----' },
    { signingKeyPem: undefined },
    { caKeyPem: 5 },
    { caPem: '' },
    { issuer: undefined },
    { adminToken: '' },
  ])('is damaged, by the name of the file, with %j', async (members) => {
    (await open()).close();
    edit(members);
    await expect(open()).rejects.toMatchObject({
      code: 'data-dir-damaged',
      message: `${join(folder, 'sandbox.json')} does not hold the keys of a sandbox any more`,
    });
  });

  it('is free again after it was refused', async () => {
    (await open()).close();
    const whole = readFileSync(join(folder, 'sandbox.json'));
    edit({ caPem: '' });
    await expect(open()).rejects.toThrow();
    writeFileSync(join(folder, 'sandbox.json'), whole);
    (await open()).close();
  });

  it('cannot be a file', async () => {
    writeFileSync(folder, '');
    await expect(open()).rejects.toMatchObject({ code: 'data-dir-other', message: `${folder} cannot be a sandbox's folder` });
  });
});
