import { isJsonObject } from '../../base/json.ts';

/** What of a token is looked at before it is sent. Nothing is verified here: that is AWS's part. */
export interface TokenClaims {
  /** Who it says it is: issuer and subject. What is held for one identity is never handed out for another. */
  readonly identity: string;
  readonly subject: string | undefined;
  readonly audiences: readonly string[];
  readonly authorizedParty: string | undefined;
  readonly issuer: string | undefined;
  readonly expires: Date | undefined;
  /** Of the pod, else of the service account; Kubernetes' own claim. */
  readonly ownName: string | undefined;
}

export type ClaimsReading = { readonly ok: true; readonly claims: TokenClaims } | { readonly ok: false; readonly problem: string };

/** Reads the claims of a compact JWS (RFC 7515, section 7.1) without verifying anything. Never throws. */
export function readClaims(token: string): ClaimsReading {
  const parts = token.split('.');
  if (parts.length !== 3) return { ok: false, problem: 'it has not the three parts of a JWT' };
  let claims: unknown;
  try {
    claims = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(parts[1] ?? '', 'base64url')));
  } catch (error) {
    return { ok: false, problem: error instanceof SyntaxError ? 'its claims are not JSON' : 'its claims are not UTF-8' };
  }
  if (!isJsonObject(claims)) return { ok: false, problem: 'its claims are not a JSON object' };
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const { aud, exp } = claims;
  const kubernetes = isJsonObject(claims['kubernetes.io']) ? claims['kubernetes.io'] : {};
  const named = [kubernetes.pod, kubernetes.serviceaccount].find(isJsonObject);
  return {
    ok: true,
    claims: {
      identity: JSON.stringify([text(claims.iss), text(claims.sub)]),
      subject: text(claims.sub),
      issuer: text(claims.iss),
      audiences: (Array.isArray(aud) ? aud : [aud]).filter((each): each is string => typeof each === 'string'),
      authorizedParty: text(claims.azp),
      expires: typeof exp === 'number' && Math.abs(exp) < 8.64e12 ? new Date(exp * 1000) : undefined,
      ownName: named === undefined ? undefined : text(named.name),
    },
  };
}
