import { operation } from '../query/operation.ts';
import { list, text } from '../query/shape.ts';
import { members, type XmlValue } from '../query/xml.ts';
import { awsManagedPolicies, findPolicy } from '../store/policies.ts';
import type { PolicyRecord, RoleRecord } from '../store/records.ts';
import type { Call } from '../world.ts';
import { encodeDocument } from './documents.ts';
import { PAGE } from './inputs.ts';
import { instanceProfileView } from './instance-profiles.ts';
import { policyKey, policyView, versionView } from './managed-policies.ts';
import { cut } from './paging.ts';
import { accountAccess } from './role-access.ts';
import { boundaryView, roleCore } from './role-view.ts';
import { tagsView } from './tags.ts';

const FILTERS = ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'] as const;

type Detail = { readonly kind: 'role'; readonly role: RoleRecord } | { readonly kind: 'policy'; readonly policy: PolicyRecord };

/** Roles come before policies, each in the order of names. */
function keyOf(detail: Detail): string {
  return detail.kind === 'role' ? `1/${detail.role.name.toLowerCase()}` : `2/${policyKey(detail.policy)}`;
}

function roleDetail(call: Call, role: RoleRecord): XmlValue {
  const attached = role.attached.flatMap((arn) => findPolicy(call.world, arn) ?? []);
  const profiles = [...call.world.state.instanceProfiles.values()].filter((profile) => profile.roles.includes(role.name));
  return {
    ...roleCore(call.world, role),
    ...boundaryView(role),
    InstanceProfileList: members(profiles.map((profile) => instanceProfileView(call.world, profile))),
    RolePolicyList: members(role.inline.map(({ name, document }) => ({ PolicyName: name, PolicyDocument: encodeDocument(document) }))),
    AttachedManagedPolicies: members(attached.map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn }))),
    Tags: tagsView(role.tags),
    RoleLastUsed: '',
  };
}

function policyDetail(call: Call, policy: PolicyRecord): XmlValue {
  const versions = policy.versions.map((version) => ({ Document: encodeDocument(version.document), ...versionView(policy, version) }));
  return { ...policyView(call, policy), PolicyVersionList: members(versions) };
}

/** All roles and policies with their documents, in pages: what an auditor reads in one go. Users and groups there are none. */
const getAccountAuthorizationDetails = operation('GetAccountAuthorizationDetails', { Filter: list(text({ oneOf: FILTERS })), ...PAGE })({
  access: accountAccess('GetAccountAuthorizationDetails'),
  run: (input, call) => {
    const { state, partition } = call.world;
    const wanted = (kind: (typeof FILTERS)[number]): boolean => input.Filter.length === 0 || input.Filter.includes(kind);
    const used = new Set(state.roles.values().flatMap((role) => role.attached));
    const aws = [...awsManagedPolicies(partition).values()].filter(({ arn }) => used.has(arn));
    const details: readonly Detail[] = [
      ...(wanted('Role') ? state.roles.values() : []).map((role) => ({ kind: 'role', role }) as const),
      ...(wanted('LocalManagedPolicy') ? [...state.policies.values()] : []).map((policy) => ({ kind: 'policy', policy }) as const),
      ...(wanted('AWSManagedPolicy') ? aws : []).map((policy) => ({ kind: 'policy', policy }) as const),
    ];
    const { shown, rest } = cut(details, input, keyOf);
    return {
      ...rest,
      UserDetailList: members([]),
      GroupDetailList: members([]),
      RoleDetailList: members(shown.flatMap((detail) => (detail.kind === 'role' ? [roleDetail(call, detail.role)] : []))),
      Policies: members(shown.flatMap((detail) => (detail.kind === 'policy' ? [policyDetail(call, detail.policy)] : []))),
    };
  },
});

/** Everything at once. */
export const AUTHORIZATION_DETAILS_OPERATIONS = [getAccountAuthorizationDetails] as const;
