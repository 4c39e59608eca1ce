import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { fakeToken } from '../../../test/support/scripted-sts.ts';
import { sessionNameFrom } from './session-name.ts';
import { readClaims } from './token-claims.ts';
import { readTokenFile, type TokenReading } from './token-file.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z') / 1_000;
const ISSUER = 'https://oidc.example.com/id/A';
const good = { iss: ISSUER, sub: 'system:serviceaccount:team-a:web', aud: ['sts.amazonaws.com'], exp: NOW + 3_600 };
const never = new AbortController().signal;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podrole-token-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Reads while time passes. */
async function read(file: string, options: { readonly audience?: string; readonly skewMs?: number } = {}): Promise<TokenReading> {
  const clock = new FakeClock();
  const reading = readTokenFile({ file, audience: options.audience, clock, skewMs: options.skewMs ?? 0 }, never);
  for (let turn = 0; turn < 4; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(50);
  }
  return reading;
}

async function readText(text: string, options: Parameters<typeof read>[1] = {}): Promise<TokenReading> {
  const file = join(folder, 'token');
  await writeFile(file, text);
  return read(file, options);
}

const failureOf = (reading: TokenReading) => (reading.ok ? undefined : reading.failure);

describe('a token file', () => {
  it('is trimmed, as a newline at its end would be sent', async () => {
    const token = fakeToken(good);
    expect(await readText(`\n ${token}\r\n`)).toMatchObject({
      ok: true,
      text: token,
      problem: undefined,
      claims: { subject: good.sub, audiences: good.aud },
    });
  });

  it('with an expired token is not sent, and says whose it is', async () => {
    const failure = failureOf(await readText(fakeToken({ ...good, exp: NOW - 301 })));
    expect(failure).toMatchObject({
      code: 'token-expired',
      sent: false,
      detail: { file: join(folder, 'token'), exp: '2025-12-31T23:54:59.000Z', aud: ['sts.amazonaws.com'], sub: good.sub },
    });
    expect(failure?.message).toBe(
      `token in ${join(folder, 'token')} expired 2025-12-31T23:54:59.000Z (exp 2025-12-31T23:54:59.000Z, aud sts.amazonaws.com, sub system:serviceaccount:team-a:web)`,
    );
  });

  it('with one that AWS still takes is sent, and told', async () => {
    expect(await readText(fakeToken({ ...good, exp: NOW - 299 }))).toMatchObject({
      ok: true,
      staleSince: new Date('2025-12-31T23:55:01Z'),
    });
    expect(await readText(fakeToken(good))).toMatchObject({ ok: true, staleSince: undefined });
  });

  it('is judged by AWS’s clock where that is known', async () => {
    expect(failureOf(await readText(fakeToken({ ...good, exp: NOW - 400 }), { skewMs: -600_000 }))).toBeUndefined();
    expect(failureOf(await readText(fakeToken({ ...good, exp: NOW + 200 }), { skewMs: 600_000 }))?.code).toBe('token-expired');
  });

  it.each([
    ['the API server’s default', ['https://kubernetes.default.svc'], 'is for https://kubernetes.default.svc, not for STS'],
    [
      'the API server’s with a domain',
      'https://kubernetes.default.svc.cluster.local',
      'is for https://kubernetes.default.svc.cluster.local, not for STS',
    ],
    ['the issuer', [ISSUER], `is for ${ISSUER}, not for STS`],
    ['the EKS Pod Identity agent', ['pods.eks.amazonaws.com'], 'is for pods.eks.amazonaws.com, not for STS'],
    ['nobody', [], 'has no audience'],
    ['two', ['sts.amazonaws.com', 'b'], 'has more than one audience, which STS refuses'],
  ])('with a token for %s is not sent', async (_name, aud, words) => {
    const failure = failureOf(await readText(fakeToken({ ...good, aud })));
    expect(failure).toMatchObject({ code: 'token-audience-wrong', retry: 'never', sent: false });
    expect(failure?.message).toContain(words);
  });

  it.each([['sts.amazonaws.com'], ['sts.amazonaws.com.cn'], ['amazonaws.com'], ['client-a']])('with a token for %s is sent', async (aud) =>
    expect(failureOf(await readText(fakeToken({ ...good, aud: [aud] })))).toBeUndefined(),
  );

  it('is held against the audience that was asked for', async () => {
    expect(failureOf(await readText(fakeToken(good), { audience: 'client-a' }))?.message).toContain('is not for client-a');
    expect(failureOf(await readText(fakeToken(good), { audience: 'sts.amazonaws.com' }))).toBeUndefined();
  });

  it('with two audiences and an authorized party is sent, as AWS takes that', async () =>
    expect(failureOf(await readText(fakeToken({ ...good, aud: ['a', 'b'], azp: 'a' })))).toBeUndefined());

  it.each([
    ['no JWT', 'opaque', 'it has not the three parts of a JWT'],
    ['claims that are not JSON', 'a.b.c', 'its claims are not JSON'],
    ['claims that are no object', `a.${Buffer.from('[]').toString('base64url')}.c`, 'its claims are not a JSON object'],
  ])('with %s is sent, with the problem', async (_name, text, problem) =>
    expect(await readText(text)).toMatchObject({ ok: true, text, claims: undefined, problem }),
  );

  it('that is longer than STS takes is not sent', async () =>
    expect(failureOf(await readText('x'.repeat(20_001)))?.code).toBe('token-too-long'));

  it('that is empty or missing fails after three looks, naming the file', async () => {
    expect(failureOf(await readText(' \n'))).toMatchObject({
      code: 'token-file-empty',
      sent: false,
      message: `token file ${join(folder, 'token')} is empty`,
    });
    expect(failureOf(await read(join(folder, 'absent')))).toMatchObject({
      code: 'token-file-unreadable',
      message: `token file ${join(folder, 'absent')} cannot be read: ENOENT`,
    });
  });

  it('that appears between two looks is read', async () => {
    const file = join(folder, 'late');
    const clock = new FakeClock();
    const reading = readTokenFile({ file, audience: undefined, clock, skewMs: 0 }, never);
    await new Promise((resolve) => setTimeout(resolve, 20));
    // As the kubelet does: a new folder, and the link moved over.
    await writeFile(join(folder, 'data'), fakeToken(good));
    await symlink(join(folder, 'data'), join(folder, 'link'));
    await rename(join(folder, 'link'), file);
    await clock.advance(50);
    expect(await reading).toMatchObject({ ok: true });
  });
});

