import { messageOf } from '../../../base/errors.ts';
import { authenticate, type StaticUsers } from '../authn/authenticate.ts';
import { forbidAnonymous, isPublic } from '../authn/forbid-anonymous.ts';
import type { ApiContext, User } from '../context.ts';
import { handleDiscovery, handleHealth } from '../discovery/handle-discovery.ts';
import { parseAccept } from '../request/accept.ts';
import { isForThisServer } from '../request/allowed-host.ts';
import { parsePath, type ResourcePath } from '../request/parse-path.ts';
import { failure, internalError, methodNotAllowed, Refusal, unauthorized, unknownResource } from '../status/refusal.ts';
import { handleResource, type ResourceServices } from './handle-resource.ts';
import { indented, wantsIndent } from './indent.ts';
import { respondRefusal, respondText } from './respond.ts';

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

const NO_PAGE = '404 page not found\n';

/** Everything that a request needs to be answered. */
export interface Server {
  readonly context: ApiContext;
  readonly users: StaticUsers;
  readonly services: ResourceServices;
}

/** The one door: whose request, for what, and the answer or the refusal. Never rejects. */
export async function handle(server: Server, request: Request): Promise<Response> {
  try {
    const response = await route(server, request);
    return wantsIndent(request) ? await indented(response) : response;
  } catch (thrown) {
    if (thrown instanceof Refusal) return wantsIndent(request) ? indented(respondRefusal(thrown)) : respondRefusal(thrown);
    if (request.signal.aborted) return respondText(499, 'the client has gone');
    server.context.log.error('a request failed', { method: request.method, path: new URL(request.url).pathname, error: messageOf(thrown) });
    return respondRefusal(internalError(messageOf(thrown)));
  }
}

async function route({ context, users, services }: Server, request: Request): Promise<Response> {
  const url = new URL(request.url);
  if (!isForThisServer(request, url))
    return respondText(421, 'this server answers to 127.0.0.1, localhost and kubernetes.default.svc alone');
  const { pathname, searchParams } = url;
  const path = parsePath(pathname);
  const user = await authenticate(context, users, request);
  if (!user && request.headers.has('authorization')) throw unauthorized();
  if (!user && !isPublic(pathname)) throw forbidAnonymous(request, path);
  if (!path) return answerAboutServer(context, request);
  if (!isServed(context, path)) return respondText(404, NO_PAGE);
  if (!METHODS.has(request.method)) throw methodNotAllowed();
  return answerResource(context, services, { request, path, query: searchParams, user });
}

/** Health, versions and documents: everything that is no path of a resource. */
function answerAboutServer(context: ApiContext, request: Request): Response {
  const health = handleHealth(request);
  if (health) return health;
  const discovered = handleDiscovery(context, request);
  if (discovered && request.method === 'GET') return discovered;
  if (discovered) throw methodNotAllowed();
  return respondText(404, NO_PAGE);
}

/** A group of built-in kinds answers for all its paths; one of custom resources has only those of its resources. */
function isServed({ registry }: ApiContext, { group, version, plural }: ResourcePath): boolean {
  return registry.isBuiltIn(group) || registry.find(group, version, plural) !== undefined;
}

interface Asked {
  readonly request: Request;
  readonly path: ResourcePath;
  readonly query: URLSearchParams;
  readonly user: User | undefined;
}

function answerResource(context: ApiContext, services: ResourceServices, { request, path, query, user }: Asked): Promise<Response> {
  const type = context.registry.find(path.group, path.version, path.plural);
  if (!type || !user) throw unknownResource();
  if (type.namespaced ? path.namespace === undefined && path.name !== undefined : path.namespace !== undefined) throw unknownResource();
  const { namespace, name, subresource } = path;
  const wanted = parseAccept(request.headers.get('accept'), { list: request.method === 'GET' && name === undefined });
  return handleResource({ context, request, query, user, type, namespace, name, subresource, wanted }, services);
}

/** The refusal of a server that is closing. */
export function closing(): Response {
  return respondRefusal(new Refusal(failure(503, 'the server is shutting down', { reason: 'ServiceUnavailable' })));
}
