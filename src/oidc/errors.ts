import { PodroleError } from '../base/errors.ts';

/** A signing key that cannot be used; `code` is `signing-key-invalid`, and nothing of the key is shown. */
export class SigningKeyError extends PodroleError {
  override readonly name = 'SigningKeyError';

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { code: 'signing-key-invalid', ...options });
  }
}
