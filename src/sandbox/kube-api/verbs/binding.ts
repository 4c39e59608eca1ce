import { isJsonObject } from '../../../base/json.ts';
import type { ApiRequest, ApiResult } from '../context.ts';
import { readObjectBody } from '../request/read-body.ts';
import { canonical } from '../resources/canonical.ts';
import { storageKey } from '../resources/resource-type.ts';
import { conflict, failure, modified, notFound, Refusal } from '../status/refusal.ts';

/** POST `pods/NAME/binding`: what a scheduler does. The pod gets its node and the PodScheduled condition. */
export async function bindPod(call: ApiRequest): Promise<ApiResult> {
  const { context, type, namespace, name = '' } = call;
  const { value: body } = await readObjectBody(call.request, { kind: 'Binding', typeName: 'core.v1.Binding' });
  const target = isJsonObject(body.target) ? body.target : {};
  const node = target.name;
  if (typeof node !== 'string' || node === '') throw new Refusal(failure(500, 'target.name: Required value'));
  const key = storageKey(namespace, name);
  const pod = context.store.get(type.bucket, key);
  if (!pod) throw notFound(type, name);
  const spec = isJsonObject(pod.spec) ? pod.spec : {};
  if (spec.nodeName) {
    throw conflict(
      'pods/binding',
      { name, kind: 'pods/binding' },
      `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`,
    );
  }
  const status = isJsonObject(pod.status) ? pod.status : {};
  const conditions = Array.isArray(status.conditions) ? status.conditions : [];
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: context.clock.now().toISOString() };
  const next = canonical(type, {
    ...pod,
    spec: { ...spec, nodeName: node },
    status: {
      ...status,
      conditions: [...conditions.filter((condition) => !isJsonObject(condition) || condition.type !== 'PodScheduled'), scheduled],
    },
  });
  const committed = context.store.update(type.bucket, key, next, pod);
  if (!committed.ok) throw modified(type, name);
  return { code: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}
