import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ISSUER, materialOf, type TestKey, testKey } from '../../test/support/issuer-keys.ts';
import { keySetDocument } from '../oidc/key-set.ts';
import { signToken } from '../oidc/sign-token.ts';
import { verifyToken } from '../oidc/verify-token.ts';
import { bucketPolicy } from './bucket-policy.ts';
import { DISCOVERY_NAME, issuerDocuments } from './documents.ts';
import type { IssuerInputError } from './errors.ts';
import { createIssuerSite } from './issuer-site.ts';
import { type DocumentStore, publish } from './publish.ts';
import { publishedKeys } from './published-keys.ts';

const SIGNAL = new AbortController().signal;
let rsa: TestKey;
let ec: TestKey;
beforeAll(async () => {
  [rsa, ec] = (await Promise.all([testKey('RSA'), testKey('P-521')])) as [TestKey, TestKey];
});

describe('publishedKeys', () => {
  it.each(['RSA', 'P-256', 'P-384', 'P-521'] as const)('publishes a %s key so that AWS verifies with it', async (kind) => {
    const key = await testKey(kind);
    const published = await publishedKeys([key.material]);
    expect(published).toEqual({ ok: true, keys: [key.signing.publicJwk] });
    const now = new Date('2026-01-01T00:00:00Z');
    const iat = now.getTime() / 1000;
    const token = await signToken({ key: key.signing, claims: { iss: ISSUER, sub: 'x', aud: 'a', iat, exp: iat + 60 } });
    const jwks = keySetDocument(published.ok ? published.keys : []);
    expect(await verifyToken(token, { issuer: ISSUER, clientIds: ['a'], jwks, now, mode: 'strict' })).toMatchObject({ ok: true });
  });

  it('names both halves of a key once', async () => {
    const published = await publishedKeys([rsa.material, { ...rsa.material, from: 'other.pem' }, ec.material]);
    expect(published.ok && published.keys.map(({ kid }) => kid)).toEqual([rsa.signing.kid, ec.signing.kid]);
  });

  it('tells every key that AWS would pass over, each with its file', async () => {
    const weak = createPublicKey(
      generateKeyPairSync('rsa', {
        modulusLength: 1024,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }).privateKey,
    );
    const curve = createPublicKey(
      generateKeyPairSync('ec', {
        namedCurve: 'secp256k1',
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }).privateKey,
    );
    expect(await publishedKeys([materialOf(weak, 'weak.pem'), materialOf(curve, 'curve.pem'), rsa.material])).toEqual({
      ok: false,
      problems: [
        { path: 'weak.pem', message: 'the RSA key has 1024 bits; 2048 are the least' },
        { path: 'curve.pem', message: 'it is of kind EC; AWS verifies with RSA, P-256, P-384 and P-521' },
      ],
    });
    expect(await publishedKeys([])).toMatchObject({ ok: false });
  });
});

describe('issuerDocuments', () => {
  it('makes both documents, without a private member, key_ops or x5c', () => {
    const documents = issuerDocuments({ issuer: ISSUER, keys: [rsa.signing.publicJwk, ec.signing.publicJwk] });
    expect(JSON.parse(documents.discovery.text)).toEqual({
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES512', 'RS256'],
    });
    const { keys } = JSON.parse(documents.keySet.text) as { keys: object[] };
    expect(keys.map((key) => Object.keys(key))).toEqual([
      ['use', 'kty', 'kid', 'alg', 'n', 'e'],
      ['use', 'kty', 'kid', 'crv', 'alg', 'x', 'y'],
    ]);
  });

  it.each(['http://a.test', 'https://a.test?x', 'https://a.test:8443', 'https://a.test:443', 'a.test', 'https://'])(
    'refuses the issuer %s',
    (issuer) => {
      expect(() => issuerDocuments({ issuer, keys: [] })).toThrow(/^issuer /);
    },
  );

  it.each(['', '/keys', 'a/../b', '..', 'a b', 'keys?x', DISCOVERY_NAME])('refuses the key set path %j', (jwksPath) => {
    expect(() => issuerDocuments({ issuer: ISSUER, keys: [], jwksPath })).toThrow(/key set/);
  });

  it('does not double the slash of an issuer that ends in one', () => {
    expect(issuerDocuments({ issuer: 'https://a.test/', keys: [], jwksPath: 'keys.json' }).jwksUri).toBe('https://a.test/keys.json');
  });
});

