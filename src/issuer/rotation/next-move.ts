import type { PublicJwk } from '../../oidc/key-set.ts';
import type { RotationState } from './state.ts';

/** What speaks for every API server signing with the new key: the kids of fresh tokens, or the word of whoever restarted them. */
export type SwitchEvidence =
  | { readonly kind: 'none' }
  | { readonly kind: 'tokens'; readonly kids: readonly string[] }
  | { readonly kind: 'stated' };

/** The one thing to do next. */
export type RotationMove =
  | {
      /** Publish exactly these keys, then write down `after` with the time at which that was over. */
      readonly kind: 'publish';
      readonly keys: readonly PublicJwk[];
      /** Names of keys that go. */
      readonly drop: readonly string[];
      readonly after: (at: Date) => RotationState;
    }
  | { readonly kind: 'record'; readonly state: RotationState }
  /** Too early, or not shown yet. `until`: when it will be possible. */
  | { readonly kind: 'wait'; readonly reason: WaitReason; readonly until?: Date; readonly message: string }
  | { readonly kind: 'done' };

export type WaitReason =
  | 'clock-behind'
  | 'documents-not-readable'
  | 'caches-not-over'
  | 'switch-not-shown'
  | 'switch-not-done'
  | 'tokens-not-over';

/** Seconds for which AWS takes a token beyond its end, and a little for clocks that differ. */
const GRACE_SECONDS = 600;

/**
 * The rotation's rules. The new key is published; when every cache that could lack it has ended the API servers may sign with it; when
 * every token of the old key has ended the old key goes. Times are those *after* which something was over, so that an interruption makes
 * the wait longer and never shorter. A clock that went back stops everything.
 */
export function nextMove(state: RotationState, now: Date, evidence: SwitchEvidence): RotationMove {
  if (now.getTime() < Date.parse(state.updatedAt))
    return {
      kind: 'wait',
      reason: 'clock-behind',
      until: new Date(state.updatedAt),
      message: `the clock says ${now.toISOString()}, before the last step at ${state.updatedAt}; set it right`,
    };
  const updatedAt = now.toISOString();
  switch (state.step) {
    case 'publish':
      return {
        kind: 'publish',
        keys: [state.current.key, state.next.key, ...state.others],
        drop: [],
        after: (at) => ({ ...state, step: 'wait', publishedAt: at.toISOString(), updatedAt: at.toISOString() }),
      };
    case 'wait': {
      const until = later(state.publishedAt, state.cacheSeconds);
      if (now < until)
        return {
          kind: 'wait',
          reason: 'caches-not-over',
          until,
          message: `key ${state.next.key.kid} was published at ${state.publishedAt}, and readers may keep the key set without it until ${until.toISOString()}`,
        };
      return { kind: 'record', state: { ...state, step: 'switch', updatedAt } };
    }
    case 'switch':
      return switchMove(state, now, evidence);
    case 'keep': {
      // The old key still signs somewhere: its last token is yet to come, and the wait begins when it is.
      if (signedWithOther(state, evidence) !== undefined) {
        const { switchedAt: _, ...before } = state;
        return { kind: 'record', state: { ...before, step: 'switch', updatedAt } };
      }
      const until = later(state.switchedAt, state.tokenSeconds + GRACE_SECONDS);
      if (now < until)
        return {
          kind: 'wait',
          reason: 'tokens-not-over',
          until,
          message: `tokens that key ${state.current.key.kid} signed may live until ${until.toISOString()}`,
        };
      return { kind: 'record', state: { ...state, step: 'retire', updatedAt } };
    }
    case 'retire':
      return {
        kind: 'publish',
        keys: [state.next.key, ...state.others],
        drop: [state.current.key.kid],
        after: (at) => ({ ...state, step: 'done', retiredAt: at.toISOString(), updatedAt: at.toISOString() }),
      };
    case 'done':
      return { kind: 'done' };
  }
}

function switchMove(state: Extract<RotationState, { readonly step: 'switch' }>, now: Date, evidence: SwitchEvidence): RotationMove {
  const at = now.toISOString();
  if (evidence.kind === 'none')
    return {
      kind: 'wait',
      reason: 'switch-not-shown',
      message: 'switch all API servers, then say so with --switched, or show a fresh token of each with --token',
    };
  const old = signedWithOther(state, evidence);
  if (old !== undefined)
    return {
      kind: 'wait',
      reason: 'switch-not-done',
      message: `a token was signed with key ${old} and not with ${state.next.key.kid}: that API server has not been switched`,
    };
  return { kind: 'record', state: { ...state, step: 'keep', switchedAt: at, updatedAt: at } };
}

/** The key of a fresh token that the new one did not sign. */
function signedWithOther({ next }: RotationState, evidence: SwitchEvidence): string | undefined {
  return evidence.kind === 'tokens' ? evidence.kids.find((kid) => kid !== next.key.kid) : undefined;
}

function later(instant: string, seconds: number): Date {
  return new Date(Date.parse(instant) + seconds * 1000);
}
