import { validateIdentityForWrite } from '../../../iam/validate-identity-policy.ts';
import { AwsError } from '../errors.ts';

/** Refuses a document that IAM would not store on an identity. */
export function requireIdentityDocument(text: string): void {
  const valid = validateIdentityForWrite(text);
  if (!valid.ok) throw new AwsError(valid.code, 400, valid.message);
}
