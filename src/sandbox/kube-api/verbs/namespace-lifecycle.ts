import { forbidden, notFound } from '../status/refusal.ts';
import type { AdmissionPlugin } from './admission-chain.ts';

const NAMESPACES = { group: '', plural: 'namespaces' };
const KEPT: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** `NamespaceLifecycle`: nothing is created in a namespace that is absent or going, and three namespaces cannot be deleted. */
export const namespaceLifecycle: AdmissionPlugin = async ({ call, operation, object }) => {
  const { context, type, namespace } = call;
  if (operation === 'DELETE' && type.bucket === 'namespaces' && call.name !== undefined && KEPT.has(call.name)) {
    throw forbidden(NAMESPACES, call.name, 'this namespace may not be deleted');
  }
  if (operation === 'CREATE' && namespace !== undefined && type.namespaced) {
    const found = context.store.get('namespaces', namespace);
    if (!found) throw notFound(NAMESPACES, namespace);
    if (found.metadata.deletionTimestamp !== undefined) {
      throw forbidden(
        type,
        object?.metadata.name ?? '',
        `unable to create new content in namespace ${namespace} because it is being terminated`,
        [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
      );
    }
  }
  return { object, warnings: [] };
};
