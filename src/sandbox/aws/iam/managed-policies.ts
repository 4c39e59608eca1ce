import { policySize } from '../../../iam/policy-size.ts';
import type { Permission } from '../access/permission.ts';
import { AwsError, limitExceeded, noSuchEntity } from '../errors.ts';
import { operation } from '../query/operation.ts';
import { boolean, optional, text } from '../query/shape.ts';
import { isoSeconds } from '../query/wire-values.ts';
import type { XmlObject } from '../query/xml.ts';
import { awsManagedPolicies, findPolicy } from '../store/policies.ts';
import type { PolicyRecord, PolicyVersion } from '../store/records.ts';
import { uniqueId } from '../store/unique-ids.ts';
import { type Call, iamArn } from '../world.ts';
import { attachmentCount } from './attachments.ts';
import { encodeDocument } from './documents.ts';
import { requireIdentityDocument } from './identity-document.ts';
import { arn, document, PAGE, path, pathPrefix, policyDescription, policyName, tagKeys, tags, versionId } from './inputs.ts';
import { page } from './paging.ts';
import { accountAccess } from './role-access.ts';
import { mergeTags, newTags, requestTagContext, resourceTagContext, tagsView, withoutTags } from './tags.ts';

type WireTags = readonly { readonly Key: string; readonly Value: string }[];

function policyAccess(action: string) {
  return (
    input: { readonly PolicyArn: string; readonly Tags?: WireTags; readonly TagKeys?: readonly string[] },
    call: Call,
  ): Permission => ({
    action: `iam:${action}`,
    resource: input.PolicyArn,
    shown: `policy ${input.PolicyArn}`,
    context: {
      ...resourceTagContext(findPolicy(call.world, input.PolicyArn)?.tags ?? []),
      ...requestTagContext(input.Tags ?? []),
      ...(input.TagKeys === undefined ? {} : { 'aws:TagKeys': input.TagKeys }),
    },
  });
}

function requirePolicy(call: Call, policyArn: string): PolicyRecord {
  const policy = findPolicy(call.world, policyArn);
  if (policy === undefined) throw noSuchEntity(`Policy ${policyArn} was not found.`);
  return policy;
}

/** A policy that the account itself may change. */
function requireOwnPolicy(call: Call, policyArn: string): PolicyRecord {
  const policy = requirePolicy(call, policyArn);
  if (policy.awsManaged) throw new AwsError('AccessDenied', 403, `Policy ${policyArn} is an AWS managed policy and cannot be modified.`);
  return policy;
}

function requireVersion(policy: PolicyRecord, id: string): PolicyVersion {
  const version = policy.versions.find((candidate) => candidate.id === id);
  if (version === undefined) throw noSuchEntity(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
  return version;
}

function checkDocument(call: Call, policyDocument: string): void {
  requireIdentityDocument(policyDocument);
  const quota = call.world.switches.quotas.managedPolicySize;
  if (policySize(policyDocument) > quota) throw limitExceeded(`Cannot exceed quota for PolicySize: ${quota}`);
}

function put(call: Call, policy: PolicyRecord): void {
  call.world.state.policies.set(policy.arn.toLowerCase(), policy);
}

/** What orders policies in a list and names one in a marker: short, unlike an ARN, and unique with its owner. */
export function policyKey(policy: PolicyRecord): string {
  return `${policy.name.toLowerCase()}/${policy.awsManaged ? 'aws' : 'own'}`;
}

/** A policy as answers show it, without description and tags. */
export function policyView(call: Call, policy: PolicyRecord): XmlObject {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: attachmentCount(call.world, policy.arn),
    PermissionsBoundaryUsageCount: call.world.state.roles.values().filter((role) => role.permissionsBoundary === policy.arn).length,
    IsAttachable: true,
    CreateDate: policy.createDate,
    UpdateDate: policy.updateDate,
  };
}

/** A version as answers show it, without its document. */
export function versionView(policy: PolicyRecord, version: PolicyVersion): XmlObject {
  return { VersionId: version.id, IsDefaultVersion: version.id === policy.defaultVersion, CreateDate: version.createDate };
}

