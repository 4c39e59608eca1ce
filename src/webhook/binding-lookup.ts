import { createAccountLookup } from './account-lookup.ts';
import { type AccountState, type Binding, resolveBinding } from './binding.ts';
import { type ConfigSource, createConfigSource } from './config-source.ts';
import { type Identities, noIdentities, readIdentities } from './identities.ts';
import { emptyMapping, type Mapping, type MappingText, mappingEntry, readMapping } from './mapping.ts';
import type { WebhookOptions } from './options.ts';
import type { WebhookDeps } from './ports.ts';
import type { PodRef } from './scan.ts';

/** Finds the binding of a pod's ServiceAccount. */
export interface BindingLookup {
  /** At once where everything needed is known. Rejects with LookupError, whose reason says why. */
  find(ref: PodRef, signal: AbortSignal): Binding | Promise<Binding>;
  /** Whether each source that is in use was read once. */
  loaded(): boolean;
  /** To be called after the live copy of the ServiceAccounts changed. */
  onAccountChange(key: string): void;
  setMapping(text: MappingText): void;
  setIdentities(text: string | undefined): void;
}

/** `onLoad` is called after each reading of a source beside the ServiceAccounts. */
export function createBindingLookup(deps: WebhookDeps, options: WebhookOptions, onLoad: () => void): BindingLookup {
  const accounts = createAccountLookup(deps, options);
  const mapping = options.mapping ? mappingSource(deps, options, onLoad) : undefined;
  const identities = options.containerCredentials === undefined ? undefined : identitiesSource(deps, options, onLoad);

  function bind(ref: PodRef, account: AccountState): Binding {
    const sources = { account, mapping: mapping?.value ?? emptyMapping, identities: identities?.value ?? noIdentities };
    return resolveBinding({ namespace: ref.namespace, name: ref.serviceAccount }, sources, options);
  }

  /** An unread mapping is read first. An association may be newer than the file was when last read, so a pod it does not name looks again. */
  function refreshSources(ref: PodRef): readonly Promise<void>[] {
    const wanted: (Promise<void> | undefined)[] = [];
    if (mapping !== undefined && !mapping.loaded) wanted.push(mapping.refresh());
    if (identities !== undefined && !identities.value.has(`${ref.namespace}/${ref.serviceAccount}`)) wanted.push(identities.refresh());
    return wanted.filter((promise) => promise !== undefined);
  }

  /** Upstream's grace period: an account that nobody knows may be about to appear. One that the container credentials file names is bound without. */
  function isWorthWaiting(ref: PodRef, account: AccountState): boolean {
    if (account.exists || options.gracePeriodMs <= 0) return false;
    if (identities?.value.has(`${ref.namespace}/${ref.serviceAccount}`)) return false;
    return mapping === undefined || mappingEntry(mapping.value, ref.namespace, ref.serviceAccount) === undefined;
  }

  async function findLater(ref: PodRef, pending: Pending, signal: AbortSignal): Promise<Binding> {
    const [account] = await Promise.all([pending.account, ...pending.sources]);
    if (!isWorthWaiting(ref, account)) return bind(ref, account);
    await accounts.changed(`${ref.namespace}/${ref.serviceAccount}`, options.gracePeriodMs, signal);
    return bind(ref, await accounts.find(ref.namespace, ref.serviceAccount));
  }

  return {
    find: (ref, signal) => {
      const account = accounts.find(ref.namespace, ref.serviceAccount);
      const sources = refreshSources(ref);
      if (sources.length === 0 && !(account instanceof Promise) && !isWorthWaiting(ref, account)) return bind(ref, account);
      return findLater(ref, { account, sources }, signal);
    },
    loaded: () => mapping?.loaded !== false && identities?.loaded !== false,
    onAccountChange: (key) => accounts.onChange(key),
    setMapping: (text) => mapping?.update(text),
    setIdentities: (text) => identities?.update(text),
  };
}

interface Pending {
  readonly account: AccountState | Promise<AccountState>;
  readonly sources: readonly Promise<void>[];
}

function mappingSource(deps: WebhookDeps, options: WebhookOptions, onLoad: () => void): ConfigSource<MappingText, Mapping> {
  return createConfigSource<MappingText, Mapping>({
    name: 'the mapping ConfigMap',
    initial: emptyMapping,
    parse: (text, previous) => {
      const { mapping, problems, reason } = readMapping(text, previous, options);
      return { value: mapping, problems, reason };
    },
    isSame: (one, other) => one.absent === other.absent && (one.absent || other.absent || one.text === other.text),
    read: deps.readMapping ?? missingPort('readMapping'),
    readTimeoutMs: options.readTimeoutMs,
    refreshMs: options.identitiesRefreshMs,
    clock: deps.clock,
    log: deps.log,
    onChange: (mapping, valid) => {
      deps.metrics.set('podrole_admission_config_valid', valid ? 1 : 0, { source: 'config-map' });
      deps.metrics.set('podrole_admission_bindings', mapping.exact.size + mapping.globs.length, { source: 'config-map' });
      onLoad();
    },
  });
}

function identitiesSource(deps: WebhookDeps, options: WebhookOptions, onLoad: () => void): ConfigSource<string | undefined, Identities> {
  return createConfigSource<string | undefined, Identities>({
    name: 'the container credentials file',
    initial: noIdentities,
    parse: (text, previous) => {
      const { identities, problems } = readIdentities(text, previous);
      return { value: identities, problems, reason: problems.length === 0 ? undefined : 'IdentitiesInvalid' };
    },
    isSame: (one, other) => one === other,
    read: deps.readIdentities ?? missingPort('readIdentities'),
    readTimeoutMs: options.readTimeoutMs,
    refreshMs: options.identitiesRefreshMs,
    clock: deps.clock,
    log: deps.log,
    onChange: (identities, valid) => {
      deps.metrics.set('podrole_admission_config_valid', valid ? 1 : 0, { source: 'container-credentials' });
      deps.metrics.set('podrole_admission_bindings', identities.size, { source: 'container-credentials' });
      onLoad();
    },
  });
}

function missingPort(name: string): () => Promise<never> {
  return () => Promise.reject(new Error(`the port ${name} was not given`));
}
