import { readXml } from './xml.ts';

/** Credentials as STS writes them. `expiration` is by AWS's clock. */
export interface IssuedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
  readonly accountId: string | undefined;
}

/** What an answer of STS says. */
export type StsAnswer =
  | { readonly kind: 'credentials'; readonly credentials: IssuedCredentials }
  | { readonly kind: 'refusal'; readonly awsCode: string; readonly message: string }
  | { readonly kind: 'unreadable'; readonly problem: string };

const KEY = /^[\w+/=.-]{1,16384}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})$/;

/** Reads the answer to an `action` of the Query protocol (STS API 2011-06-15). Strict: what is not exactly such an answer is unreadable. */
export function readStsAnswer(action: string, body: string): StsAnswer {
  const read = readXml(body);
  if (!read.ok) return { kind: 'unreadable', problem: read.problem };
  const { root } = read;
  if (root.name === 'ErrorResponse') {
    const error = root.child('Error');
    const code = error?.child('Code')?.text.trim() ?? '';
    if (!/^[\w.:-]{1,128}$/.test(code)) return { kind: 'unreadable', problem: 'it is an error without a code' };
    return { kind: 'refusal', awsCode: code, message: error?.child('Message')?.text.trim() ?? '' };
  }
  const result = root.name === `${action}Response` ? root.child(`${action}Result`) : undefined;
  const credentials = result?.child('Credentials');
  if (result === undefined || credentials === undefined) return { kind: 'unreadable', problem: `it is no answer to ${action}` };
  const [accessKeyId, secretAccessKey, sessionToken, expires] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'].map(
    (name) => credentials.child(name)?.text.trim() ?? '',
  ) as [string, string, string, string];
  for (const [name, value] of Object.entries({ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken }))
    if (!KEY.test(value)) return { kind: 'unreadable', problem: `its ${name} is missing or malformed` };
  const expiration = readInstant(expires);
  if (expiration === undefined) return { kind: 'unreadable', problem: 'its Expiration is missing or malformed' };
  return {
    kind: 'credentials',
    credentials: {
      accessKeyId,
      secretAccessKey,
      sessionToken,
      expiration,
      accountId: accountOf(result.child('AssumedRoleUser')?.child('Arn')?.text),
    },
  };
}

/** An ISO 8601 instant with a zone; `undefined` for anything else. */
export function readInstant(text: string): Date | undefined {
  const instant = INSTANT.test(text) ? new Date(text) : undefined;
  return instant === undefined || Number.isNaN(instant.getTime()) ? undefined : instant;
}

function accountOf(arn: string | undefined): string | undefined {
  const account = arn?.trim().split(':')[4];
  return account !== undefined && /^\d{12}$/.test(account) ? account : undefined;
}
