import { integer, list, optional, structure, text } from '../query/shape.ts';
import { DOCUMENT_PATTERN } from '../query/wire-values.ts';

/** Members that AssumeRole and AssumeRoleWithWebIdentity share, with the bounds of the STS model. */
export const ASSUME_ROLE_INPUT = {
  RoleArn: text({
    min: 20,
    max: 2048,
    pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u{10000}-\\u{10FFFF}]+',
  }),
  RoleSessionName: text({ min: 2, max: 64, pattern: '[\\w+=,.@-]*' }),
  PolicyArns: list(structure({ arn: text({ min: 20, max: 2048 }) }), { max: 10 }),
  Policy: optional(text({ min: 1, max: 2048, pattern: DOCUMENT_PATTERN })),
  DurationSeconds: optional(integer({ min: 900, max: 43_200 })),
} as const;