const createPolicy = operation('CreatePolicy', {
  PolicyName: policyName,
  Path: optional(path),
  PolicyDocument: document,
  Description: optional(policyDescription),
  Tags: tags,
})({
  access: (input, call) => ({
    action: 'iam:CreatePolicy',
    resource: iamArn(call.world, `policy${input.Path ?? '/'}${input.PolicyName}`),
    shown: `policy ${input.PolicyName}`,
    context: requestTagContext(input.Tags),
  }),
  run: (input, call) => {
    const { world, now } = call;
    const policyPath = input.Path ?? '/';
    const policyArn = iamArn(world, `policy${policyPath}${input.PolicyName}`);
    const taken = [...world.state.policies.values()].some(({ name }) => name.toLowerCase() === input.PolicyName.toLowerCase());
    if (taken)
      throw new AwsError(
        'EntityAlreadyExists',
        409,
        `A policy called ${input.PolicyName} already exists. Duplicate names are not allowed.`,
      );
    checkDocument(call, input.PolicyDocument);
    const policyTags = newTags(input.Tags, 'ignore-case');
    const { policies } = world.switches.quotas;
    if (world.state.policies.size >= policies) throw limitExceeded(`Cannot exceed quota for PoliciesPerAccount: ${policies}`);
    const createDate = isoSeconds(now);
    const policy: PolicyRecord = {
      name: input.PolicyName,
      path: policyPath,
      arn: policyArn,
      id: uniqueId('ANPA', world.newId),
      ...(input.Description === undefined ? {} : { description: input.Description }),
      createDate,
      updateDate: createDate,
      defaultVersion: 'v1',
      lastVersion: 1,
      versions: [{ id: 'v1', document: input.PolicyDocument, createDate }],
      tags: policyTags,
      awsManaged: false,
    };
    put(call, policy);
    return { Policy: { ...policyView(call, policy), ...(policyTags.length === 0 ? {} : { Tags: tagsView(policyTags) }) } };
  },
});

const getPolicy = operation('GetPolicy', { PolicyArn: arn })({
  access: policyAccess('GetPolicy'),
  run: (input, call) => {
    const policy = requirePolicy(call, input.PolicyArn);
    return { Policy: { ...policyView(call, policy), Description: policy.description, Tags: tagsView(policy.tags) } };
  },
});

const listPolicies = operation('ListPolicies', {
  Scope: optional(text({ oneOf: ['All', 'AWS', 'Local'] })),
  OnlyAttached: optional(boolean()),
  PathPrefix: optional(pathPrefix),
  PolicyUsageFilter: optional(text({ oneOf: ['PermissionsPolicy', 'PermissionsBoundary'] })),
  ...PAGE,
})({
  access: accountAccess('ListPolicies'),
  run: (input, call) => {
    const { world } = call;
    const own = input.Scope === 'AWS' ? [] : [...world.state.policies.values()];
    const aws = input.Scope === 'Local' ? [] : [...awsManagedPolicies(world.partition).values()];
    const listed = [...own, ...aws].filter(
      (policy) =>
        policy.path.startsWith(input.PathPrefix ?? '/') && (input.OnlyAttached !== true || attachmentCount(world, policy.arn) > 0),
    );
    return page(listed, input, {
      key: policyKey,
      member: 'Policies',
      view: (policy) => policyView(call, policy),
    });
  },
});

