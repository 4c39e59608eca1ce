import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { IssuerKeysOptions, IssuerKeysResult } from './create-issuer-keys.ts';
import {
  type Answer,
  DISCOVERY,
  DISCOVERY_AT,
  forever,
  HOST,
  ISSUER,
  IssuerFixture,
  json,
  KEYS,
  KEYS_AT,
} from './internal/issuer-fixture.ts';

describe('a hostile or broken issuer', () => {
  let fixture: IssuerFixture;
  beforeAll(async () => {
    fixture = await IssuerFixture.create();
  });
  afterEach(() => fixture.stopAll());

  const fetchWith = async (answers: Record<string, Answer>, options: Partial<IssuerKeysOptions> = {}): Promise<IssuerKeysResult> => {
    const issuer = await fixture.start(answers);
    return fixture.fetcher(issuer.port, options).fetchKeys(ISSUER, undefined, forever());
  };

  it.each([DISCOVERY_AT, KEYS_AT])('may not redirect from %s, not even to itself', async (path) => {
    const redirect: Answer = (_request, response) => response.writeHead(302, { location: `https://${HOST}/elsewhere` }).end();
    const result = await fetchWith({ [path]: redirect, '/elsewhere': json({ keys: KEYS }) });
    expect(result).toMatchObject({ ok: false, reason: 'redirect-refused' });
  });

  it.each([DISCOVERY_AT, KEYS_AT])('may not send more than the limit from %s, announced or not', async (path) => {
    const announced: Answer = (_request, response) => void response.writeHead(200, { 'content-length': '2000000' }).flushHeaders();
    const endless: Answer = (_request, response) => {
      response.writeHead(200);
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    };
    expect(await fetchWith({ [path]: announced })).toMatchObject({ ok: false, reason: 'document-too-large' });
    expect(await fetchWith({ [path]: endless })).toMatchObject({ ok: false, reason: 'document-too-large' });
  });

  it('has a limit for all of a document, however steadily it drips', async () => {
    const drip: Answer = (_request, response) => {
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    };
    expect(await fetchWith({ [KEYS_AT]: drip }, { timeoutMs: 60 })).toMatchObject({ ok: false, reason: 'timeout' });
    expect(await fetchWith({ [DISCOVERY_AT]: () => undefined }, { timeoutMs: 60 })).toMatchObject({ ok: false, reason: 'timeout' });
  });

  it('may not compress', async () => {
    const gzip: Answer = (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify({ keys: KEYS })));
    expect(await fetchWith({ [KEYS_AT]: gzip })).toMatchObject({ ok: false, reason: 'encoding-refused' });
  });

  it('may not break off', async () => {
    const breakOff: Answer = (request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"keys":', () => request.socket.destroy());
    };
    expect(await fetchWith({ [KEYS_AT]: breakOff })).toMatchObject({ ok: false, reason: 'connection-failed' });
  });

  it('may not name another issuer', async () => {
    const issuer = `${ISSUER}/`;
    expect(await fetchWith({ [DISCOVERY_AT]: json({ ...DISCOVERY, issuer }) })).toEqual({
      ok: false,
      reason: 'issuer-mismatch',
      message: `${ISSUER}/.well-known/openid-configuration names issuer ${issuer}; it must name ${ISSUER}`,
    });
  });

  it.each([
    'https://attacker.podrole.test/keys',
    `https://${HOST}:8443/keys`,
    `https://${HOST}@attacker.podrole.test/keys`,
    `https://user@${HOST}/id/A1/keys`,
  ])('may not have its keys at %s', async (jwksUri) => {
    expect(await fetchWith({ [DISCOVERY_AT]: json({ ...DISCOVERY, jwks_uri: jwksUri }) })).toMatchObject({
      ok: false,
      reason: 'jwks-uri-refused',
    });
  });

  it('may not have its keys on plain http', async () => {
    expect(await fetchWith({ [DISCOVERY_AT]: json({ ...DISCOVERY, jwks_uri: `http://${HOST}/keys` }) })).toEqual({
      ok: false,
      reason: 'discovery-invalid',
      message: `${ISSUER}/.well-known/openid-configuration: /jwks_uri must be a URL that starts with https://`,
    });
  });

  it('must have all five members in its discovery document', async () => {
    const { id_token_signing_alg_values_supported: _, ...incomplete } = DISCOVERY;
    expect(await fetchWith({ [DISCOVERY_AT]: json(incomplete) })).toMatchObject({ ok: false, reason: 'discovery-invalid' });
  });

  it.each(['<html>', '[]', '{"keys":1}', '{"keys":[1]}', `{"keys":${'['.repeat(100_000)}`])(
    'must publish a key set, not %s',
    async (body) => {
      const answer: Answer = (_request, response) => response.writeHead(200).end(body);
      expect(await fetchWith({ [KEYS_AT]: answer })).toMatchObject({ ok: false, reason: 'key-set-invalid' });
    },
  );

  it('must write UTF-8', async () => {
    const answer: Answer = (_request, response) => response.writeHead(200).end(Buffer.from([0x7b, 0xff, 0x7d]));
    expect(await fetchWith({ [KEYS_AT]: answer })).toMatchObject({ ok: false, reason: 'document-not-utf8' });
  });

  it('must answer 200', async () => {
    const answer: Answer = (_request, response) => response.writeHead(403).end();
    expect(await fetchWith({ [KEYS_AT]: answer })).toMatchObject({ ok: false, reason: 'status-unexpected' });
  });

  it('must have a certificate of the given authority, for its name', async () => {
    const foreign = await (await IssuerFixture.create()).authority.issue({ commonName: HOST, dnsNames: [HOST] });
    const misnamed = await fixture.authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] });
    for (const { certPem, keyPem } of [foreign, misnamed]) {
      const issuer = await fixture.start({}, { cert: certPem, key: keyPem });
      expect(await fixture.fetcher(issuer.port).fetchKeys(ISSUER, undefined, forever())).toMatchObject({
        ok: false,
        reason: 'certificate-refused',
      });
      expect(issuer.requests).toEqual([]);
    }
  });

  it('must listen', async () => {
    const { port, stop } = await fixture.start();
    stop();
    expect(await fixture.fetcher(port).fetchKeys(ISSUER, undefined, forever())).toMatchObject({ ok: false, reason: 'connection-failed' });
  });
});
