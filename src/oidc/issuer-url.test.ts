import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostPathOf, parseIssuer } from './issuer-url.ts';

const problemsOf = (text: string): readonly string[] => {
  const reading = parseIssuer(text);
  return reading.ok ? [] : reading.problems.map(({ message }) => message);
};

describe('parseIssuer', () => {
  it('takes an issuer apart', () => {
    expect(parseIssuer('https://oidc.eks.us-west-2.amazonaws.com/id/ABCDEF')).toEqual({
      ok: true,
      url: {
        issuer: 'https://oidc.eks.us-west-2.amazonaws.com/id/ABCDEF',
        host: 'oidc.eks.us-west-2.amazonaws.com',
        path: '/id/ABCDEF',
        hostPath: 'oidc.eks.us-west-2.amazonaws.com/id/ABCDEF',
      },
    });
  });

  it.each([
    ['https://example.com', 'example.com'],
    ['https://example.com:443', 'example.com'],
    ['https://example.com:443/id/A', 'example.com/id/A'],
    ['https://example.com/', 'example.com/'],
    ['https://Example.COM/Id', 'Example.COM/Id'],
    ['https://example.com/id//a/', 'example.com/id//a/'],
    ['https://example.com/a%2Fb;c=d,(e)', 'example.com/a%2Fb;c=d,(e)'],
    ['https://localhost', 'localhost'],
    ['https://10.0.0.1/x', '10.0.0.1/x'],
  ])('keeps %s to the letter, but for the port of https', (text, hostPath) => {
    expect(parseIssuer(text)).toMatchObject({ ok: true, url: { issuer: `https://${hostPath}`, hostPath } });
  });

  it.each([
    ['http://example.com', ['issuer must start with https://']],
    ['HTTPS://example.com', ['issuer must start with https://']],
    ['example.com/id', ['issuer must start with https://']],
    ['', ['issuer must start with https://']],
    ['https://', ['issuer must name its host as a DNS name']],
    ['https:///path', ['issuer must name its host as a DNS name']],
    ['https://example.com:8443', ['issuer must not have a port other than 443, as IAM takes no other']],
    ['https://example.com:', ['issuer must not have a port other than 443, as IAM takes no other']],
    ['https://example.com:0443', ['issuer must not have a port other than 443, as IAM takes no other']],
    ['https://example.com?a=b', ['issuer must not have a query (?)']],
    ['https://example.com/?', ['issuer must not have a query (?)']],
    ['https://example.com/#', ['issuer must not have a fragment (#)']],
    ['https://user:pass@example.com', ['issuer must not name a user']],
    ['https://[::1]/x', ['issuer must name its host as a DNS name']],
    ['https://exa mple.com', ['issuer must name its host as a DNS name']],
    ['https://0x7f.1', ['issuer must name its host as a DNS name']],
    ['https://999.999.999.999', ['issuer must name its host as a DNS name']],
    ['https://-a.com', ['issuer must name its host as a DNS name']],
    ['https://a..com', ['issuer must name its host as a DNS name']],
    ['https://*.example.com', ['issuer must name its host as a DNS name']],
    [`https://${'a'.repeat(64)}.com`, ['issuer must name its host as a DNS name']],
    ['https://example.com/a b', ['issuer path must be made of URL characters; percent-encode the others']],
    ['https://example.com/a\n', ['issuer path must be made of URL characters; percent-encode the others']],
    ['https://example.com/é', ['issuer path must be made of URL characters; percent-encode the others']],
    ['https://example.com/%zz', ['issuer path must be made of URL characters; percent-encode the others']],
    ['https://example.com/a/../b', ['issuer path must not have the segments . or .., which clients resolve before they ask']],
    [`https://example.com/${'a'.repeat(236)}`, ['issuer must have at most 255 characters, as IAM takes no longer provider URL']],
    [
      'https://me@example.com:1/ ?a#b',
      [
        'issuer must not have a fragment (#)',
        'issuer must not have a query (?)',
        'issuer must not name a user',
        'issuer must not have a port other than 443, as IAM takes no other',
        'issuer path must be made of URL characters; percent-encode the others',
      ],
    ],
  ])('refuses %j with everything that is wrong', (text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('reads its own answer as the same issuer, and throws for no text', () => {
    const part = fc.string({ unit: fc.constantFrom(...'aA0-._~%:@/?#[] é') });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.tuple(part, part).map(([host, path]) => `https://${host}/${path}`),
        ),
        (text) => {
          const reading = parseIssuer(text);
          if (reading.ok) {
            expect(parseIssuer(reading.url.issuer)).toEqual(reading);
            expect(new URL(reading.url.issuer).host).toBe(reading.url.host.toLowerCase());
          } else expect(reading.problems).not.toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('hostPathOf', () => {
  it('takes the scheme off and leaves the rest', () => {
    expect(hostPathOf('https://example.com/id/')).toBe('example.com/id/');
    expect(hostPathOf('example.com/id')).toBe('example.com/id');
  });
});
