import { beforeAll, describe, expect, it } from 'vitest';
import { generateSigningKeyPem } from '../../host/signing-key.ts';
import { importSigningKey, type SigningKey } from '../../oidc/signing-key.ts';
import { issuerHandler } from './issuer-handler.ts';

const ISSUER = 'https://oidc.eks.us-west-2.podrole.test/id/A1';

describe('issuerHandler', () => {
  let key: SigningKey;
  beforeAll(async () => {
    key = await importSigningKey(await generateSigningKeyPem());
  });

  const get = (url: string, init?: RequestInit, issuer = ISSUER): Promise<Response> =>
    issuerHandler({ issuer, keys: () => [key.publicJwk] })(new Request(url, init));

  it('serves the discovery document with the five members in the order of Kubernetes', async () => {
    const response = await get(`${ISSUER}/.well-known/openid-configuration`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(await response.text()).toBe(
      `{"issuer":"${ISSUER}","jwks_uri":"${ISSUER}/keys","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}`,
    );
  });

  it('serves the key set without key_ops and x5c', async () => {
    const response = await get(`${ISSUER}/keys`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/jwk-set+json');
    const text = await response.text();
    expect(Object.keys(JSON.parse(text).keys[0])).toEqual(['use', 'kty', 'kid', 'alg', 'n', 'e']);
    expect(response.headers.get('content-length')).toBe(String(text.length));
  });

  it('publishes the keys of the moment', async () => {
    const published: SigningKey['publicJwk'][] = [key.publicJwk];
    const handler = issuerHandler({ issuer: ISSUER, keys: () => published, cacheSeconds: 60 });
    published.push({ ...key.publicJwk, kid: 'next' });
    const response = await handler(new Request(`${ISSUER}/keys`));
    expect((await response.json()).keys.map(({ kid }: { kid: string }) => kid)).toEqual([key.kid, 'next']);
    expect(response.headers.get('cache-control')).toBe('public, max-age=60');
  });

  it('answers HEAD as GET, without the body', async () => {
    const response = await get(`${ISSUER}/keys`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(300);
    expect(await response.text()).toBe('');
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    const response = await get(`${ISSUER}/keys`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  it.each(['/keys', '/id/A1', '/id/A1/', '/id/A1/keys/', '/id/a1/keys', '/.well-known/openid-configuration', '/id/A1/openid/v1/jwks'])(
    'has nothing at %s',
    async (path) => {
      expect((await get(`https://oidc.eks.us-west-2.podrole.test${path}`)).status).toBe(404);
    },
  );

  it('refuses another host, by URL or by header', async () => {
    expect((await get('https://rebound.test/id/A1/keys')).status).toBe(421);
    expect((await get('https://oidc.eks.us-west-2.podrole.test:8443/id/A1/keys')).status).toBe(421);
    expect((await get(`${ISSUER}/keys`, { headers: { host: '127.0.0.1:8443' } })).status).toBe(421);
  });

  it('takes its host in any case and with the port of https', async () => {
    expect((await get(`${ISSUER}/keys`, { headers: { host: 'OIDC.eks.us-west-2.podrole.test:443' } })).status).toBe(200);
  });

  it('keeps the trailing slash of its name and does not double it in paths', async () => {
    const issuer = 'https://auth.podrole.test/';
    const discovery = await get('https://auth.podrole.test/.well-known/openid-configuration', {}, issuer);
    expect(await discovery.json()).toMatchObject({ issuer, jwks_uri: 'https://auth.podrole.test/keys' });
    expect((await get('https://auth.podrole.test/keys', {}, issuer)).status).toBe(200);
  });
});
