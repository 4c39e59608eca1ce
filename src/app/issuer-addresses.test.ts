import { describe, expect, it } from 'vitest';
import { readIssuerAddresses } from './issuer-addresses.ts';

describe('where issuers listen', () => {
  it('is read host by host, names in lower case', () => {
    expect(readIssuerAddresses(['Issuer.example.com=127.0.0.1:8443', 'b=[::1]:443'])).toEqual({
      ok: true,
      resolve: new Map([
        ['issuer.example.com', { address: '127.0.0.1', port: 8443 }],
        ['b', { address: '::1', port: 443 }],
      ]),
    });
  });

  it('is refused where a name would have to be looked up, or a part is missing', () => {
    const words = ['a=localhost:1', 'a=127.0.0.1', 'a=127.0.0.1:0', 'a=127.0.0.1:65536', '=127.0.0.1:1', 'a=[127.0.0.1:1', ''];
    const read = readIssuerAddresses(words);
    expect(read.ok ? [] : read.problems.map(({ message }) => message)).toEqual(
      words.map((word) => `${JSON.stringify(word)} must be HOST=ADDRESS:PORT, the address as numbers`),
    );
  });
});
