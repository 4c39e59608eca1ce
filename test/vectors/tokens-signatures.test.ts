import { constants, createHash, createPrivateKey, generateKeyPairSync, type KeyObject, privateEncrypt, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type TokenVerdict, verifyToken } from '../../src/oidc/verify-token.ts';

/*
 * Signatures that are nearly right, of the kinds that Project Wycheproof collects for JSON Web Signatures: RSA with every part of the
 * PKCS#1 v1.5 block changed in turn, ECDSA with values out of range or in another encoding, and whole tokens in another serialisation.
 */

const NOW = new Date('2026-11-24T08:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const CLAIMS = { aud: 'client-a', exp: SECONDS + 60, iat: SECONDS, iss: 'https://oidc.example.com', sub: 'system:serviceaccount:a:b' };
const encode = (text: string): string => Buffer.from(text).toString('base64url');

/** Keys straight from the generator go through PEM before they are exported: Node 20 can deadlock otherwise. */
const throughPem = (key: KeyObject): KeyObject => createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }));
const publicJwk = (key: KeyObject): Record<string, unknown> => {
  const { kty, n, e, crv, x, y } = key.export({ format: 'jwk' });
  return kty === 'RSA' ? { kty, n, e, kid: 'key' } : { kty, crv, x, y, kid: 'key' };
};
const signingInput = (alg: string): string => `${encode(JSON.stringify({ alg, kid: 'key' }))}.${encode(JSON.stringify(CLAIMS))}`;
const judge = (key: KeyObject, token: string): Promise<TokenVerdict> =>
  verifyToken(token, { issuer: CLAIMS.iss, clientIds: ['client-a'], jwks: { keys: [publicJwk(key)] }, now: NOW });
const expectRefused = async (key: KeyObject, input: string, signature: Buffer): Promise<void> => {
  expect(await judge(key, `${input}.${signature.toString('base64url')}`)).toMatchObject({
    ok: false,
    code: 'InvalidIdentityToken',
    reason: 'signature-invalid',
  });
};

const DIGEST_INFO: Readonly<Record<string, string>> = {
  '256': '3031300d060960864801650304020105000420',
  '384': '3041300d060960864801650304020205000430',
  '512': '3051300d060960864801650304020305000440',
};

/** What goes into a block besides its padding. */
interface BlockParts {
  readonly size: number;
  readonly prefix: Buffer;
  readonly digest: Buffer;
}

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** `00 01 FF… 00` and the payload, as long as the modulus. */
function block(size: number, payload: Buffer, head = bytes('0001'), fill = 0xff, end = bytes('00')): Buffer {
  return Buffer.concat([head, Buffer.alloc(size - head.length - end.length - payload.length, fill), end, payload]);
}

