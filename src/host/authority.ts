import 'reflect-metadata';
import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Clock } from '../base/clock.ts';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
/** Certificates start this much earlier, for verifiers whose clock is behind ours. */
const BACKDATE_MS = 5 * 60_000;

const generate = promisify(generateKeyPair);
cryptoProvider.set(webcrypto as Crypto);

export interface IssueOptions {
  readonly commonName: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Organizations: what Kubernetes reads as groups from a client certificate. */
  readonly organizations?: readonly string[];
  /** Default 90, never beyond the authority's own end. */
  readonly days?: number;
  /** Default `server`. */
  readonly usages?: readonly ('server' | 'client')[];
}

/** A certificate and its key, PEM (PKCS#8). */
export interface IssuedCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  readonly notAfter: Date;
}

/** A small certificate authority of one's own: EC P-256, no intermediate, no revocation. */
export interface Authority {
  readonly caPem: string;
  /** The authority's own key, PKCS#8 PEM: whoever has it can issue. */
  readonly keyPem: string;
  readonly notAfter: Date;
  issue(options: IssueOptions): Promise<IssuedCertificate>;
}

export interface AuthorityOptions {
  readonly clock: Clock;
  readonly commonName: string;
  /** Default 365. */
  readonly days?: number;
}

/** Makes an authority with a new key. Importing this file costs about 80 ms: callers `import()` it when they need it. */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const { pem, keys } = await newKeys();
  const { notBefore, notAfter } = validity(options.clock.now(), options.days ?? 365);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: [options.commonName] }],
    notBefore,
    notAfter,
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return authorityOf(certificate, pem, keys.privateKey, options.clock);
}

/** An authority that was kept. Throws when the two PEM texts are not a certificate and its key. */
export async function openAuthority(options: {
  readonly clock: Clock;
  readonly caPem: string;
  readonly keyPem: string;
}): Promise<Authority> {
  const certificate = new X509Certificate(options.caPem);
  const keys = await importKeys(options.keyPem);
  const own = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  if (!own.equals(Buffer.from(certificate.publicKey.rawData)))
    throw new Error('the authority certificate is not of this key: restore both from one backup');
  return authorityOf(certificate, options.keyPem, keys.privateKey, options.clock);
}

function authorityOf(certificate: X509Certificate, keyPem: string, signingKey: webcrypto.CryptoKey, clock: Clock): Authority {
  const caPem = `${certificate.toString('pem')}\n`;
  return {
    caPem,
    keyPem,
    notAfter: certificate.notAfter,
    issue: async (options) => {
      const leaf = await newKeys();
      const span = validity(clock.now(), options.days ?? 90);
      const notAfter = span.notAfter < certificate.notAfter ? span.notAfter : certificate.notAfter;
      const issued = await X509CertificateGenerator.create({
        serialNumber: newSerial(),
        subject: [...(options.organizations ?? []).map((organization) => ({ O: [organization] })), { CN: [options.commonName] }],
        issuer: certificate.subjectName,
        notBefore: span.notBefore,
        notAfter,
        publicKey: leaf.keys.publicKey,
        signingKey,
        signingAlgorithm: SIGNATURE,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension(
            (options.usages ?? ['server']).map((usage) => (usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth)),
          ),
          await SubjectKeyIdentifierExtension.create(leaf.keys.publicKey),
          await AuthorityKeyIdentifierExtension.create(certificate.publicKey),
          ...alternativeNames(options),
        ],
      });
      return { certPem: `${issued.toString('pem')}\n`, keyPem: leaf.pem, notAfter };
    },
  };
}

function alternativeNames(options: IssueOptions): SubjectAlternativeNameExtension[] {
  for (const address of options.ipAddresses ?? []) {
    if (isIP(address) === 0) throw new Error(`${JSON.stringify(address)} is not an IP address: put names into dnsNames`);
  }
  const names = [
    ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  return names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)];
}

interface Keys {
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicKey: webcrypto.CryptoKey;
}

/** PEM from the generator, then imported: a KeyObject straight from it can deadlock Node 20 when it is exported. */
async function newKeys(): Promise<{ readonly pem: string; readonly keys: Keys }> {
  const { privateKey } = await generate('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { pem: privateKey, keys: await importKeys(privateKey) };
}

async function importKeys(pem: string): Promise<Keys> {
  const pkcs8 = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' });
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, CURVE, false, ['sign']);
  const publicKey = await webcrypto.subtle.importKey('spki', spki, CURVE, true, ['verify']);
  return { privateKey, publicKey };
}

function validity(now: Date, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(now.getTime() - BACKDATE_MS), notAfter: new Date(now.getTime() + days * DAY_MS) };
}

/** 127 random bits, positive (RFC 5280, 4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}
