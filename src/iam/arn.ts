import type { Problem } from '../base/errors.ts';

/** The ARN of an IAM role, taken apart. `path` begins and ends with `/`. */
export interface RoleArn {
  readonly text: string;
  readonly partition: string;
  readonly account: string;
  readonly path: string;
  readonly name: string;
}

/** The ARN of an IAM OIDC provider. `hostPath` is its issuer without `https://`, letter for letter. */
export interface ProviderArn {
  readonly text: string;
  readonly partition: string;
  readonly account: string;
  readonly hostPath: string;
}

/** An ARN, or everything that is wrong with the text. */
export type ArnResult<T> = { readonly ok: true; readonly arn: T } | { readonly ok: false; readonly problems: readonly Problem[] };

const PARTITION = /^aws(-[a-z]+)*$/;
// AWS accounts have twelve digits; upstream's published vectors use shorter ones, which can name no role but are harmless to read.
const ACCOUNT = /^[0-9]{1,12}$/;
const ROLE_NAME = /^[A-Za-z0-9_+=,.@-]{1,64}$/;
const ROLE_PATH = /^\/([!-~]*\/)?$/;
const HOST_PATH = /^[A-Za-z0-9][A-Za-z0-9.-]*(\/[!-~]*)?$/;
const MAX_ARN = 2048;
const MAX_PATH = 512;
const MAX_URL = 255;

/**
 * Reads `arn:<partition>:iam::<account>:role/<path><name>`, any partition, with or without a path.
 * Every problem is reported at once; `path` of a problem is empty, the ARN is one text. Source: IAM API reference, CreateRole.
 */
export function parseRoleArn(text: string): ArnResult<RoleArn> {
  const read = readIamArn(text, 'role/', 'role');
  if (!read.ok) return read;
  const { partition, account, rest, problems } = read;
  const slash = rest.lastIndexOf('/');
  const path = `/${rest.slice(0, slash + 1)}`;
  const name = rest.slice(slash + 1);
  if (!ROLE_NAME.test(name)) problems.push(problem(`role name "${name}" must be 1 to 64 letters, digits or any of _+=,.@-`));
  if (!ROLE_PATH.test(path) || path.length > MAX_PATH)
    problems.push(problem(`role path "${path}" must be printable ASCII between slashes, at most ${MAX_PATH} characters`));
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, arn: { text, partition, account, path, name } };
}

/**
 * Reads `arn:<partition>:iam::<account>:oidc-provider/<host and path>`. Case, path and a trailing slash are part of the
 * provider's identity and are kept. Source: IAM API reference, CreateOpenIDConnectProvider.
 */
export function parseProviderArn(text: string): ArnResult<ProviderArn> {
  const read = readIamArn(text, 'oidc-provider/', 'OIDC provider');
  if (!read.ok) return read;
  const { partition, account, rest, problems } = read;
  if (!HOST_PATH.test(rest) || rest.length > MAX_URL)
    problems.push(problem(`issuer "${rest}" must be a host name with an optional path, without scheme, port or query`));
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, arn: { text, partition, account, hostPath: rest } };
}

/** What names a provider: the partition and account that hold it and the issuer URL it was made for. */
export interface ProviderName {
  readonly partition: string;
  readonly account: string;
  /** With or without `https://`. */
  readonly issuer: string;
}

/** The ARN that IAM gives to the provider of `issuer`: the URL without its scheme, nothing else changed. */
export function providerArnOf(name: ProviderName): string {
  return `arn:${name.partition}:iam::${name.account}:oidc-provider/${hostPathOf(name.issuer)}`;
}

/** The issuer as condition keys and provider ARNs spell it: without `https://`, otherwise letter for letter. */
export function hostPathOf(issuer: string): string {
  return issuer.startsWith('https://') ? issuer.slice('https://'.length) : issuer;
}

type IamArn =
  | { readonly ok: true; readonly partition: string; readonly account: string; readonly rest: string; readonly problems: Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

function readIamArn(text: string, type: string, noun: string): IamArn {
  const shape = `write it as arn:aws:iam::111122223333:${type}NAME`;
  if (text.length > MAX_ARN) return { ok: false, problems: [problem(`${noun} ARN is longer than ${MAX_ARN} characters`)] };
  const [arn, partition = '', service, region, account = '', ...tail] = text.split(':');
  const resource = tail.join(':');
  if (arn !== 'arn' || tail.length === 0) return { ok: false, problems: [problem(`"${text}" is not an ARN, ${shape}`)] };
  const problems: Problem[] = [];
  if (!PARTITION.test(partition)) problems.push(problem(`partition "${partition}" is unknown, use aws, aws-cn or aws-us-gov`));
  if (service !== 'iam') problems.push(problem(`service "${service}" must be iam`));
  if (region !== '') problems.push(problem(`region "${region}" must be empty, IAM is global`));
  if (!ACCOUNT.test(account)) problems.push(problem(`account "${account}" must be digits`));
  if (!resource.startsWith(type)) problems.push(problem(`resource "${resource}" is not a ${noun}, ${shape}`));
  if (!resource.startsWith(type)) return { ok: false, problems };
  return { ok: true, partition, account, rest: resource.slice(type.length), problems };
}

function problem(message: string): Problem {
  return { path: '', message };
}
