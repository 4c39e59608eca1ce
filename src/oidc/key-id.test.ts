import { createPublicKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { keyId } from './key-id.ts';

/** The key set of a kube-apiserver 1.34, as it served it: it named the key itself. */
const SERVED = {
  use: 'sig',
  kty: 'RSA',
  kid: '6d9kG7jkepGsvqeAq4LNVyT_3j-e1d3iR1JjCst3Obg',
  alg: 'RS256',
  n: '2D4JZYU4FMMVhdMzt9JLLZkRPjyDWTXqVKzGqmZsxGOKhd15CBGT38gUzduVyHonaXTj-6iTZFl9KvRSQSJ6_84tEb8xQN_2w8JFNJvE2oBlDVEexuFrAStH4YTf_gdNfyn0sXHgZNS60Ejjz-mqZ9-Qm8YD5P_LxrkbOg-tbzbOLmjeFRUF8Qr12PMB8BesT3kfOxF_eHgLaW_ABeu9R7Gqi5yuL7zFr_DrUnxIPsYXz4DXTO8ChxruBvCq9-n4RI-NksdbpSNjKIL-HVHcfzyRpiJ-WBx_q8mu-ZpTHleqP57HfS4CZceB6uvdQbGbsZUkpqie73RrXaAh_EOvzQ',
  e: 'AQAB',
};

it('names a key as a real API server does', async () => {
  const spki = createPublicKey({ key: SERVED, format: 'jwk' }).export({ type: 'spki', format: 'der' });
  expect(await keyId(new Uint8Array(spki))).toBe(SERVED.kid);
});