function memoryStore(): DocumentStore & { readonly texts: Map<string, string>; readonly writes: string[] } {
  const texts = new Map<string, string>();
  const writes: string[] = [];
  return {
    texts,
    writes,
    where: 'memory',
    read: async (name) => texts.get(name),
    write: async ({ name, text }) => {
      texts.set(name, text);
      writes.push(name);
    },
  };
}

describe('publish', () => {
  const to = (store: DocumentStore, keys: TestKey[], more: { issuer?: string; drop?: string[]; jwksPath?: string } = {}) =>
    publish(
      {
        documents: issuerDocuments({
          issuer: more.issuer ?? ISSUER,
          keys: keys.map(({ signing }) => signing.publicJwk),
          jwksPath: more.jwksPath,
        }),
        store,
        cacheSeconds: 60,
        drop: more.drop ?? [],
      },
      SIGNAL,
    );

  it('writes the document, then the keys, and nothing that is there already', async () => {
    const store = memoryStore();
    expect(await to(store, [rsa])).toMatchObject({ kind: 'published', added: [rsa.signing.kid], removed: [] });
    expect(store.writes).toEqual([DISCOVERY_NAME, 'openid/v1/jwks']);
    expect(await to(store, [rsa])).toEqual({ kind: 'published', written: [], added: [], removed: [] });
  });

  it('takes no key away unasked', async () => {
    const store = memoryStore();
    await to(store, [rsa]);
    expect(await to(store, [ec])).toMatchObject({
      kind: 'refused',
      problems: [{ path: 'memory', message: expect.stringContaining(rsa.signing.kid) }],
    });
    expect(store.writes).toHaveLength(2);
    expect(await to(store, [ec], { drop: [rsa.signing.kid] })).toMatchObject({ kind: 'published', removed: [rsa.signing.kid] });
  });

  it('does not publish over another issuer', async () => {
    const store = memoryStore();
    await to(store, [rsa]);
    expect(await to(store, [rsa], { issuer: 'https://other.test' })).toMatchObject({
      kind: 'refused',
      problems: [{ message: expect.stringContaining(ISSUER) }],
    });
  });

  it.each([DISCOVERY_NAME, 'openid/v1/jwks'])('does not publish over a %s that cannot be read', async (name) => {
    const store = memoryStore();
    await to(store, [rsa]);
    for (const damaged of ['', '{', '{"keys":[{"kid":', '[]']) {
      store.texts.set(name, damaged);
      expect(await to(store, [ec], { drop: [rsa.signing.kid] })).toMatchObject({
        kind: 'refused',
        problems: [{ path: 'memory', message: expect.stringMatching(`^its ${name} is there and cannot be read .*delete it$`) }],
      });
      expect(store.texts.get(name)).toBe(damaged);
    }
    expect(store.writes).toHaveLength(2);
    store.texts.delete(name);
    expect(await to(store, [rsa])).toMatchObject({ kind: 'published', written: [name] });
  });

  it('takes no key away by another path of the key set', async () => {
    const store = memoryStore();
    await to(store, [rsa]);
    expect(await to(store, [ec], { jwksPath: 'keys.json' })).toMatchObject({
      kind: 'refused',
      problems: [{ message: expect.stringContaining(rsa.signing.kid) }],
    });
    expect(await to(store, [rsa, ec], { jwksPath: 'keys.json' })).toMatchObject({
      kind: 'published',
      added: [ec.signing.kid],
      removed: [],
    });
  });

  it('replaces keys without a name, as older guides publish them', async () => {
    const store = memoryStore();
    store.texts.set('openid/v1/jwks', JSON.stringify({ keys: [{ ...rsa.signing.publicJwk, kid: '' }] }));
    expect(await to(store, [rsa])).toMatchObject({ kind: 'published', removed: [] });
  });
});

