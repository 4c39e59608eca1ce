import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { type ApiContext, type ApiRequest, type ApiResult, timestamp } from '../context.ts';
import { readObjectBody } from '../request/read-body.ts';
import { canonical } from '../resources/canonical.ts';
import { type ResourceType, storageKey } from '../resources/resource-type.ts';
import { badRequest, modified, notFound } from '../status/refusal.ts';
import { checkPreconditions, deleteOptionsOf } from './delete.ts';
import { deleteLive } from './deletion.ts';
import { writeOptions } from './write-options.ts';

/**
 * POST `pods/NAME/eviction`: what `kubectl drain` does. The pod is told why it goes, then deleted as the eviction's `deleteOptions` say. Disruption
 * budgets are stored, and as nobody counts what they cover, none stands against it.
 */
export async function evictPod(call: ApiRequest): Promise<ApiResult> {
  const { context, type, namespace, name = '' } = call;
  const write = writeOptions(call, 'CreateOptions');
  const { value: body } = await readObjectBody(call.request, { kind: 'Eviction', typeName: 'policy.v1.Eviction' });
  const named = isJsonObject(body.metadata) ? body.metadata.name : undefined;
  if (named && named !== name) throw badRequest('name in URL does not match name in Eviction object');
  const options = deleteOptionsOf(isJsonObject(body.deleteOptions) ? body.deleteOptions : {}, new URLSearchParams(), write);
  const key = storageKey(namespace, name);
  const pod = context.store.get(type.bucket, key);
  if (!pod) throw notFound(type, name);
  checkPreconditions(type, pod, options);
  if (!options.dryRun) {
    const committed = context.store.update(type.bucket, key, disrupted(context, type, pod), pod);
    if (!committed.ok) throw modified(type, name);
    deleteLive(context, type, committed.object, options);
  }
  return { code: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}

function disrupted({ clock }: ApiContext, type: ResourceType, pod: KubeObject): KubeObject {
  const status = isJsonObject(pod.status) ? pod.status : {};
  const others = (Array.isArray(status.conditions) ? status.conditions : []).filter(
    (condition) => !isJsonObject(condition) || condition.type !== 'DisruptionTarget',
  );
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: timestamp(clock.now()),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  };
  return canonical(type, { ...pod, status: { ...status, conditions: [...others, condition] } });
}
