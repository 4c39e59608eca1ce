import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../../../host/listen.ts';
import { generateSigningKeyPem } from '../../../host/signing-key.ts';
import { signToken } from '../../../oidc/sign-token.ts';
import { importSigningKey } from '../../../oidc/signing-key.ts';
import { verifyToken } from '../../../oidc/verify-token.ts';
import { issuerHandler } from '../../issuer/issuer-handler.ts';
import { forever, HOST, ISSUER, IssuerFixture, json, KEYS } from './internal/issuer-fixture.ts';

describe('createIssuerKeys', () => {
  let fixture: IssuerFixture;
  beforeAll(async () => {
    fixture = await IssuerFixture.create();
  });
  afterEach(() => fixture.stopAll());

  it('finds the keys by way of discovery, with the name of the issuer on the wire', async () => {
    const issuer = await fixture.start();
    expect(await fixture.fetcher(issuer.port).fetchKeys(ISSUER, 'one', forever())).toEqual({ ok: true, keys: KEYS });
    expect(issuer.requests).toEqual(['/id/A1/.well-known/openid-configuration', '/id/A1/keys']);
    for (const { headers, serverName } of issuer.seen) {
      expect(headers.host).toBe(HOST);
      expect(headers['accept-encoding']).toBe('identity');
      expect(serverName).toBe(HOST);
    }
  });

  it("fetches from the sandbox's own issuer what verifies its tokens", async () => {
    const key = await importSigningKey(await generateSigningKeyPem());
    const listener = await listen({
      handler: issuerHandler({ issuer: ISSUER, keys: () => [key.publicJwk] }),
      tls: fixture.credentials,
      port: 0,
      allowedHosts: [HOST],
    });
    const fetched = await fixture.fetcher(listener.port).fetchKeys(ISSUER, key.kid, forever());
    await listener.close(0);
    const now = new Date('2026-11-24T08:00:00Z');
    const seconds = now.getTime() / 1000;
    const token = await signToken({
      key,
      claims: { aud: ['a'], exp: seconds + 60, iat: seconds, iss: ISSUER, sub: 'system:serviceaccount:a:b' },
    });
    const verdict = await verifyToken(token, { issuer: ISSUER, clientIds: ['a'], jwks: { keys: fetched.ok ? fetched.keys : [] }, now });
    expect(verdict).toMatchObject({ ok: true, subject: 'system:serviceaccount:a:b', audience: 'a', warnings: [] });
  });

  describe('cache', () => {
    it('keeps keys for the age that the issuer gives, and not longer', async () => {
      const issuer = await fixture.start();
      const keys = fixture.fetcher(issuer.port);
      const first = await keys.fetchKeys(ISSUER, 'one', forever());
      fixture.clock.advance(3_599_999);
      const second = await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(2);
      expect(first.ok && second.ok && first.keys === second.keys).toBe(true);
      fixture.clock.advance(1);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });

    it('looks again within a day, whatever age the issuer gives', async () => {
      const issuer = await fixture.start({ '/id/A1/keys': json({ keys: KEYS }, { 'cache-control': 'max-age=31536000' }) });
      const keys = fixture.fetcher(issuer.port);
      await keys.fetchKeys(ISSUER, 'one', forever());
      fixture.clock.advance(24 * 3_600_000 - 1);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(2);
      fixture.clock.advance(1);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });

    it('keeps keys of a silent issuer for the default age', async () => {
      const issuer = await fixture.start({ '/id/A1/keys': json({ keys: KEYS }) });
      const keys = fixture.fetcher(issuer.port, { defaultTtlMs: 90_000 });
      await keys.fetchKeys(ISSUER, 'one', forever());
      fixture.clock.advance(89_999);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(2);
      fixture.clock.advance(1);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });

    it('asks an issuer that forbids caching once per cooldown', async () => {
      const issuer = await fixture.start({ '/id/A1/keys': json({ keys: KEYS }, { 'cache-control': 'no-store' }) });
      const keys = fixture.fetcher(issuer.port);
      for (let index = 0; index < 20; index++) expect((await keys.fetchKeys(ISSUER, 'one', forever())).ok).toBe(true);
      expect(issuer.requests.length).toBe(2);
      fixture.clock.advance(30_000);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });

    it('fetches at most once per cooldown for a thousand unknown kids, asked one by one or at once', async () => {
      const issuer = await fixture.start();
      const keys = fixture.fetcher(issuer.port);
      for (let index = 0; index < 500; index++) expect((await keys.fetchKeys(ISSUER, `unknown-${index}`, forever())).ok).toBe(true);
      expect(issuer.requests.length).toBe(2);
      fixture.clock.advance(30_000);
      await Promise.all(Array.from({ length: 500 }, (_, index) => keys.fetchKeys(ISSUER, `other-${index}`, forever())));
      expect(issuer.requests.length).toBe(4);
    });

    it('finds a new key once the cooldown is over', async () => {
      const issuer = await fixture.start();
      const keys = fixture.fetcher(issuer.port);
      await keys.fetchKeys(ISSUER, 'one', forever());
      const rotated = [...KEYS, { kty: 'RSA', kid: 'two', n: 'AQAB', e: 'AQAB' }];
      issuer.answers['/id/A1/keys'] = json({ keys: rotated });
      fixture.clock.advance(29_999);
      expect(await keys.fetchKeys(ISSUER, 'two', forever())).toEqual({ ok: true, keys: KEYS });
      fixture.clock.advance(1);
      expect(await keys.fetchKeys(ISSUER, 'two', forever())).toEqual({ ok: true, keys: rotated });
    });

    it('shares one fetch among all who ask at once', async () => {
      const issuer = await fixture.start();
      const keys = fixture.fetcher(issuer.port);
      const results = await Promise.all(Array.from({ length: 50 }, () => keys.fetchKeys(ISSUER, 'one', forever())));
      expect(new Set(results.map((result) => result.ok && result.keys)).size).toBe(1);
      expect(issuer.requests.length).toBe(2);
    });

    it('serves the last keys of a failing issuer until their age, then its failure', async () => {
      const issuer = await fixture.start();
      const keys = fixture.fetcher(issuer.port);
      await keys.fetchKeys(ISSUER, 'one', forever());
      issuer.answers['/id/A1/keys'] = (_request, response) => response.writeHead(503).end();
      fixture.clock.advance(60_000);
      expect(await keys.fetchKeys(ISSUER, 'unknown', forever())).toEqual({ ok: true, keys: KEYS });
      expect(issuer.requests.length).toBe(4);
      fixture.clock.advance(3_540_000);
      expect(await keys.fetchKeys(ISSUER, 'one', forever())).toMatchObject({ ok: false, reason: 'status-unexpected' });
    });

    it('asks a failing issuer once per cooldown', async () => {
      const issuer = await fixture.start({ '/id/A1/keys': (_request, response) => response.writeHead(500).end() });
      const keys = fixture.fetcher(issuer.port);
      for (let index = 0; index < 20; index++) await keys.fetchKeys(ISSUER, `kid-${index}`, forever());
      expect(issuer.requests.length).toBe(2);
    });

    it('forgets an issuer when told', async () => {
      const issuer = await fixture.start();
      const keys = fixture.fetcher(issuer.port);
      await keys.fetchKeys(ISSUER, 'one', forever());
      keys.invalidate(ISSUER);
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });

    it('does not keep what was asked before it was told to forget', async () => {
      const issuer = await fixture.start();
      const keys = fixture.fetcher(issuer.port);
      const early = keys.fetchKeys(ISSUER, 'one', forever());
      keys.invalidate(ISSUER);
      await early;
      await keys.fetchKeys(ISSUER, 'one', forever());
      expect(issuer.requests.length).toBe(4);
    });
  });

  it('stops waiting when the signal aborts, and fetches on for the others', async () => {
    const issuer = await fixture.start();
    const keys = fixture.fetcher(issuer.port);
    const controller = new AbortController();
    const impatient = keys.fetchKeys(ISSUER, 'one', controller.signal);
    const patient = keys.fetchKeys(ISSUER, 'one', forever());
    controller.abort(new Error('gone'));
    await expect(impatient).rejects.toThrow('gone');
    expect(await patient).toEqual({ ok: true, keys: KEYS });
    await expect(keys.fetchKeys(ISSUER, 'one', AbortSignal.abort(new Error('gone before')))).rejects.toThrow('gone before');
  });

  it('connects to no host that is not mapped', async () => {
    const issuer = await fixture.start();
    expect(await fixture.fetcher(issuer.port).fetchKeys('https://169.254.169.254/latest', undefined, forever())).toEqual({
      ok: false,
      reason: 'issuer-not-mapped',
      message: '169.254.169.254 has no address; give one with --issuer-resolve 169.254.169.254=ADDRESS:PORT',
    });
    expect(issuer.requests).toEqual([]);
  });

  it.each(['http://x.test', 'https://x.test:8443', 'https://x.test/?a', 'file:///etc/passwd', ''])(
    'does not ask %j, which is no issuer',
    async (issuer) => {
      expect(await fixture.fetcher(1).fetchKeys(issuer, undefined, forever())).toMatchObject({ ok: false, reason: 'issuer-invalid' });
    },
  );
});
