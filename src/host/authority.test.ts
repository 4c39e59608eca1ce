import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createAuthority, openAuthority } from './authority.ts';
import { generateSigningKeyPem } from './signing-key.ts';

const clock = new FakeClock('2026-01-01T00:00:00.000Z');

describe('an authority of one’s own', () => {
  it('is an EC P-256 root that may sign leaves only', async () => {
    const ca = await createAuthority({ clock, commonName: 'podrole', days: 10 });
    const root = new X509Certificate(ca.caPem);
    expect(root.ca).toBe(true);
    expect(root.subject).toBe('CN=podrole');
    expect(root.verify(root.publicKey)).toBe(true);
    expect(root.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(new Date(root.validFrom).toISOString()).toBe('2025-12-31T23:55:00.000Z');
    expect(ca.notAfter.toISOString()).toBe('2026-01-11T00:00:00.000Z');
  });

  it('issues server certificates for names and addresses, signed by the root, with the key that belongs to them', async () => {
    const ca = await createAuthority({ clock, commonName: 'podrole' });
    const issued = await ca.issue({ commonName: 'hook', dnsNames: ['hook.ns.svc'], ipAddresses: ['127.0.0.1', '::1'], days: 90 });
    const leaf = new X509Certificate(issued.certPem);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(new X509Certificate(ca.caPem))).toBe(true);
    expect(leaf.verify(new X509Certificate(ca.caPem).publicKey)).toBe(true);
    expect(leaf.checkPrivateKey(createPrivateKey(issued.keyPem))).toBe(true);
    expect(leaf.checkHost('hook.ns.svc')).toBe('hook.ns.svc');
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkIP('::1')).toBe('::1');
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(issued.notAfter.toISOString()).toBe('2026-04-01T00:00:00.000Z');
  });

  it('issues client certificates with Kubernetes groups', async () => {
    const ca = await createAuthority({ clock, commonName: 'podrole' });
    const leaf = new X509Certificate(
      (await ca.issue({ commonName: 'admin', organizations: ['system:masters', 'x'], usages: ['client'] })).certPem,
    );
    expect(leaf.subject).toBe('O=system:masters\nO=x\nCN=admin');
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  it('never issues beyond its own end, nor two certificates of one serial number', async () => {
    const ca = await createAuthority({ clock, commonName: 'podrole', days: 5 });
    const one = await ca.issue({ commonName: 'a', days: 90 });
    const two = await ca.issue({ commonName: 'a', days: 90 });
    expect(one.notAfter).toEqual(ca.notAfter);
    expect(new X509Certificate(one.certPem).serialNumber).not.toBe(new X509Certificate(two.certPem).serialNumber);
  });

  it('goes on from its PEM, and refuses a key of another', async () => {
    const ca = await createAuthority({ clock, commonName: 'podrole' });
    const again = await openAuthority({ clock, caPem: ca.caPem, keyPem: ca.keyPem });
    const leaf = new X509Certificate((await again.issue({ commonName: 'a' })).certPem);
    expect(leaf.verify(new X509Certificate(ca.caPem).publicKey)).toBe(true);
    const other = await createAuthority({ clock, commonName: 'podrole' });
    await expect(openAuthority({ clock, caPem: ca.caPem, keyPem: other.keyPem })).rejects.toThrow('not of this key');
  });

  it('refuses a name where an address belongs', async () => {
    const ca = await createAuthority({ clock, commonName: 'podrole' });
    await expect(ca.issue({ commonName: 'a', ipAddresses: ['localhost'] })).rejects.toThrow('"localhost" is not an IP address');
  });
});

it('makes RSA keys of 2,048 bits for tokens', async () => {
  const key = createPrivateKey(await generateSigningKeyPem());
  expect([key.asymmetricKeyType, key.asymmetricKeyDetails?.modulusLength]).toEqual(['rsa', 2048]);
});
