import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Clock } from '../base/clock.ts';

/** An authority and a serving certificate, as they are kept. All PEM. */
export interface CertificateMaterial {
  /** Everybody to be trusted: the authority that issues first, then its predecessors until they end. */
  readonly caBundle: string;
  /** The key of the first. */
  readonly caKey: string;
  readonly cert: string;
  readonly key: string;
}

export interface RenewOptions {
  readonly clock: Clock;
  /** DNS names of the server, the most telling first. */
  readonly names: readonly [string, ...string[]];
}

const MINUTE_MS = 60_000;
/** A new authority is published for this long before a certificate of it is served. It counts from its backdated start. */
const PUBLISH_MS = 15 * MINUTE_MS;
/** A certificate is replaced after this share of its life. */
const SPENT = 2 / 3;
const CA_DAYS = 365;
const CERT_DAYS = 90;

/** Certificates in a text, one PEM block each; what is none is passed over. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

/**
 * What to keep from now on: `held` itself when nothing is due. An authority is replaced after two thirds of its life, and its successor issues
 * only once it has been published for some minutes; until its own end the predecessor stays in the bundle. What cannot be read is made anew.
 */
export async function renewCertificates(held: CertificateMaterial | undefined, options: RenewOptions): Promise<CertificateMaterial> {
  const now = options.clock.now();
  const trusted = certificatesIn(held?.caBundle ?? '').filter((certificate) => new Date(certificate.validTo) > now);
  const [newest] = trusted;
  const serving = held && servingCertificate(held, trusted, options.names);
  const mayIssue = newest !== undefined && held !== undefined && isKeyOf(held.caKey, newest) && !isSpent(newest, now);
  if (mayIssue && serving !== undefined && !isSpent(serving, now)) {
    const published = now.getTime() - new Date(newest.validFrom).getTime() >= PUBLISH_MS;
    if (!published || isIssuedBy(serving, newest)) return bundled(held, trusted);
  }
  const { createAuthority, openAuthority } = await import('./authority.ts');
  const [commonName] = options.names;
  const authority = mayIssue
    ? await openAuthority({ clock: options.clock, caPem: newest.toString(), keyPem: held.caKey })
    : await createAuthority({ clock: options.clock, commonName: `${commonName} authority`, days: CA_DAYS });
  const all = mayIssue ? trusted : [new X509Certificate(authority.caPem), ...trusted];
  // A successor leaves the certificate of its predecessor in service, for as long as that is good.
  const keeps = !mayIssue && held !== undefined && serving !== undefined && new Date(serving.validTo) > now;
  const pair = keeps
    ? { cert: held.cert, key: held.key }
    : await authority
        .issue({ commonName: commonName.slice(0, 64), dnsNames: options.names, days: CERT_DAYS })
        .then(({ certPem, keyPem }) => ({ cert: certPem, key: keyPem }));
  return { caBundle: pemOf(all), caKey: authority.keyPem, ...pair };
}

/** The serving certificate if it is of its key, of all names and of somebody trusted. */
function servingCertificate(
  { cert, key }: CertificateMaterial,
  trusted: readonly X509Certificate[],
  names: readonly string[],
): X509Certificate | undefined {
  const [leaf] = certificatesIn(cert);
  if (leaf === undefined || !isKeyOf(key, leaf)) return undefined;
  return names.every((name) => leaf.checkHost(name) !== undefined) && trusted.some((issuer) => isIssuedBy(leaf, issuer)) ? leaf : undefined;
}

/** An ended predecessor goes from the bundle. */
function bundled(held: CertificateMaterial, trusted: readonly X509Certificate[]): CertificateMaterial {
  return trusted.length === certificatesIn(held.caBundle).length ? held : { ...held, caBundle: pemOf(trusted) };
}

const pemOf = (certificates: readonly X509Certificate[]): string => certificates.map((each) => each.toString()).join('');

function isIssuedBy(leaf: X509Certificate, issuer: X509Certificate): boolean {
  return leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey);
}

function isKeyOf(keyPem: string, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

function isSpent(certificate: X509Certificate, now: Date): boolean {
  const [from, to] = [new Date(certificate.validFrom).getTime(), new Date(certificate.validTo).getTime()];
  return now.getTime() >= from + (to - from) * SPENT;
}
