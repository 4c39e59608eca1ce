import type { RefusalReason } from './refusals.data.ts';

/** `aws` does what the live STS was seen to do; `strict` also refuses, or warns of, what should not be relied upon. */
export type VerifyMode = 'aws' | 'strict';

/** What is legal, or passes on AWS, and yet doubtful. */
export type DoubtCode =
  | 'white-space'
  | 'member-duplicate'
  | 'kid-missing'
  | 'kid-shared'
  | 'alg-differs'
  | 'sub-number'
  | 'sub-length'
  | 'timestamp-text'
  | 'azp-outside-aud'
  | 'roles-unchecked';

export type Treatment =
  | { readonly kind: 'accept' }
  | { readonly kind: 'warn' }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason };

export interface Doubt {
  readonly aws: Treatment;
  readonly strict: Treatment;
  /** What is doubtful and how to mend it, with `{name}` where a value goes. */
  readonly message: string;
}

const ACCEPT: Treatment = { kind: 'accept' };
const WARN: Treatment = { kind: 'warn' };

/**
 * Every difference between the two modes, and every warning; what is not in this table is judged alike in both. `aws` warns only where
 * its verdict may differ from somebody else's: `strict` refuses, or what AWS does is not known.
 */
export const DOUBTS: Readonly<Record<DoubtCode, Doubt>> = {
  'white-space': {
    aws: WARN,
    strict: WARN,
    message: 'white space around the token was ignored, as SDKs send a token file unchanged; write the file without a last newline',
  },
  'member-duplicate': {
    aws: WARN,
    strict: { kind: 'refuse', reason: 'member-duplicate' },
    message: 'member {path} stands twice in the token and the last one was used; other parsers use the first',
  },
  'kid-missing': {
    aws: ACCEPT,
    strict: WARN,
    message: 'token header has no kid, which works only while the key set holds a single key; sign with a kid',
  },
  'kid-shared': {
    aws: ACCEPT,
    strict: WARN,
    message: 'jwks holds several keys with kid {kid} and the last one was used; give each key a kid of its own',
  },
  'alg-differs': {
    aws: ACCEPT,
    strict: WARN,
    message: 'jwks says alg {jwk} for kid {kid} but the token header says {header}; publish the algorithm that signs',
  },
  'sub-number': {
    aws: ACCEPT,
    strict: WARN,
    message: 'claim sub is a number and was read as text; issue it as text',
  },
  'sub-length': {
    aws: ACCEPT,
    strict: WARN,
    message: 'claim sub has {length} characters; the STS service model promises 6 to 255',
  },
  'timestamp-text': {
    aws: ACCEPT,
    strict: WARN,
    message: 'claim {claim} is a timestamp written as text; issue it as a number',
  },
  'azp-outside-aud': {
    aws: ACCEPT,
    strict: WARN,
    message: 'claim azp is not one of the audiences in aud, yet it alone was compared with the client ids',
  },
  'roles-unchecked': {
    aws: WARN,
    strict: WARN,
    message: 'the token is restricted to some roles, and no role was given to compare with',
  },
};
