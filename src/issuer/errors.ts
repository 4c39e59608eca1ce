import { PodroleError, type Problem } from '../base/errors.ts';

/** What was given cannot make an issuer: `issuer-input-invalid`. The message lists every problem of it. */
export class IssuerInputError extends PodroleError {
  override readonly name = 'IssuerInputError';
  readonly problems: readonly Problem[];

  constructor(what: string, problems: readonly Problem[], hint?: string) {
    const list = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
    super(`${what}: ${list}`, { code: 'issuer-input-invalid', ...(hint === undefined ? {} : { hint }) });
    this.problems = problems;
  }
}
