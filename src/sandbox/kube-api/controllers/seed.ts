import { type ApiContext, timestamp } from '../context.ts';
import { behaviourOf } from '../kinds/kinds.ts';
import { identified } from '../resources/canonical.ts';

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** The namespaces that every cluster starts with. */
export function seedNamespaces(context: ApiContext): void {
  const type = context.registry.find('', 'v1', 'namespaces');
  if (!type) return;
  for (const name of NAMESPACES) {
    const bare = { kind: 'Namespace', apiVersion: 'v1', metadata: { name } };
    const object = behaviourOf(type.bucket).prepareCreate?.(bare, context) ?? bare;
    context.store.create(
      type.bucket,
      name,
      identified(type, object, { uid: context.newId(), creationTimestamp: timestamp(context.clock.now()) }),
    );
  }
}
