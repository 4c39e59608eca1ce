import type { ResourcePath } from '../request/parse-path.ts';
import { failure, forbidden, Refusal } from '../status/refusal.ts';

/** Paths that anybody may read, as the `system:public-info-viewer` role allows. */
const PUBLIC: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz', '/version', '/version/']);

export function isPublic(pathname: string): boolean {
  return PUBLIC.has(pathname);
}

/** The 403 of a request without credentials, in the full words of the RBAC authorizer. */
export function forbidAnonymous(request: Request, path: ResourcePath | undefined): Refusal {
  const url = new URL(request.url);
  const user = 'system:anonymous';
  if (!path) {
    const verb = request.method.toLowerCase();
    const message = `forbidden: User ${JSON.stringify(user)} cannot ${verb} path ${JSON.stringify(url.pathname)}`;
    return new Refusal(failure(403, message, { reason: 'Forbidden', details: {} }));
  }
  const resource = path.subresource === undefined ? path.plural : `${path.plural}/${path.subresource}`;
  const namespace = path.plural === 'namespaces' && path.group === '' ? path.name : path.namespace;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const verb = verbOf(request.method, path.name, url.searchParams.get('watch'));
  const why = `User ${JSON.stringify(user)} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(path.group)} ${where}`;
  return forbidden(path, path.name ?? '', why);
}

function verbOf(method: string, name: string | undefined, watch: string | null): string {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      if (name !== undefined) return 'get';
      return watch !== null && watch !== 'false' && watch !== '0' ? 'watch' : 'list';
  }
}