/** Every vector differs in one respect from the block of RFC 8017, section 9.2. */
const BLOCKS: Readonly<Record<string, (parts: BlockParts) => Buffer>> = {
  'block type 0': ({ size, prefix, digest }) => block(size, Buffer.concat([prefix, digest]), bytes('0000'), 0x00),
  'block type 2': ({ size, prefix, digest }) => block(size, Buffer.concat([prefix, digest]), bytes('0002')),
  'first byte 1': ({ size, prefix, digest }) => block(size, Buffer.concat([prefix, digest]), bytes('0101')),
  'padding of zeros': ({ size, prefix, digest }) => block(size, Buffer.concat([prefix, digest]), bytes('0001'), 0x00),
  'padding of FE': ({ size, prefix, digest }) => block(size, Buffer.concat([prefix, digest]), bytes('0001'), 0xfe),
  'one byte of padding changed': ({ size, prefix, digest }) => {
    const changed = block(size, Buffer.concat([prefix, digest]));
    changed[20] = 0x7f;
    return changed;
  },
  'no end of padding': ({ size, prefix, digest }) => block(size, Buffer.concat([prefix, digest]), bytes('0001'), 0xff, bytes('ff')),
  'two ends of padding': ({ size, prefix, digest }) => block(size, Buffer.concat([prefix, digest]), bytes('0001'), 0xff, bytes('0000')),
  'short padding and garbage at the end': ({ size, prefix, digest }) => {
    const start = Buffer.concat([bytes('0001ffffffffffffffff00'), prefix, digest]);
    return Buffer.concat([start, Buffer.alloc(size - start.length, 0xaa)]);
  },
  'no padding at all': ({ size, prefix, digest }) => {
    const start = Buffer.concat([bytes('000100'), prefix, digest]);
    return Buffer.concat([start, Buffer.alloc(size - start.length, 0x00)]);
  },
  'no algorithm': ({ size, digest }) => block(size, digest),
  'no digest': ({ size, prefix }) => block(size, prefix),
  'another algorithm': ({ size, prefix, digest }) => {
    const other = Buffer.from(prefix);
    other[14] = (other[14] ?? 0) ^ 1;
    return block(size, Buffer.concat([other, digest]));
  },
  'no parameters': ({ size, prefix, digest }) => {
    const without = Buffer.concat([prefix.subarray(0, 15), prefix.subarray(17)]);
    without[1] = (without[1] ?? 0) - 2;
    without[3] = (without[3] ?? 0) - 2;
    return block(size, Buffer.concat([without, digest]));
  },
  'garbage in the parameters': ({ size, prefix, digest }) => {
    const longer = Buffer.concat([prefix.subarray(0, 15), bytes('04020000'), prefix.subarray(17)]);
    longer[1] = (longer[1] ?? 0) + 2;
    longer[3] = (longer[3] ?? 0) + 2;
    return block(size, Buffer.concat([longer, digest]));
  },
  'a length in long form': ({ size, prefix, digest }) => {
    const long = Buffer.concat([bytes('3081'), prefix.subarray(1)]);
    return block(size, Buffer.concat([long, digest]));
  },
  'a length of no end': ({ size, prefix, digest }) =>
    block(size, Buffer.concat([bytes('3080'), prefix.subarray(2), digest, bytes('0000')])),
  'a wrong length': ({ size, prefix, digest }) => {
    const wrong = Buffer.from(prefix);
    wrong[1] = (wrong[1] ?? 0) + 1;
    return block(size, Buffer.concat([wrong, digest]));
  },
  'a byte behind the digest': ({ size, prefix, digest }) => block(size, Buffer.concat([prefix, digest, bytes('00')])),
  'the last byte of the digest changed': ({ size, prefix, digest }) => {
    const changed = Buffer.from(digest);
    changed[digest.length - 1] = (changed[digest.length - 1] ?? 0) ^ 1;
    return block(size, Buffer.concat([prefix, changed]));
  },
  'the digest cut short': ({ size, prefix, digest }) => block(size, Buffer.concat([prefix, digest.subarray(0, -1)])),
};

const RSA = throughPem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

describe.each(['256', '384', '512'])('RS%s', (bits) => {
  const input = signingInput(`RS${bits}`);
  const parts: BlockParts = { size: 256, prefix: bytes(DIGEST_INFO[bits] ?? ''), digest: createHash(`sha${bits}`).update(input).digest() };
  const raw = (padded: Buffer): Buffer => privateEncrypt({ key: RSA, padding: constants.RSA_NO_PADDING }, padded);

  it('accepts the block as it should be', async () => {
    const signature = raw(block(256, Buffer.concat([parts.prefix, parts.digest])));
    expect(await judge(RSA, `${input}.${signature.toString('base64url')}`)).toMatchObject({ ok: true });
  });

  it.each(Object.keys(BLOCKS))('refuses a block with %s', async (name) => {
    const padded = BLOCKS[name]?.(parts) ?? Buffer.alloc(0);
    expect(padded.length).toBe(256);
    await expectRefused(RSA, input, raw(padded));
  });

  it.each(['0', '1', 'the modulus less one', 'the modulus', 'a byte more', 'a byte less', 'nothing'])(
    'refuses as a signature %s',
    async (name) => {
      const modulus = Buffer.from(String(RSA.export({ format: 'jwk' }).n), 'base64url');
      const lessOne = Buffer.from(modulus);
      lessOne[255] = (lessOne[255] ?? 0) - 1;
      const good = sign(`sha${bits}`, Buffer.from(input), RSA);
      const signatures: Readonly<Record<string, Buffer>> = {
        '0': Buffer.alloc(256),
        '1': Buffer.concat([Buffer.alloc(255), bytes('01')]),
        'the modulus less one': lessOne,
        'the modulus': modulus,
        'a byte more': Buffer.concat([bytes('00'), good]),
        'a byte less': good.subarray(1),
        nothing: Buffer.alloc(0),
      };
      await expectRefused(RSA, input, signatures[name] ?? good);
    },
  );

  it('refuses the signature of another digest, and of PSS', async () => {
    const other = bits === '256' ? '512' : '256';
    await expectRefused(RSA, input, sign(`sha${other}`, Buffer.from(input), RSA));
    await expectRefused(RSA, input, sign(`sha${bits}`, Buffer.from(input), { key: RSA, padding: constants.RSA_PKCS1_PSS_PADDING }));
  });
});

