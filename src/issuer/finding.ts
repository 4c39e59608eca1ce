/** `error`: a token will be refused. `warning`: it works, and should not be relied upon. */
export type Severity = 'error' | 'warning';

/** One thing wrong with an issuer or a token, and what mends it. */
export interface Finding {
  readonly severity: Severity;
  /** Stable, kebab-case. */
  readonly code: string;
  /** The document's URL, the key's name or the claim. */
  readonly at: string;
  readonly message: string;
  readonly fix: string;
}

/** Whether nothing in the list makes a token fail. */
export function isSound(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity !== 'error');
}