const deletePolicy = operation('DeletePolicy', { PolicyArn: arn })({
  access: policyAccess('DeletePolicy'),
  run: (input, call) => {
    const policy = requireOwnPolicy(call, input.PolicyArn);
    if (attachmentCount(call.world, policy.arn) > 0)
      throw new AwsError('DeleteConflict', 409, 'Cannot delete a policy attached to entities.');
    if (policy.versions.length > 1) {
      throw new AwsError(
        'DeleteConflict',
        409,
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    }
    call.world.state.policies.delete(policy.arn.toLowerCase());
    return undefined;
  },
});

const createPolicyVersion = operation('CreatePolicyVersion', {
  PolicyArn: arn,
  PolicyDocument: document,
  SetAsDefault: optional(boolean()),
})({
  access: policyAccess('CreatePolicyVersion'),
  run: (input, call) => {
    const policy = requireOwnPolicy(call, input.PolicyArn);
    checkDocument(call, input.PolicyDocument);
    const quota = call.world.switches.quotas.policyVersions;
    if (policy.versions.length >= quota) {
      throw limitExceeded(
        `A managed policy can have up to ${quota} versions. Before you create a new version, you must delete an existing version.`,
      );
    }
    const createDate = isoSeconds(call.now);
    const number = policy.lastVersion + 1;
    const version: PolicyVersion = { id: `v${number}`, document: input.PolicyDocument, createDate };
    const changed: PolicyRecord = {
      ...policy,
      lastVersion: number,
      versions: [...policy.versions, version],
      defaultVersion: input.SetAsDefault === true ? version.id : policy.defaultVersion,
      updateDate: createDate,
    };
    put(call, changed);
    return { PolicyVersion: versionView(changed, version) };
  },
});

const getPolicyVersion = operation('GetPolicyVersion', { PolicyArn: arn, VersionId: versionId })({
  access: policyAccess('GetPolicyVersion'),
  run: (input, call) => {
    const policy = requirePolicy(call, input.PolicyArn);
    const version = requireVersion(policy, input.VersionId);
    return { PolicyVersion: { Document: encodeDocument(version.document), ...versionView(policy, version) } };
  },
});

const listPolicyVersions = operation('ListPolicyVersions', { PolicyArn: arn, ...PAGE })({
  access: policyAccess('ListPolicyVersions'),
  run: (input, call) => {
    const policy = requirePolicy(call, input.PolicyArn);
    // Newest first, as IAM lists them; padded, since versions count beyond nine.
    const key = (version: PolicyVersion): string => String(1e9 - Number(version.id.slice(1)));
    return page(policy.versions, input, { key, member: 'Versions', view: (version) => versionView(policy, version) });
  },
});

const deletePolicyVersion = operation('DeletePolicyVersion', { PolicyArn: arn, VersionId: versionId })({
  access: policyAccess('DeletePolicyVersion'),
  run: (input, call) => {
    const policy = requireOwnPolicy(call, input.PolicyArn);
    const version = requireVersion(policy, input.VersionId);
    if (version.id === policy.defaultVersion) throw new AwsError('DeleteConflict', 409, 'Cannot delete the default version of a policy.');
    put(call, { ...policy, versions: policy.versions.filter((candidate) => candidate !== version) });
    return undefined;
  },
});

const setDefaultPolicyVersion = operation('SetDefaultPolicyVersion', { PolicyArn: arn, VersionId: versionId })({
  access: policyAccess('SetDefaultPolicyVersion'),
  run: (input, call) => {
    const policy = requireOwnPolicy(call, input.PolicyArn);
    put(call, { ...policy, defaultVersion: requireVersion(policy, input.VersionId).id, updateDate: isoSeconds(call.now) });
    return undefined;
  },
});

const tagPolicy = operation('TagPolicy', { PolicyArn: arn, Tags: tags })({
  access: policyAccess('TagPolicy'),
  run: (input, call) => {
    const policy = requireOwnPolicy(call, input.PolicyArn);
    put(call, { ...policy, tags: mergeTags(policy.tags, input.Tags, { keys: 'ignore-case', quota: call.world.switches.quotas.tags }) });
    return undefined;
  },
});

const untagPolicy = operation('UntagPolicy', { PolicyArn: arn, TagKeys: tagKeys })({
  access: policyAccess('UntagPolicy'),
  run: (input, call) => {
    const policy = requireOwnPolicy(call, input.PolicyArn);
    put(call, { ...policy, tags: withoutTags(policy.tags, input.TagKeys, 'ignore-case') });
    return undefined;
  },
});

const listPolicyTags = operation('ListPolicyTags', { PolicyArn: arn, ...PAGE })({
  access: policyAccess('ListPolicyTags'),
  run: (input, call) =>
    page(requirePolicy(call, input.PolicyArn).tags, input, {
      key: (tag) => tag.key,
      member: 'Tags',
      view: ({ key, value }) => ({ Key: key, Value: value }),
    }),
});

/** Managed policies and their versions. */
export const POLICY_OPERATIONS = [
  createPolicy,
  getPolicy,
  listPolicies,
  deletePolicy,
  createPolicyVersion,
  getPolicyVersion,
  listPolicyVersions,
  deletePolicyVersion,
  setDefaultPolicyVersion,
  tagPolicy,
  untagPolicy,
  listPolicyTags,
] as const;
