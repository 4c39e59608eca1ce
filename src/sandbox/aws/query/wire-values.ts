/** A time as Query answers write it: whole seconds, UTC. */
export function isoSeconds(epochMs: number): string {
  return new Date(Math.floor(epochMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Printable Latin-1 and the three white-space characters: what a policy document may be made of (IAM and STS models). */
export const DOCUMENT_PATTERN = '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+';
