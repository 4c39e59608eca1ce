import type { AwsTarget } from '../aws/client-options.ts';
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
  /** The role that has it; a file's policy is nobody's. */
  readonly role?: { readonly name: string; readonly arn: string };
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
 * Rejects with `file-unreadable` when there is neither, or as `readRoleTrust`.
 */
export async function readTrust(what: string, access: TrustAccess, signal?: AbortSignal): Promise<TrustSource> {
  if (!parseRoleArn(what).ok) {
    const text = await access.readText(what).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && ROLE_NAME.test(what)) return undefined;
      throw new PodroleError(`${what} cannot be read: ${messageOf(error)}`, {
        code: 'file-unreadable',
        hint: 'give a file, -, the name of a role or its ARN',
        cause: error,
      });
    });
    if (text !== undefined) return { text, from: what === '-' ? 'standard input' : what };
  }
  return readRoleTrust(what, awsTarget(access), signal);
}

/** The trust policy of a role by ARN or name. Rejects with `trust-not-found`, or what IAM refused. */
export async function readRoleTrust(what: string, target: AwsTarget, signal?: AbortSignal): Promise<TrustSource> {
  const arn = parseRoleArn(what);
  const name = arn.ok ? arn.arn.name : what;
  const role = await createIamRoles(target).get(name, signal);
  // A name is unique in an account: under another ARN it is somebody else's role.
  if (role === undefined || (arn.ok && role.arn !== what)) {
    throw new PodroleError(`role ${what} does not exist in this account`, {
      code: 'trust-not-found',
      hint: 'check the name and the AWS profile',
    });
  }
  return { text: role.trustPolicy, from: role.arn, role: { name: role.name, arn: role.arn } };
}

/** Where AWS is: by flags, else by the SDK's own chain. IAM is global, any region will do. */
export function awsTarget(access: { readonly region?: string | undefined; readonly endpoint?: string | undefined }): AwsTarget {
  return { region: access.region ?? 'us-east-1', endpoint: access.endpoint };
}

/** What is wrong with a trust policy. */
export function lint(text: string, quota: number | 'off'): TrustLint {
  return lintTrust(text, { quota });
}

/** The policy in its canonical layout. */
export function format(text: string): FormattedPolicy {
  return formatPolicy(text);
}