const ORDERS: Readonly<Record<string, string>> = {
  '256': 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  '384': 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  '512':
    '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
};

describe.each([
  ['256', 'P-256'],
  ['384', 'P-384'],
  ['512', 'P-521'],
])('ES%s', (bits, curve) => {
  const key = throughPem(generateKeyPairSync('ec', { namedCurve: curve }).privateKey);
  const input = signingInput(`ES${bits}`);
  const order = bytes(ORDERS[bits] ?? '');
  const good = sign(`sha${bits}`, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  const r = good.subarray(0, order.length);
  const s = good.subarray(order.length);
  const zero = Buffer.alloc(order.length);
  const one = Buffer.concat([zero.subarray(1), bytes('01')]);

  it('accepts the signature as it should be', async () => {
    expect(good.length).toBe(2 * order.length);
    expect(await judge(key, `${input}.${good.toString('base64url')}`)).toMatchObject({ ok: true });
  });

  it.each<readonly [string, readonly Buffer[]]>([
    ['r and s of zero', [zero, zero]],
    ['r of zero', [zero, s]],
    ['s of zero', [r, zero]],
    ['r and s of one', [one, one]],
    ['r of the order', [order, s]],
    ['s of the order', [r, order]],
    ['r and s exchanged', [s, r]],
    ['r alone', [r]],
    ['a byte more', [good, bytes('00')]],
    ['a byte less', [good.subarray(0, -1)]],
    ['r and s longer by a zero each', [bytes('00'), r, bytes('00'), s]],
    ['nothing', []],
    ['the DER encoding', [sign(`sha${bits}`, Buffer.from(input), { key, dsaEncoding: 'der' })]],
    [
      'the signature of another digest',
      [sign(bits === '256' ? 'sha512' : 'sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })],
    ],
    ['the signature of other claims', [sign(`sha${bits}`, Buffer.from(`${input}x`), { key, dsaEncoding: 'ieee-p1363' })]],
  ])('refuses %s', async (_name, signature) => {
    await expectRefused(key, input, Buffer.concat(signature));
  });
});

describe('the whole token', () => {
  const input = signingInput('RS256');
  const signature = sign('sha256', Buffer.from(input), RSA).toString('base64url');
  const [header = '', payload = ''] = input.split('.');

  it.each([
    ['flattened JSON', JSON.stringify({ protected: header, payload, signature })],
    ['general JSON', JSON.stringify({ payload, signatures: [{ protected: header, signature }] })],
    ['an unencoded header', `{"alg":"RS256","kid":"key"}.${payload}.${signature}`],
    ['a detached payload', `${header}..${signature}`],
    ['an encrypted token', `${header}.${payload}.${signature}.${payload}.${signature}`],
    ['a space between the parts', `${header}. ${payload}.${signature}`],
    ['a prefix', `Bearer ${header}.${payload}.${signature}`],
    ['the other alphabet', `${header}.${payload}.${signature.slice(0, -4)}+/+A`],
    ['a second spelling of the signature', `${input}.${signature.slice(0, -1)}${signature.at(-1) === 'A' ? 'B' : 'x'}`],
  ])('is refused as %s', async (_name, token) => {
    expect(await judge(RSA, token)).toMatchObject({ ok: false, code: 'InvalidIdentityToken' });
  });
});
