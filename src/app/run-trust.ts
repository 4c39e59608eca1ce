import { createIamRoles } from '../aws/iam-roles.ts';
import { messageOf, PodroleError } from '../base/errors.ts';
import { parseRoleArn } from '../iam/arn.ts';
import { type FormattedPolicy, formatPolicy } from '../iam/format-policy.ts';
import { lintTrust, type TrustLint } from '../iam/lint-trust.ts';

export type { TrustFinding, TrustLint } from '../iam/lint-trust.ts';

/** A trust policy and where it came from. */
export interface TrustSource {
  readonly text: string;
  /** The file's name, or the role's ARN. */
  readonly from: string;
}

export interface TrustAccess {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Reads a file, or standard input for `-`. */
  readonly readText: (file: string) => Promise<string>;
}

/** What names a role rather than a file: an ARN, or a bare name of IAM's alphabet without a dot and a slash. */
const ROLE_NAME = /^[\w+=,@-]{1,64}$/;

/**
 * The trust policy of a file, of a role by ARN or name, or of standard input (`-`). An existing file wins over a role of the same name.
 * Rejects with `trust-not-found` when there is neither, or what IAM refused.
 */
export async function readTrust(what: string, access: TrustAccess, signal?: AbortSignal): Promise<TrustSource> {
  const arn = parseRoleArn(what);
  if (!arn.ok) {
    const text = await access.readText(what).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && ROLE_NAME.test(what)) return undefined;
      throw new PodroleError(`${what} cannot be read: ${messageOf(error)}`, {
        code: 'trust-not-found',
        hint: 'give a file, -, the name of a role or its ARN',
        cause: error,
      });
    });
    if (text !== undefined) return { text, from: what === '-' ? 'standard input' : what };
  }
  const name = arn.ok ? arn.arn.name : what;
  const role = await createIamRoles({ region: access.region ?? 'us-east-1', endpoint: access.endpoint }).get(name, signal);
  if (role === undefined) {
    throw new PodroleError(`role ${name} does not exist in this account`, {
      code: 'trust-not-found',
      hint: 'check the name and the AWS profile',
    });
  }
  return { text: role.trustPolicy, from: role.arn };
}

/** What is wrong with a trust policy. */
export function lint(text: string, quota: number | 'off'): TrustLint {
  return lintTrust(text, { quota });
}

/** The policy in its canonical layout. */
export function format(text: string): FormattedPolicy {
  return formatPolicy(text);
}
