import type { Problem } from '../base/errors.ts';
import type { CredentialEnvironment } from './environment.ts';
import { SESSION_NAME } from './internal/session-name.ts';
import type { ServiceAccountOptions } from './options.ts';
import { isLoopback, type StsEndpoint, stsEndpoint } from './sts-endpoint.ts';

/** Where credentials come from. */
export type CredentialConfiguration =
  | {
      readonly kind: 'web-identity';
      readonly roleArn: string;
      readonly tokenFile: string;
      readonly audience: string | undefined;
      readonly endpoint: StsEndpoint;
      readonly sessionName: string | undefined;
      readonly durationSeconds: number | undefined;
    }
  | { readonly kind: 'pod-identity'; readonly uri: string; readonly tokenFile: string };

export type ConfigurationReading =
  | { readonly kind: 'configured'; readonly configuration: CredentialConfiguration; readonly endpoint: StsEndpoint | undefined }
  | { readonly kind: 'absent'; readonly missing: readonly string[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

const ROLE_ARN = /^arn:[a-z0-9-]+:iam::\d{12}:role\/[\u0021-\u007e]{1,575}$/;

/** Links of the node on which container credentials are served over plain HTTP: EKS Pod Identity (IPv4, IPv6) and ECS. */
const AGENT_HOSTS = new Set(['169.254.170.23', '[fd00:ec2::23]', '169.254.170.2']);

/** Options over environment; web identity over EKS Pod Identity, as the SDKs order them. Every problem at once. Pure. */
export function readConfiguration(options: ServiceAccountOptions, env: CredentialEnvironment): ConfigurationReading {
  const roleArn = options.roleArn ?? env.AWS_ROLE_ARN;
  const tokenFile = options.tokenFile ?? env.AWS_WEB_IDENTITY_TOKEN_FILE;
  const explicit = options.roleArn !== undefined || options.tokenFile !== undefined;
  const problems: Problem[] = [];
  const chosen = stsEndpoint({
    endpoint: options.endpoint,
    region: options.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION,
    roleArn: roleArn ?? '',
    env,
  });
  const chain = options.roleChain ?? [];
  chain.forEach((step, index) => {
    const path = `/roleChain/${index}`;
    if (!ROLE_ARN.test(step.roleArn)) problems.push({ path: `${path}/roleArn`, message: 'it is not the ARN of a role' });
    checkSessionName(step.sessionName, `${path}/sessionName`, problems);
    checkDuration(step.durationSeconds, 3_600, `${path}/durationSeconds`, problems);
  });
  if (chain.length > 0 && !chosen.ok) problems.push({ path: chosen.path, message: chosen.message });

  if (roleArn !== undefined && tokenFile !== undefined) {
    if (!ROLE_ARN.test(roleArn))
      problems.push({ path: options.roleArn === undefined ? 'AWS_ROLE_ARN' : '/roleArn', message: 'it is not the ARN of a role' });
    if (chain.length === 0 && !chosen.ok) problems.push({ path: chosen.path, message: chosen.message });
    const sessionName = options.sessionName ?? env.AWS_ROLE_SESSION_NAME;
    checkSessionName(sessionName, options.sessionName === undefined ? 'AWS_ROLE_SESSION_NAME' : '/sessionName', problems);
    checkDuration(options.durationSeconds, 43_200, '/durationSeconds', problems);
    if (problems.length > 0 || !chosen.ok) return { kind: 'invalid', problems };
    const { audience, durationSeconds } = options;
    return {
      kind: 'configured',
      configuration: { kind: 'web-identity', roleArn, tokenFile, audience, endpoint: chosen.endpoint, sessionName, durationSeconds },
      endpoint: chosen.endpoint,
    };
  }
  const uri = env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  const agentToken = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  if (uri !== undefined && agentToken !== undefined && !explicit) {
    const problem = agentProblem(uri);
    if (problem !== undefined) problems.push({ path: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', message: problem });
    if (problems.length > 0) return { kind: 'invalid', problems };
    return {
      kind: 'configured',
      configuration: { kind: 'pod-identity', uri, tokenFile: agentToken },
      endpoint: chosen.ok ? chosen.endpoint : undefined,
    };
  }
  if (problems.length > 0) return { kind: 'invalid', problems };
  return {
    kind: 'absent',
    missing: [...(roleArn === undefined ? ['AWS_ROLE_ARN'] : []), ...(tokenFile === undefined ? ['AWS_WEB_IDENTITY_TOKEN_FILE'] : [])],
  };
}

function checkSessionName(name: string | undefined, path: string, problems: Problem[]): void {
  if (name !== undefined && !SESSION_NAME.test(name))
    problems.push({ path, message: 'it must have 2 to 64 of letters, digits and _+=,.@-' });
}

function checkDuration(seconds: number | undefined, most: number, path: string, problems: Problem[]): void {
  if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 900 && seconds <= most))
    problems.push({ path, message: `it must be a whole number of seconds from 900 to ${most}` });
}

function agentProblem(uri: string): string | undefined {
  if (!URL.canParse(uri)) return 'it is not a URL';
  const { protocol, hostname } = new URL(uri);
  if (protocol === 'https:') return undefined;
  if (protocol !== 'http:') return 'it must begin with http:// or https://';
  return isLoopback(hostname) || AGENT_HOSTS.has(hostname) ? undefined : 'http:// is for the agent on this node and loopback alone';
}
