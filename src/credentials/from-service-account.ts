import type { Clock } from '../base/clock.ts';
import { type ConfigurationReading, readConfiguration } from './configuration.ts';
import type { Credentials } from './credentials.ts';
import { type CredentialEnvironment, readEnvironment } from './environment.ts';
import { CredentialsUnavailable } from './errors.ts';
import { assumedRoleSource } from './internal/assumed-role-source.ts';
import { nodeFetch } from './internal/node-fetch.ts';
import { warningsOnly } from './internal/observers.ts';
import { podIdentitySource } from './internal/pod-identity-source.ts';
import { RefreshingCredentials } from './internal/refreshing-credentials.ts';
import { processCredentials } from './internal/shared-credentials.ts';
import type { CredentialSource } from './internal/source.ts';
import { webIdentitySource } from './internal/web-identity-source.ts';
import type { ServiceAccountOptions } from './options.ts';
import type { CredentialState } from './state.ts';

/** What the AWS SDK for JavaScript v3 takes as `credentials`, and a look inside. */
export interface ServiceAccountProvider {
  /**
   * Credentials that are usable for ten seconds at least. Rejects with `CredentialsUnavailable`, whose `code` says why; while credentials
   * are held it resolves at once and never rejects. `forceRefresh` is the SDK's wish for new ones.
   */
  (options?: { readonly forceRefresh?: boolean }): Promise<Credentials>;
  /**
   * Tells the SDK's clients to ask each time: a memory of their own would come back only five minutes before the end, all pods at once,
   * and then wait.
   */
  readonly memoized: true;
  /** What is known now; `undefined` before the first call, and while nothing is configured. */
  state(): CredentialState | undefined;
}

const PROPAGATION_MS = 20_000;
const defaultObserver = warningsOnly();

/**
 * The AWS credentials of this pod's service account: web identity (IRSA) or the EKS Pod Identity agent, as the environment says.
 * Everything that asks for the same identity in a process shares one exchange. Nothing is read or sent before the first call.
 */
export function fromServiceAccount(options: ServiceAccountOptions = {}): ServiceAccountProvider {
  const observer = options.onEvent ?? defaultObserver;
  let credentials: RefreshingCredentials | undefined;
  const provider = async (call: { readonly forceRefresh?: boolean } = {}): Promise<Credentials> => {
    credentials ??= openCredentials(options, readEnvironment());
    // Here and not once: it is held as long as somebody can call this provider.
    credentials.observers.add(observer);
    // A copy: the SDK writes where they came from into what it gets.
    return { ...(await credentials.get({ force: call?.forceRefresh === true })) };
  };
  return Object.assign(provider, { memoized: true as const, state: () => credentials?.state() });
}

/** The shared credentials of what options and environment say. Throws `CredentialsUnavailable` when that is nothing or wrong. */
export function openCredentials(options: ServiceAccountOptions, env: CredentialEnvironment): RefreshingCredentials {
  const reading = readConfiguration(options, env);
  if (reading.kind !== 'configured') throw notConfigured(reading, options.strict === true);
  const { configuration, endpoint } = reading;
  const { now, random = Math.random, fetch = nodeFetch, waitForPropagation = false } = options;
  const propagationMs = waitForPropagation === true ? PROPAGATION_MS : Number(waitForPropagation);
  const clock = clockOf(now);
  const access = { fetch, clock, deadline: unreferenced };
  const functions = [now, random, fetch];
  const share = (identity: unknown, source: () => CredentialSource): RefreshingCredentials =>
    processCredentials.get(
      { identity: [identity, propagationMs], functions },
      () => new RefreshingCredentials({ source: source(), clock, random, propagationMs }),
    );

  const base = share(configuration, () =>
    configuration.kind === 'web-identity' ? webIdentitySource(configuration, access) : podIdentitySource(configuration, access),
  );
  const chain = options.roleChain ?? [];
  const sessionName = (configuration.kind === 'web-identity' ? configuration.sessionName : env.AWS_ROLE_SESSION_NAME) ?? 'podrole';
  return chain.reduce((before, step, index) => {
    if (endpoint === undefined)
      throw notConfigured({ kind: 'invalid', problems: [{ path: '/roleChain', message: 'no endpoint of STS is known' }] }, true);
    const identity = [configuration, endpoint, sessionName, chain.slice(0, index + 1)];
    return share(identity, () => assumedRoleSource({ step, sessionName, endpoint, before }, access));
  }, base);
}

function notConfigured(reading: Exclude<ConfigurationReading, { kind: 'configured' }>, strict: boolean): CredentialsUnavailable {
  if (reading.kind === 'invalid')
    return new CredentialsUnavailable({
      code: 'credentials-config-invalid',
      message: `credentials are configured wrongly: ${reading.problems.map(({ path, message }) => `${path}: ${message}`).join('; ')}`,
      retry: 'never',
      sent: false,
    });
  return new CredentialsUnavailable(
    {
      code: 'credentials-not-configured',
      message: `this process has no service account identity: ${reading.missing.join(' and ')} ${reading.missing.length === 1 ? 'is' : 'are'} not set`,
      hint: 'in a pod the webhook sets them; is its service account annotated with eks.amazonaws.com/role-arn?',
      retry: 'never',
      sent: false,
    },
    { tryNextLink: !strict },
  );
}

/** The machine's clock, or one that follows `now` alone. Timers are the machine's. */
function clockOf(now: (() => Date) | undefined): Clock {
  return {
    now: now ?? (() => new Date()),
    // Not `performance`: its module costs a short program more than everything else here.
    monotonic: now === undefined ? () => process.uptime() * 1_000 : () => now().getTime(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

const unreferenced: Clock['after'] = (ms, run) => {
  const timer = setTimeout(run, ms).unref();
  return { cancel: () => clearTimeout(timer) };
};
