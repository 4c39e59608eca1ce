import { integer, list, optional, structure, text } from '../query/shape.ts';
import { DOCUMENT_PATTERN } from '../query/wire-values.ts';

// Bounds and patterns of the IAM service model, version 2010-05-08.

const NAME = '[\\w+=,.@-]+';

export const roleName = text({ min: 1, max: 64, pattern: NAME });
export const policyName = text({ min: 1, max: 128, pattern: NAME });
export const instanceProfileName = text({ min: 1, max: 128, pattern: NAME });
export const path = text({ min: 1, max: 512, pattern: '(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)' });
export const pathPrefix = text({ min: 1, max: 512, pattern: '\\u002F[\\u0021-\\u007F]*' });
export const arn = text({ min: 20, max: 2048 });
export const document = text({ min: 1, max: 131_072, pattern: DOCUMENT_PATTERN });
export const roleDescription = text({ max: 1000, pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*' });
export const policyDescription = text({ max: 1000 });
/** Bounds are IAM's own: a value outside them is refused by the shape. */
export const maxSessionDuration = integer({ min: 3600, max: 43_200 });
export const versionId = text({ pattern: 'v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?' });
export const thumbprint = text({ min: 40, max: 40 });
export const clientId = text({ min: 1, max: 255 });

const tagKey = text({ min: 1, max: 128, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+' });
export const tags = list(structure({ Key: tagKey, Value: text({ max: 256, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*' }) }), { max: 50 });
export const tagKeys = list(tagKey, { max: 50 });

/** Members of every paged list. */
export const PAGE = {
  // The model says 320; the sandbox's own markers, which name a key, may be longer.
  Marker: optional(text({ min: 1, max: 1024, pattern: '[\\u0020-\\u00FF]+' })),
  MaxItems: optional(integer({ min: 1, max: 1000 })),
} as const;
