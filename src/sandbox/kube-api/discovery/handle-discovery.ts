import { discoveryDocument } from '../../../oidc/discovery.ts';
import type { ApiContext } from '../context.ts';
import { notAcceptable } from '../request/accept.ts';
import { respond, respondText } from '../routes/respond.ts';
import { unknownResource } from '../status/refusal.ts';
import { aggregated, groupEntry, resourceList, type ServedGroup, servedGroups } from './api-resources.ts';
import { openApiV2, openApiV3, openApiV3Index } from './open-api.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const JWK_SET = 'application/jwk-set+json';

/** Answers the paths that are about the server and not about an object; `undefined` for any other path. Throws a Refusal. */
export function handleDiscovery(context: ApiContext, request: Request): Response | undefined {
  const url = new URL(request.url);
  const pathname = url.pathname === '/' ? '/' : url.pathname.replace(/\/$/, '');
  switch (pathname) {
    case '/version':
      return respond(200, versionInfo(context.version));
    case '/':
      return respond(200, { paths: rootPaths(context) });
    case '/api':
      return apiVersions(context, request);
    case '/apis':
      return apiGroups(context, request);
    case '/openapi/v2':
      return respond(200, openApiV2(context));
    case '/openapi/v3':
      return respond(200, openApiV3Index(context));
    case '/openid/v1/jwks':
      return jwks(context, request);
    case '/.well-known/openid-configuration':
      return openIdConfiguration(context);
    default:
      return handleGroupPath(context, pathname);
  }
}

/** Answers whether the server is well, to any method; `undefined` for any other path. */
export function handleHealth(request: Request): Response | undefined {
  const { pathname, searchParams } = new URL(request.url);
  const [, endpoint, check] = /^\/(healthz|livez|readyz)(?:\/([^/]+))?$/.exec(pathname) ?? [];
  if (endpoint === undefined || (check !== undefined && check !== 'ping')) return undefined;
  const verbose = searchParams.has('verbose') && check === undefined;
  return respondText(200, verbose ? `[+]ping ok\n${endpoint} check passed\n` : 'ok');
}

function handleGroupPath(context: ApiContext, pathname: string): Response | undefined {
  const openApi = /^\/openapi\/v3\/(api\/v1|apis\/([^/]+)\/([^/]+))$/.exec(pathname);
  if (openApi) {
    const document = openApiV3(context, openApi[2] ?? '', openApi[3] ?? 'v1');
    return document ? respond(200, document) : undefined;
  }
  const match = /^\/(?:api\/([^/]+)|apis\/([^/]+)(?:\/([^/]+))?)\/?$/.exec(pathname);
  if (!match) return undefined;
  const group = servedGroups(context.registry).find(({ name }) => name === (match[2] ?? ''));
  const version = match[1] ?? match[3];
  if (!group) return undefined;
  if (version === undefined) return respond(200, { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) });
  const served = group.versions.find((candidate) => candidate.version === version);
  if (served) return respond(200, resourceList(group.name === '' ? version : `${group.name}/${version}`, served.types));
  if (context.registry.isBuiltIn(group.name)) throw unknownResource();
  return undefined;
}

function wantsAggregated(request: Request): boolean {
  return (request.headers.get('accept') ?? '').split(',').some((clause) => {
    const parts = clause.split(';').map((part) => part.trim());
    return parts[0] === 'application/json' && parts.includes('as=APIGroupDiscoveryList') && parts.includes('v=v2');
  });
}

function respondAggregated(groups: readonly ServedGroup[]): Response {
  const response = respond(200, aggregated(groups));
  response.headers.set('content-type', AGGREGATED);
  return response;
}

function apiVersions(context: ApiContext, request: Request): Response {
  if (wantsAggregated(request)) return respondAggregated(servedGroups(context.registry).filter(({ name }) => name === ''));
  const serverAddress = new URL(context.serverUrl()).host;
  return respond(200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] });
}

function apiGroups(context: ApiContext, request: Request): Response {
  const groups = servedGroups(context.registry).filter(({ name }) => name !== '');
  return wantsAggregated(request)
    ? respondAggregated(groups)
    : respond(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupEntry) });
}

function rootPaths(context: ApiContext): readonly string[] {
  const apis = servedGroups(context.registry).flatMap((group) =>
    group.name === '' ? [] : [`/apis/${group.name}`, ...group.versions.map(({ version }) => `/apis/${group.name}/${version}`)],
  );
  return [
    '/.well-known/openid-configuration',
    '/api',
    '/api/v1',
    '/apis',
    ...apis,
    '/healthz',
    '/livez',
    '/openapi/v2',
    '/openapi/v3',
    '/openid/v1/jwks',
    '/readyz',
    '/version',
  ].sort();
}

/** What `/version` says; `gitCommit` tells that this is no build of Kubernetes. */
function versionInfo(version: string): Readonly<Record<string, string>> {
  const [, major = '1', minor = '0'] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Math.max(0, Number(minor) - 1)),
    gitVersion: version,
    gitCommit: 'podrole-sandbox',
    gitTreeState: '',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: '',
  };
}

function jwks(context: ApiContext, request: Request): Response {
  const accept = request.headers.get('accept') ?? '*/*';
  const fits = accept.split(',').some((clause) => [JWK_SET, '*/*', 'application/*'].includes(clause.split(';', 1)[0]?.trim() ?? ''));
  if (!fits) throw notAcceptable([JWK_SET]);
  return new Response(JSON.stringify({ keys: [context.signingKey.publicJwk] }), {
    status: 200,
    headers: { 'cache-control': 'public, max-age=3600', 'content-type': JWK_SET },
  });
}

function openIdConfiguration(context: ApiContext): Response {
  const document = discoveryDocument({
    issuer: context.issuer,
    jwksUri: `${context.serverUrl()}/openid/v1/jwks`,
    algorithms: [context.signingKey.alg],
  });
  return new Response(JSON.stringify(document), {
    status: 200,
    headers: { 'cache-control': 'public, max-age=3600', 'content-type': 'application/json' },
  });
}
