import { type Clock, sleep } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { decodeToken } from '../../oidc/decode-token.ts';

export interface TokenKeeperOptions {
  /** Asks for the next token. */
  readonly issue: (signal: AbortSignal) => Promise<{ readonly token: string; readonly expiresAt: Date }>;
  readonly write: (token: string) => Promise<void>;
  readonly clock: Clock;
  /** Told once per row of failures. */
  readonly onFailure: (message: string) => void;
}

/** Share of its life after which a token is replaced, as the kubelet does. */
const RENEW_AT = 0.8;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

/** Writes the first token, then a new one at 80 % of each one's life until the signal aborts. Resolves with the first one; rejects as `issue`. */
export async function keepToken({ issue, write, clock, onFailure }: TokenKeeperOptions, signal: AbortSignal): Promise<string> {
  const first = await issue(signal);
  await write(first.token);
  void renew(first);
  return first.token;

  async function renew(from: { readonly token: string; readonly expiresAt: Date }): Promise<void> {
    let current = from;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await sleep(
          clock,
          failures === 0 ? lifeMs(current) * RENEW_AT : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)),
          signal,
        );
        current = await issue(signal);
        await write(current.token);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (failures === 1) onFailure(`the token could not be renewed and ends ${current.expiresAt.toISOString()}: ${messageOf(error)}`);
      }
    }
  }

  /** By the issuer's clock alone, as far as the token tells. */
  function lifeMs({ token, expiresAt }: { readonly token: string; readonly expiresAt: Date }): number {
    const decoded = decodeToken(token);
    const { iat, exp } = decoded.ok ? decoded.token.claims : {};
    return typeof iat === 'number' && typeof exp === 'number' && exp > iat
      ? (exp - iat) * 1000
      : Math.max(0, expiresAt.getTime() - clock.now().getTime());
  }
}
