import type { KubeObject } from '../../../kube/core/object.ts';
import { type ApiContext, timestamp } from '../context.ts';
import { typesOf } from '../crd/definition.ts';
import { objectAt } from '../kinds/behaviour.ts';
import { deleteLive, writeOrRemove } from '../verbs/deletion.ts';
import type { Controller } from './controller.ts';
import { controllerWrite } from './controller-write.ts';

export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';
const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

/** Serves what CustomResourceDefinitions define, says so in their status, and with a definition's deletion deletes all of its objects. */
export function definitionsController(context: ApiContext): Controller {
  const reconcile = (name: string): void => {
    const definition = context.store.get(DEFINITIONS, name);
    if (!definition) {
      context.registry.define(name, []);
      return;
    }
    if (definition.metadata.deletionTimestamp !== undefined) {
      cleanUp(context, name, definition);
      return;
    }
    context.registry.define(name, typesOf(definition));
    const status = establishedStatus(context, definition);
    const type = context.registry.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions');
    if (status && type)
      controllerWrite(context, type, {
        live: definition,
        next: { ...definition, status },
        subresource: 'status',
        manager: 'kube-apiserver',
      });
  };
  return {
    name: 'definitions',
    concerns: ({ bucket, key, type }) => {
      if (bucket === DEFINITIONS) return [key];
      return type === 'DELETED' && context.store.get(DEFINITIONS, bucket)?.metadata.deletionTimestamp !== undefined ? [bucket] : [];
    },
    reconcile,
  };
}

/** The status of a definition whose names are accepted; `undefined` when it says so already. */
function establishedStatus(context: ApiContext, definition: KubeObject): object | undefined {
  const status = objectAt(definition, 'status');
  const names = objectAt(definition, 'spec', 'names');
  if (JSON.stringify(status.acceptedNames) === JSON.stringify(names)) return undefined;
  const lastTransitionTime = timestamp(context.clock.now());
  const condition = (type: string, reason: string, message: string): object => ({
    type,
    status: 'True',
    lastTransitionTime,
    reason,
    message,
  });
  const conditions = [
    condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
    condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
  ];
  return { ...status, conditions, acceptedNames: names };
}

/** Objects without finalizers go at once; the definition waits for the others. */
function cleanUp(context: ApiContext, name: string, definition: KubeObject): void {
  const bucket = name;
  const [type] = typesOf(definition);
  for (const { object } of context.store.list(bucket)) {
    if (type) deleteLive(context, type, object, { gracePeriodSeconds: undefined, propagation: 'Background' });
  }
  if (context.store.list(bucket).length > 0) return;
  const { finalizers, ...metadata } = definition.metadata;
  const left = (finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP);
  const next = { ...definition, metadata: left.length > 0 ? { ...metadata, finalizers: left } : metadata };
  if (left.length !== (finalizers ?? []).length) writeOrRemove(context, DEFINITIONS, next, definition);
}
