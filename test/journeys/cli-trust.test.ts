import { createHmac, generateKeyPairSync } from 'node:crypto';
import { chmod, lstat, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, runPodrole } from '../support/run-podrole.ts';

const ISSUER = 'oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE';
const PROVIDER = `arn:aws:iam::111122223333:oidc-provider/${ISSUER}`;
const subject = (account: string): string => `system:serviceaccount:${account}`;

function policy(subjects: readonly string[], extra: readonly object[] = []): string {
  const ours = {
    Effect: 'Allow',
    Principal: { Federated: PROVIDER },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${ISSUER}:aud`]: 'sts.amazonaws.com', [`${ISSUER}:sub`]: subjects.map(subject) } },
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: [ours, ...extra] });
}

const ec2 = { Sid: 'Mine', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
const open = {
  Effect: 'Allow',
  Principal: { Federated: PROVIDER },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition: { Null: { [`${ISSUER}:sub`]: 'false' } },
};

describe('trust policies on the command line, without a cluster and without AWS', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'podrole-cli-'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const run = (...args: readonly string[]): Promise<Ended> => runPodrole(args, { home });
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(home, name), text);
    return name;
  };

  describe('edit', () => {
    it('prints the new document and leaves the file as it was', async () => {
      const before = policy(['a:x'], [ec2]);
      const file = await write('print.json', before);
      const { code, stdout, stderr } = await run('trust', 'edit', file, '--add', 'b:y', '--remove', 'a:x');
      const { Statement } = JSON.parse(stdout) as { Statement: Record<string, unknown>[] };
      expect(Statement[0]?.Condition).toEqual({
        StringEquals: { [`${ISSUER}:aud`]: 'sts.amazonaws.com', [`${ISSUER}:sub`]: [subject('b:y')] },
      });
      expect(Statement[1]).toEqual(ec2);
      expect(stderr).toMatch(/1 of 1 admitted, 1 removed, \d+ of 2048 characters; not written\n$/);
      expect(await readFile(join(home, file), 'utf8')).toBe(before);
      expect(code).toBe(0);
    });

    it('rewrites the file behind a link in one step, with its mode, and once is enough', async () => {
      const file = await write('real.json', policy(['a:x']));
      await chmod(join(home, file), 0o640);
      await symlink(file, join(home, 'link.json'));
      const first = await run('trust', 'edit', 'link.json', '--provider-arn', PROVIDER, '--add', 'b:y', '--write');
      expect([first.code, first.stderr.trimEnd().split('\n').at(-1)]).toEqual([0, 'next: podrole trust lint link.json']);
      expect((await lstat(join(home, 'link.json'))).isSymbolicLink()).toBe(true);
      expect((await stat(join(home, file))).mode & 0o777).toBe(0o640);
      const written = await readFile(join(home, file), 'utf8');
      expect(written).toContain(subject('b:y'));
      const second = await run('trust', 'edit', 'link.json', '--add', 'b:y', '--write', '-o', 'json');
      expect(JSON.parse(second.stdout)).toMatchObject({ kind: 'TrustEdit', changed: false, written: false, admitted: [subject('b:y')] });
      expect(await readFile(join(home, file), 'utf8')).toBe(written);
    });

    it('closes a policy that has nobody left, and never opens it', async () => {
      const file = await write('last.json', policy(['a:x']));
      const { stdout } = await run('trust', 'edit', file, '--remove', 'a:x');
      expect((JSON.parse(stdout) as { Statement: object }).Statement).toMatchObject([{ Sid: 'PodroleClosed', Effect: 'Deny' }]);
    });

    it('refuses an open role, and one that is full: all or nothing, with reasons', async () => {
      const before = policy(['a:x'], [open]);
      const file = await write('open.json', before);
      const refused = await run('trust', 'edit', file, '--add', 'b:y', '--remove', 'a:x', '--write', '-o', 'json');
      expect(JSON.parse(refused.stdout)).toMatchObject({ written: false, refused: [{ reason: 'role-open', subject: subject('b:y') }] });
      expect(refused.code).toBe(1);
      expect(await readFile(join(home, file), 'utf8')).toBe(before);
      const full = await run('trust', 'edit', await write('full.json', policy(['a:x'])), '--add', 'b:y', '--quota', '400');
      expect([full.code, full.stdout]).toEqual([1, '']);
      expect(full.stderr).toContain(`trust-policy-full: ${subject('b:y')}: the trust policy would be longer than its quota`);
    });

    it('says no where somebody else’s statement still lets the removed one in', async () => {
      const file = await write(
        'still.json',
        policy(['a:x'], [{ ...open, Sid: 'Theirs', Condition: { StringLike: { [`${ISSUER}:sub`]: subject('a:*') } } }]),
      );
      const { code, stderr } = await run('trust', 'edit', file, '--remove', 'a:x');
      expect(stderr).toContain('still-admitted');
      expect(code).toBe(1);
    });

    it('names every mistake of the command line at once', async () => {
      const { code, stderr } = await run('trust', 'edit', 'print.json', '--add', 'A:x', 'b', '--add', 'c:d', '--remove', 'c:d');
      expect(stderr.split('\n').filter((line) => line.startsWith('  '))).toHaveLength(3);
      expect(code).toBe(2);
      const provider = await run('trust', 'edit', 'print.json', '--issuer', 'http://x', '--account', '1', '--add', 'c:d', '-o', 'json');
      expect((JSON.parse(provider.stdout) as { problems: { path: string }[] }).problems.map(({ path }) => path)).toEqual([
        '--issuer',
        '--account',
      ]);
      expect((await run('trust', 'edit', 'absent.json', '--add', 'c:d')).code).toBe(2);
    });
  });

  describe('explain', () => {
    const claims = (account: string, more: object = {}): string =>
      JSON.stringify({ iss: `https://${ISSUER}`, sub: subject(account), aud: 'sts.amazonaws.com', ...more });

    it('says yes, or the nearest miss and what it would take', async () => {
      const file = await write('explain.json', policy(['a:x']));
      const yes = await run('explain', '--policy', file, '--claims', await write('yes.claims', claims('a:x')));
      expect([yes.code, yes.stdout.split('\n')[0]]).toEqual([
        0,
        `√ sts:AssumeRoleWithWebIdentity: allowed: statement 1 lets "${subject('a:x')}" in`,
      ]);
      const no = await run('explain', '--policy', file, '--claims', await write('no.claims', claims('b:x')), '-o', 'json');
      const answer = JSON.parse(no.stdout) as { verdict: string; providerArn: string; judgements: { sentences: string[] }[] };
      expect(answer).toMatchObject({ kind: 'Explanation', verdict: 'deny', providerArn: PROVIDER });
      expect(answer.judgements[0]?.sentences).toEqual([
        `denied: no statement lets "${subject('b:x')}" in`,
        'the policy names namespace a, the token says b',
        `to allow it: add "${subject('b:x')}" to StringEquals on ${ISSUER}:sub`,
      ]);
      expect(no.code).toBe(1);
    });

    it('asks for tags and a source identity as well, where the token carries them', async () => {
      const file = await write('tags.json', policy(['a:x']));
      const tagged = claims('a:x', {
        'https://aws.amazon.com/tags': { principal_tags: { team: ['a'] } },
        'https://aws.amazon.com/source_identity': 'me',
      });
      const { code, stdout } = await run('explain', '--policy', file, '--claims', await write('tags.claims', tagged), '-o', 'json');
      const { judgements } = JSON.parse(stdout) as { judgements: { action: string; verdict: string }[] };
      expect(judgements.map(({ action, verdict }) => [action, verdict])).toEqual([
        ['sts:AssumeRoleWithWebIdentity', 'allow'],
        ['sts:TagSession', 'deny'],
        ['sts:SetSourceIdentity', 'deny'],
      ]);
      expect(code).toBe(1);
    });

    it('decodes a token, says that it verified nothing, and never prints it', async () => {
      const { privateKey } = generateKeyPairSync('ed25519');
      const signature = createHmac('sha256', privateKey.export({ type: 'pkcs8', format: 'der' }))
        .update('x')
        .digest('base64url');
      const part = (text: string): string => Buffer.from(text).toString('base64url');
      const token = `${part('{"alg":"RS256","kid":"k"}')}.${part(claims('a:x', { iat: 1, exp: 2 }))}.${signature}`;
      const file = await write('token', `${token}\n`);
      const { code, stdout, stderr } = await run('explain', '--policy', await write('token.json', policy(['a:x'])), '--token', file);
      expect(stderr).toContain('decoded, not verified');
      expect(stderr).toContain('it expired at 1970-01-01T00:00:02.000Z');
      for (const text of token.split('.')) expect(stdout + stderr).not.toContain(text);
      expect(code).toBe(0);
      const broken = await run('explain', '--policy', 'token.json', '--token', await write('broken', `${token}.${signature}`));
      expect(broken.code).toBe(2);
      for (const text of token.split('.')) expect(broken.stdout + broken.stderr).not.toContain(text);
    });

    it('holds a policy that cannot be read for one that lets nobody in', async () => {
      const { code, stdout } = await run(
        'explain',
        '--policy',
        await write('bad.json', '{"Version":'),
        '--claims',
        'yes.claims',
        '--provider-arn',
        PROVIDER,
      );
      expect(stdout).toContain('the trust policy cannot be read');
      expect(code).toBe(1);
    });
  });

  describe('who-can and can', () => {
    it('lists whom a policy admits, and whom it would', async () => {
      const pattern = { ...open, Condition: { StringLike: { [`${ISSUER}:sub`]: `${subject('team-')}*:ci` } } };
      const file = await write('who.json', policy(['a:x', 'gone:x'], [pattern]));
      const accounts = await write('accounts.txt', 'a:x\nb:y\nteam-1:ci\n');
      const { code, stdout } = await run('who-can', 'assume', '--policy', file, '--service-accounts', accounts, '-o', 'json');
      expect(JSON.parse(stdout)).toMatchObject({
        kind: 'AdmittedList',
        providerArn: PROVIDER,
        asked: 3,
        admitted: [{ subject: subject('a:x') }, { subject: subject('team-1:ci') }],
        beyond: [
          { kind: 'absent', subject: subject('gone:x') },
          { kind: 'pattern', reach: 'namespaces' },
        ],
      });
      expect(code).toBe(0);
      const nobody = await run('who-can', 'assume', '--policy', file, '--service-accounts', await write('none.txt', 'b:y\n'));
      expect([nobody.code, nobody.stdout]).toEqual([1, '']);
    });

    it('answers for one service account', async () => {
      const file = await write('can.json', policy(['a:x']));
      const yes = await run('can', 'sa/a:x', 'assume', '--policy', file);
      expect([yes.code, yes.stdout.startsWith('√ yes: allowed')]).toEqual([0, true]);
      const no = await run('can', 'a:x', 'assume', '--policy', file, '--audience', 'other');
      expect([no.code, no.stdout.split('\n')[0]]).toEqual([1, `× no: denied: no statement lets "${subject('a:x')}" in`]);
      expect((await run('can', 'x', 'go', '--policy', file)).code).toBe(2);
    });
  });
});
