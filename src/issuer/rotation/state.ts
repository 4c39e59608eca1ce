import * as v from 'valibot';
import type { PublicJwk } from '../../oidc/key-set.ts';
import { IssuerInputError } from '../errors.ts';

const Algorithm = v.picklist(['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']);
const Rsa = v.strictObject({
  use: v.literal('sig'),
  kty: v.literal('RSA'),
  kid: v.string(),
  alg: Algorithm,
  n: v.string(),
  e: v.string(),
});
const Ec = v.strictObject({
  use: v.literal('sig'),
  kty: v.literal('EC'),
  kid: v.string(),
  crv: v.picklist(['P-256', 'P-384', 'P-521']),
  alg: Algorithm,
  x: v.string(),
  y: v.string(),
});
const Key = v.variant('kty', [Rsa, Ec]);
const Instant = v.pipe(v.string(), v.isoTimestamp());
const Seconds = v.pipe(v.number(), v.integer(), v.minValue(0));
const Signer = v.strictObject({
  key: Key,
  /** Paths on the machine of the API server, for the flags. */
  privateFile: v.string(),
  publicFile: v.string(),
});

const Common = {
  version: v.literal(1),
  issuer: v.string(),
  /** Where the documents are published. */
  place: v.string(),
  jwksPath: v.string(),
  current: Signer,
  next: Signer,
  /** Other keys that stay published throughout. */
  others: v.array(Key),
  /** Longest time for which a reader may keep the key set, in seconds. */
  cacheSeconds: Seconds,
  /** Longest life of a token, in seconds. */
  tokenSeconds: Seconds,
  /** What the documents' own Cache-Control says, in seconds. */
  maxAgeSeconds: Seconds,
  /** When the state was written last. */
  updatedAt: Instant,
};

const State = v.variant('step', [
  v.strictObject({ ...Common, step: v.literal('publish') }),
  v.strictObject({ ...Common, step: v.literal('wait'), publishedAt: Instant }),
  v.strictObject({ ...Common, step: v.literal('switch'), publishedAt: Instant }),
  v.strictObject({ ...Common, step: v.literal('keep'), publishedAt: Instant, switchedAt: Instant }),
  v.strictObject({ ...Common, step: v.literal('retire'), publishedAt: Instant, switchedAt: Instant }),
  v.strictObject({ ...Common, step: v.literal('done'), publishedAt: Instant, switchedAt: Instant, retiredAt: Instant }),
]);

/** The steps of a rotation, in their order. */
export const ROTATION_STEPS = ['publish', 'wait', 'switch', 'keep', 'retire', 'done'] as const;
export type RotationStep = (typeof ROTATION_STEPS)[number];

/** A key that signs, now or next. */
export interface RotationKey {
  readonly key: PublicJwk;
  readonly privateFile: string;
  readonly publicFile: string;
}

/**
 * Where a rotation stands, as its file holds it; no private key is in it. Each step carries the times that it rests on, so that a state
 * without them cannot be written down.
 */
export type RotationState = v.InferOutput<typeof State>;

/** Reads a state file. Throws `IssuerInputError` for one that is damaged or of a newer version: nothing is guessed about keys. */
export function parseRotation(text: string): RotationState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new IssuerInputError('the rotation’s state', [{ path: '', message: 'it is not JSON; restore it from a backup' }]);
  }
  const result = v.safeParse(State, value);
  if (result.success) return result.output;
  throw new IssuerInputError(
    'the rotation’s state',
    result.issues.map((issue) => ({ path: (issue.path ?? []).map(({ key }) => `/${String(key)}`).join(''), message: issue.message })),
  );
}

/** The text of a state file. */
export function rotationText(state: RotationState): string {
  return `${JSON.stringify(state, null, 2)}\n`;
}
