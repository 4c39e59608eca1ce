import type { Permission } from '../access/permission.ts';
import { AwsError, invalidInput, limitExceeded, noSuchEntity } from '../errors.ts';
import { operation } from '../query/operation.ts';
import { list, text } from '../query/shape.ts';
import { isoSeconds } from '../query/wire-values.ts';
import { members } from '../query/xml.ts';
import type { ProviderRecord } from '../store/records.ts';
import { type Call, iamArn } from '../world.ts';
import { arn, clientId, PAGE, tagKeys, tags, thumbprint } from './inputs.ts';
import { page } from './paging.ts';
import { accountAccess } from './role-access.ts';
import { mergeTags, newTags, requestTagContext, resourceTagContext, tagsView, withoutTags } from './tags.ts';

const providerArn = arn;

/**
 * The part of an issuer URL after its scheme, as IAM keeps it. Only https, no query, no fragment, no user, no other port;
 * `:443` is dropped; the case of the host and a last slash stay, since they tell providers apart.
 */
export function providerHostPath(url: string): string | undefined {
  const match = /^https:\/\/([A-Za-z0-9.-]+)(?::(\d+))?(\/[^\s?#]*)?$/.exec(url);
  if (match === null || (match[2] !== undefined && match[2] !== '443')) return undefined;
  return `${match[1]}${match[3] ?? ''}`;
}

function requireProvider(
  call: Call,
  providerArnText: string,
  message = `OpenIDConnect Provider not found for arn ${providerArnText}`,
): ProviderRecord {
  const provider = call.world.state.providers.current(providerArnText);
  if (provider === undefined) throw noSuchEntity(message);
  return provider;
}

function put(call: Call, key: string, provider: ProviderRecord | undefined): void {
  call.world.state.providers.set(key, provider, { now: call.now, visibleAt: call.now + call.world.switches.propagationMs });
}

function providerAccess(action: string) {
  return (
    input: {
      readonly OpenIDConnectProviderArn: string;
      readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
      readonly TagKeys?: readonly string[];
    },
    call: Call,
  ): Permission => ({
    action: `iam:${action}`,
    resource: input.OpenIDConnectProviderArn,
    context: {
      ...resourceTagContext(call.world.state.providers.current(input.OpenIDConnectProviderArn)?.tags ?? []),
      ...requestTagContext(input.Tags ?? []),
      ...(input.TagKeys === undefined ? {} : { 'aws:TagKeys': input.TagKeys }),
    },
  });
}

const createProvider = operation('CreateOpenIDConnectProvider', {
  Url: text({ min: 1, max: 255 }),
  ClientIDList: list(clientId),
  ThumbprintList: list(thumbprint),
  Tags: tags,
})({
  access: (input, call) => ({
    action: 'iam:CreateOpenIDConnectProvider',
    resource: iamArn(call.world, `oidc-provider/${providerHostPath(input.Url) ?? ''}`),
    context: requestTagContext(input.Tags),
  }),
  run: (input, call) => {
    const { world, now } = call;
    const { quotas } = world.switches;
    const hostPath = providerHostPath(input.Url);
    if (hostPath === undefined) throw invalidInput('Invalid Open ID Connect Provider URL');
    const key = iamArn(world, `oidc-provider/${hostPath}`);
    if (world.state.providers.current(key) !== undefined) {
      throw new AwsError('EntityAlreadyExists', 409, `Provider with url https://${hostPath} already exists.`);
    }
    const clientIds = [...new Set(input.ClientIDList)];
    requireClientIdQuota(clientIds, quotas.clientIds);
    if (input.ThumbprintList.length > quotas.thumbprints)
      throw invalidInput(`Thumbprint list must contain fewer than ${quotas.thumbprints} entries.`);
    if (world.state.providers.size >= quotas.providers)
      throw limitExceeded(`Cannot exceed quota for OpenIdConnectProvidersPerAccount: ${quotas.providers}`);
    const provider: ProviderRecord = {
      arn: key,
      url: hostPath,
      clientIds,
      thumbprints: input.ThumbprintList.map((print) => print.toLowerCase()),
      createDate: isoSeconds(now),
      tags: newTags(input.Tags, 'exact'),
    };
    put(call, key, provider);
    return { OpenIDConnectProviderArn: key, ...(provider.tags.length === 0 ? {} : { Tags: tagsView(provider.tags) }) };
  },
});

function requireClientIdQuota(clientIds: readonly string[], quota: number): void {
  if (clientIds.length > quota) throw limitExceeded(`Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: ${quota}`);
}

const getProvider = operation('GetOpenIDConnectProvider', { OpenIDConnectProviderArn: providerArn })({
  access: providerAccess('GetOpenIDConnectProvider'),
  run: (input, call) => {
    const provider = requireProvider(call, input.OpenIDConnectProviderArn);
    return {
      Url: provider.url,
      ClientIDList: members(provider.clientIds),
      ThumbprintList: members(provider.thumbprints),
      CreateDate: provider.createDate,
      Tags: tagsView(provider.tags),
    };
  },
});

const listProviders = operation(
  'ListOpenIDConnectProviders',
  {},
)({
  access: accountAccess('ListOpenIDConnectProviders'),
  run: (_input, { world }) => ({
    OpenIDConnectProviderList: members(world.state.providers.values().map((provider) => ({ Arn: provider.arn }))),
  }),
});

const deleteProvider = operation('DeleteOpenIDConnectProvider', { OpenIDConnectProviderArn: providerArn })({
  access: providerAccess('DeleteOpenIDConnectProvider'),
  run: (input, call) => {
    const provider = requireProvider(call, input.OpenIDConnectProviderArn, 'OpenId connect Provider ARN cannot be found.');
    put(call, provider.arn, undefined);
    return undefined;
  },
});

const addClientId = operation('AddClientIDToOpenIDConnectProvider', { OpenIDConnectProviderArn: providerArn, ClientID: clientId })({
  access: providerAccess('AddClientIDToOpenIDConnectProvider'),
  run: (input, call) => {
    const provider = requireProvider(call, input.OpenIDConnectProviderArn);
    const clientIds = [...new Set([...provider.clientIds, input.ClientID])];
    requireClientIdQuota(clientIds, call.world.switches.quotas.clientIds);
    put(call, provider.arn, { ...provider, clientIds });
    return undefined;
  },
});

const removeClientId = operation('RemoveClientIDFromOpenIDConnectProvider', { OpenIDConnectProviderArn: providerArn, ClientID: clientId })({
  access: providerAccess('RemoveClientIDFromOpenIDConnectProvider'),
  run: (input, call) => {
    const provider = requireProvider(call, input.OpenIDConnectProviderArn);
    put(call, provider.arn, { ...provider, clientIds: provider.clientIds.filter((id) => id !== input.ClientID) });
    return undefined;
  },
});

const updateThumbprint = operation('UpdateOpenIDConnectProviderThumbprint', {
  OpenIDConnectProviderArn: providerArn,
  ThumbprintList: list(thumbprint),
})({
  access: providerAccess('UpdateOpenIDConnectProviderThumbprint'),
  run: (input, call) => {
    const provider = requireProvider(call, input.OpenIDConnectProviderArn);
    const { thumbprints } = call.world.switches.quotas;
    if (input.ThumbprintList.length === 0) throw invalidInput('Thumbprint list must contain at least one entry.');
    if (input.ThumbprintList.length > thumbprints) throw invalidInput(`Thumbprint list must contain fewer than ${thumbprints} entries.`);
    put(call, provider.arn, { ...provider, thumbprints: input.ThumbprintList.map((print) => print.toLowerCase()) });
    return undefined;
  },
});

const tagProvider = operation('TagOpenIDConnectProvider', { OpenIDConnectProviderArn: providerArn, Tags: tags })({
  access: providerAccess('TagOpenIDConnectProvider'),
  run: (input, call) => {
    const provider = requireProvider(call, input.OpenIDConnectProviderArn);
    put(call, provider.arn, {
      ...provider,
      tags: mergeTags(provider.tags, input.Tags, { keys: 'exact', quota: call.world.switches.quotas.tags }),
    });
    return undefined;
  },
});

const untagProvider = operation('UntagOpenIDConnectProvider', { OpenIDConnectProviderArn: providerArn, TagKeys: tagKeys })({
  access: providerAccess('UntagOpenIDConnectProvider'),
  run: (input, call) => {
    const provider = requireProvider(call, input.OpenIDConnectProviderArn);
    put(call, provider.arn, { ...provider, tags: withoutTags(provider.tags, input.TagKeys, 'exact') });
    return undefined;
  },
});

const listProviderTags = operation('ListOpenIDConnectProviderTags', { OpenIDConnectProviderArn: providerArn, ...PAGE })({
  access: providerAccess('ListOpenIDConnectProviderTags'),
  run: (input, call) =>
    page(requireProvider(call, input.OpenIDConnectProviderArn).tags, input, {
      key: (tag) => tag.key,
      member: 'Tags',
      view: ({ key, value }) => ({ Key: key, Value: value }),
    }),
});

/** OpenID Connect providers. */
export const PROVIDER_OPERATIONS = [
  createProvider,
  getProvider,
  listProviders,
  deleteProvider,
  addClientId,
  removeClientId,
  updateThumbprint,
  tagProvider,
  untagProvider,
  listProviderTags,
] as const;
