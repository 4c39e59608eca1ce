import type { JsonObject } from '../../base/json.ts';
import { type Judge, type Refusal, refuse } from './judgement.ts';

/** The audience that counts, and that the trust policy sees. */
export type AudienceCheck = { readonly ok: true; readonly audience: string } | Refusal;

/**
 * The one audience of a token, compared with the client ids of the provider: `azp` where the token has one, else `aud`. Several audiences
 * without `azp` are refused even if all of them are registered, so a Kubernetes token needs exactly one.
 */
export function checkAudience(claims: JsonObject, clientIds: readonly string[], judge: Judge): AudienceCheck {
  const { aud, azp } = claims;
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (audiences.length === 0) return refuse('audience-empty');
  if (!audiences.every((audience) => typeof audience === 'string')) return refuse('audience-unregistered');
  if (azp === undefined || azp === null) {
    const [only, ...others] = audiences;
    if (others.length > 0) return refuse('audience-ambiguous');
    return registered(only, clientIds);
  }
  const party = registered(azp, clientIds);
  if (!party.ok || audiences.includes(party.audience)) return party;
  return judge.doubt('azp-outside-aud') ?? party;
}

function registered(audience: unknown, clientIds: readonly string[]): AudienceCheck {
  return typeof audience === 'string' && clientIds.includes(audience) ? { ok: true, audience } : refuse('audience-unregistered');
}
