import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { type CertificateMaterial, certificatesIn, renewCertificates } from './renew-certificates.ts';

const DAY_MS = 86_400_000;
const names = ['hook.ns.svc', 'hook.ns', 'hook'] as const;

const at = (start: Date, days: number): FakeClock => new FakeClock(new Date(start.getTime() + days * DAY_MS).toISOString());
const start = new Date('2026-01-01T00:00:00Z');
const first = (): Promise<CertificateMaterial> => renewCertificates(undefined, { clock: at(start, 0), names });
const verifies = ({ caBundle, cert }: CertificateMaterial): boolean =>
  certificatesIn(caBundle).some((ca) => new X509Certificate(cert).verify(ca.publicKey));

it('makes an authority and a certificate of all names', async () => {
  const made = await first();
  const leaf = new X509Certificate(made.cert);
  expect(names.map((name) => leaf.checkHost(name))).toEqual(names);
  expect(verifies(made)).toBe(true);
  expect(certificatesIn(made.caBundle)).toHaveLength(1);
});

it('changes nothing while nothing is due', async () => {
  const made = await first();
  expect(await renewCertificates(made, { clock: at(start, 59), names })).toBe(made);
});

it('replaces the certificate after two thirds of its life, under the same authority', async () => {
  const made = await first();
  const renewed = await renewCertificates(made, { clock: at(start, 61), names });
  expect({ caBundle: renewed.caBundle, caKey: renewed.caKey }).toEqual({ caBundle: made.caBundle, caKey: made.caKey });
  expect(renewed.cert).not.toBe(made.cert);
  expect(verifies(renewed)).toBe(true);
});

it('publishes a new authority before it serves a certificate of it, and trusts the old one until that ends', async () => {
  const late = await renewCertificates(await first(), { clock: at(start, 230), names });
  const published = await renewCertificates(late, { clock: at(start, 250), names });
  expect(certificatesIn(published.caBundle)).toHaveLength(2);
  expect({ cert: published.cert, key: published.key }).toEqual({ cert: late.cert, key: late.key });
  expect(await renewCertificates(published, { clock: at(start, 250.001), names })).toBe(published);
  const switched = await renewCertificates(published, { clock: at(start, 250.02), names });
  const [successor] = certificatesIn(switched.caBundle);
  expect(new X509Certificate(switched.cert).verify(successor?.publicKey as never)).toBe(true);
  expect(switched.caBundle).toBe(published.caBundle);
  const ended = await renewCertificates(switched, { clock: at(start, 366), names });
  expect(certificatesIn(ended.caBundle)).toHaveLength(1);
});

it('makes anew what is broken, and lets what is still trusted be trusted', async () => {
  const made = await first();
  const other = await first();
  const clock = at(start, 1);
  expect(certificatesIn((await renewCertificates({ ...made, caKey: other.caKey }, { clock, names })).caBundle)).toHaveLength(2);
  expect((await renewCertificates({ ...made, key: other.key }, { clock, names })).caBundle).toBe(made.caBundle);
  for (const broken of [
    { ...made, cert: 'x' },
    { ...made, cert: other.cert, key: other.key },
    { caBundle: '', caKey: '', cert: '', key: '' },
  ]) {
    const mended = await renewCertificates(broken, { clock, names });
    expect(verifies(mended)).toBe(true);
    expect(mended.cert).not.toBe(broken.cert);
  }
});

it('issues again when a name is missing', async () => {
  const made = await first();
  const renewed = await renewCertificates(made, { clock: at(start, 1), names: ['other.ns.svc'] });
  expect(new X509Certificate(renewed.cert).checkHost('other.ns.svc')).toBe('other.ns.svc');
  expect(renewed.caBundle).toBe(made.caBundle);
});
