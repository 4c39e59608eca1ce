import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { type ApiRequest, type ApiResult, timestamp } from '../context.ts';
import { recordUpdate } from '../patch/managed-fields.ts';
import { readObjectBody } from '../request/read-body.ts';
import { canonical, readObject } from '../resources/canonical.ts';
import { checkKind } from '../resources/check-kind.ts';
import { apiVersionOfType, expectedBody } from '../resources/resource-type.ts';
import { cannotBeHandled } from './create.ts';
import { judgeFields, listKeys, withManagedFields, writeOptions } from './write-options.ts';

/** Fills in the status of a review that is answered and not stored. */
export type Reviewer = (call: ApiRequest, review: KubeObject) => Promise<Readonly<Record<string, unknown>>>;

/** POST of a review: a question whose answer is its own status. */
export async function review(call: ApiRequest, reviewer: Reviewer): Promise<ApiResult> {
  const { type, context } = call;
  const options = writeOptions(call, 'CreateOptions');
  const body = await readObjectBody(call.request, expectedBody(type));
  checkKind(context.registry, type, body.value);
  const read = readObject(type, body.value);
  if (!read.ok) throw cannotBeHandled(type, read.message);
  const warnings = judgeFields(call, options, { unknown: read.unknownFields, duplicate: body.duplicateFields });
  const entries = recordUpdate({
    before: undefined,
    after: read.object,
    manager: options.fieldManager,
    apiVersion: apiVersionOfType(type),
    now: context.clock.now(),
    listKeys: listKeys(type),
  });
  const owned = withManagedFields(read.object, entries);
  // Alone among the reviews, who asks about themselves is told when.
  const own = type.plural === 'selfsubjectreviews' ? { creationTimestamp: timestamp(context.clock.now()) } : {};
  const object = { ...owned, metadata: { ...owned.metadata, ...own } };
  const answered = canonical(type, { ...object, status: await reviewer(call, object) });
  return { code: 201, body: answered, warnings };
}

/** Whoever is authenticated may do everything here, so every access review is answered with yes. */
export const allowAccess: Reviewer = async () => ({ allowed: true });

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