it('claims are read from anything without throwing', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.jsonValue().map((value) => `e30.${Buffer.from(JSON.stringify(value)).toString('base64url')}.x`),
      ),
      (text) => {
        const reading = readClaims(text);
        if (reading.ok) expect(Array.isArray(reading.claims.audiences)).toBe(true);
        else expect(reading.problem).toMatch(/^it/);
      },
    ),
    { numRuns: 2_000 },
  );
});

it.each([
  [{ pod: { name: 'web-0' }, serviceaccount: { name: 'web' } }, 'web-0'],
  [{ serviceaccount: { name: 'web' } }, 'web'],
  [undefined, undefined],
  ['text', undefined],
])('the name in %j is %s', (kubernetes, name) => {
  const reading = readClaims(fakeToken({ ...good, 'kubernetes.io': kubernetes }));
  expect(reading.ok && reading.claims.ownName).toBe(name);
});

it('a session name fits STS whatever the name', () => {
  expect(sessionNameFrom('web-0')).toBe('web-0');
  expect(sessionNameFrom(undefined)).toBe('podrole');
  expect(sessionNameFrom('w')).toBe('podrole');
  fc.assert(fc.property(fc.string(), (name) => /^[\w+=,.@-]{2,64}$/.test(sessionNameFrom(name))));
});
