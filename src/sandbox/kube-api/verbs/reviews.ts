import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { ApiRequest, ApiResult } from '../context.ts';
import { recordUpdate } from '../patch/managed-fields.ts';
import { readObjectBody } from '../request/read-body.ts';
import { canonical, readObject } from '../resources/canonical.ts';
import { checkKind } from '../resources/check-kind.ts';
import { apiVersionOfType, expectedBody } from '../resources/resource-type.ts';
import { cannotBeHandled } from './create.ts';
import { judgeUnknownFields, listKeys, withManagedFields, writeOptions } from './write-options.ts';

/** Fills in the status of a review that is answered and not stored. */
export type Reviewer = (call: ApiRequest, review: KubeObject) => Promise<Readonly<Record<string, unknown>>>;

/** POST of a review: a question whose answer is its own status. */
export async function review(call: ApiRequest, reviewer: Reviewer): Promise<ApiResult> {
  const { type, context } = call;
  const options = writeOptions(call, 'CreateOptions');
  const body = await readObjectBody(call.request, expectedBody(type));
  checkKind(type, body);
  const read = readObject(type, body);
  if (!read.ok) throw cannotBeHandled(type, read.message);
  const warnings = judgeUnknownFields(call, options, read.unknownFields);
  const entries = recordUpdate({
    before: undefined,
    after: read.object,
    manager: options.fieldManager,
    apiVersion: apiVersionOfType(type),
    now: context.clock.now(),
    listKeys: listKeys(type),
  });
  const object = withManagedFields(read.object, entries);
  return { code: 201, body: canonical(type, { ...object, status: await reviewer(call, object) }), warnings };
}

/** Whoever is authenticated may do everything here, so every access review is answered with yes. */
export const allowAccess: Reviewer = async () => ({ allowed: true, reason: 'this server authenticates but does not authorise' });

/** The rules of a user who may do everything. */
export const allRules: Reviewer = async () => ({
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  incomplete: false,
});

/** Who the server takes the caller for. */
export const whoAmI: Reviewer = async ({ user }) => ({
  userInfo: {
    username: user.username,
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    groups: user.groups,
    ...(isJsonObject(user.extra) ? { extra: user.extra } : {}),
  },
});
