import { policySize } from '../../../iam/policy-size.ts';
import { type AwsError, limitExceeded, noSuchEntity } from '../errors.ts';
import { operation } from '../query/operation.ts';
import { putRole } from '../world.ts';
import { encodeDocument } from './documents.ts';
import { requireIdentityDocument } from './identity-document.ts';
import { document, PAGE, policyName, roleName } from './inputs.ts';
import { page } from './paging.ts';
import { requireRole, roleAccess } from './role-access.ts';

/** Names of inline policies compare without case; the spelling of the first write stays. */
const same =
  (name: string) =>
  (policy: { readonly name: string }): boolean =>
    policy.name.toLowerCase() === name.toLowerCase();

const putRolePolicy = operation('PutRolePolicy', { RoleName: roleName, PolicyName: policyName, PolicyDocument: document })({
  access: roleAccess('PutRolePolicy'),
  run: (input, call) => {
    const role = requireRole(call, input.RoleName);
    requireIdentityDocument(input.PolicyDocument);
    const known = role.inline.find(same(input.PolicyName));
    const written = { name: known?.name ?? input.PolicyName, document: input.PolicyDocument };
    const inline = known === undefined ? [...role.inline, written] : role.inline.map((policy) => (policy === known ? written : policy));
    const quota = call.world.switches.quotas.inlinePolicySize;
    if (inline.reduce((sum, policy) => sum + policySize(policy.document), 0) > quota) {
      throw limitExceeded(`Maximum policy size of ${quota} bytes exceeded for role ${role.name}`);
    }
    putRole(call, { ...role, inline });
    return undefined;
  },
});

function missing(name: string): AwsError {
  return noSuchEntity(`The role policy with name ${name} cannot be found.`);
}

const getRolePolicy = operation('GetRolePolicy', { RoleName: roleName, PolicyName: policyName })({
  access: roleAccess('GetRolePolicy'),
  run: (input, call) => {
    const role = requireRole(call, input.RoleName);
    const policy = role.inline.find(same(input.PolicyName));
    if (policy === undefined) throw missing(input.PolicyName);
    return { RoleName: role.name, PolicyName: policy.name, PolicyDocument: encodeDocument(policy.document) };
  },
});

const listRolePolicies = operation('ListRolePolicies', { RoleName: roleName, ...PAGE })({
  access: roleAccess('ListRolePolicies'),
  run: (input, call) =>
    page(requireRole(call, input.RoleName).inline, input, { key: ({ name }) => name, member: 'PolicyNames', view: ({ name }) => name }),
});

const deleteRolePolicy = operation('DeleteRolePolicy', { RoleName: roleName, PolicyName: policyName })({
  access: roleAccess('DeleteRolePolicy'),
  run: (input, call) => {
    const role = requireRole(call, input.RoleName);
    const inline = role.inline.filter((policy) => !same(input.PolicyName)(policy));
    if (inline.length === role.inline.length) throw missing(input.PolicyName);
    putRole(call, { ...role, inline });
    return undefined;
  },
});

/** Inline policies of roles. */
export const ROLE_POLICY_OPERATIONS = [putRolePolicy, getRolePolicy, listRolePolicies, deleteRolePolicy] as const;