describe('bucketPolicy', () => {
  const place = { bucket: 'b', prefix: 'a', partition: 'aws-cn', names: ['x', 'y'] };
  it('lets everybody read the two objects, and keeps what is there', () => {
    const theirs = { Sid: 'Theirs', Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' };
    const once = bucketPolicy(JSON.stringify({ Version: '2012-10-17', Id: 'i', Statement: theirs }), place);
    expect(JSON.parse(once)).toEqual({
      Version: '2012-10-17',
      Id: 'i',
      Statement: [
        theirs,
        {
          Sid: 'PodroleIssuerDocuments',
          Effect: 'Allow',
          Principal: '*',
          Action: 's3:GetObject',
          Resource: ['arn:aws-cn:s3:::b/a/x', 'arn:aws-cn:s3:::b/a/y'],
        },
      ],
    });
    expect(bucketPolicy(once, place)).toBe(once);
  });

  it('leaves the statement of another issuer in the same bucket', () => {
    const one = bucketPolicy(undefined, place);
    const both = JSON.parse(bucketPolicy(one, { ...place, prefix: 'c' })) as { Statement: { Sid: string; Resource: string[] }[] };
    expect(both.Statement.map(({ Resource }) => Resource[0])).toEqual(['arn:aws-cn:s3:::b/a/x', 'arn:aws-cn:s3:::b/c/x']);
    expect(new Set(both.Statement.map(({ Sid }) => Sid)).size).toBe(2);
  });

  it('refuses a policy that it cannot read', () => {
    expect(() => bucketPolicy('[', place)).toThrow(expect.objectContaining({ code: 'issuer-input-invalid' }) as IssuerInputError);
  });
});

describe('createIssuerSite', () => {
  const siteOf = (texts: Map<string, string>) =>
    createIssuerSite({ issuer: ISSUER, read: async (name) => texts.get(name), cacheSeconds: 60 });
  const published = async (): Promise<Map<string, string>> => {
    const store = memoryStore();
    await publish(
      { documents: issuerDocuments({ issuer: ISSUER, keys: [rsa.signing.publicJwk] }), store, cacheSeconds: 60, drop: [] },
      SIGNAL,
    );
    return store.texts;
  };
  const status = async (texts: Map<string, string>, url: string, init?: RequestInit): Promise<number> =>
    (await siteOf(texts).handle(new Request(url, init))).status;

  it('shows the two documents, and nothing else that the folder holds', async () => {
    const texts = (await published()).set('secret', 'x').set('private.key', 'x');
    const response = await siteOf(texts).handle(new Request(`${ISSUER}/openid/v1/jwks`));
    expect([response.status, response.headers.get('cache-control'), response.headers.get('content-type')]).toEqual([
      200,
      'public, max-age=60',
      'application/jwk-set+json',
    ]);
    expect(await status(texts, `${ISSUER}/.well-known/openid-configuration`)).toBe(200);
    for (const path of ['secret', 'private.key', 'openid/v1/%6awks', 'openid/v1/../../secret', '', 'openid/v1'])
      expect([path, await status(texts, `${ISSUER}/${path}`)]).toEqual([path, 404]);
    expect(await status(texts, `${ISSUER}/openid/v1/jwks`, { method: 'POST' })).toBe(405);
    expect(await status(texts, 'https://rebound.test/clusters/a/openid/v1/jwks')).toBe(421);
    expect(await siteOf(texts).problems()).toEqual([]);
  });

  it('shows no document that is damaged or of another issuer', async () => {
    const torn = (await published()).set('openid/v1/jwks', '{"keys":[');
    expect(await status(torn, `${ISSUER}/openid/v1/jwks`)).toBe(503);
    expect(await siteOf(torn).problems()).toHaveLength(1);
    const foreign = new Map([...(await published())].map(([name, text]) => [name, text.replaceAll('clusters/a', 'clusters/b')]));
    expect(await status(foreign, `${ISSUER}/.well-known/openid-configuration`)).toBe(503);
    expect(await siteOf(new Map()).problems()).toEqual([`there is no ${DISCOVERY_NAME}; publish it first`]);
  });

  it('shows no private key', async () => {
    const leaking = (await published()).set('openid/v1/jwks', JSON.stringify({ keys: [{ ...rsa.signing.publicJwk, d: 'c2VjcmV0' }] }));
    const response = await siteOf(leaking).handle(new Request(`${ISSUER}/openid/v1/jwks`));
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('c2VjcmV0');
    expect(await siteOf(leaking).problems()).toEqual([expect.stringContaining('holds a private key')]);
  });

  it('answers any text without a throw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (one, two) => {
        expect(
          await status(
            new Map([
              [DISCOVERY_NAME, one],
              ['openid/v1/jwks', two],
            ]),
            `${ISSUER}/.well-known/openid-configuration`,
          ),
        ).toBe(503);
      }),
    );
  });
});
