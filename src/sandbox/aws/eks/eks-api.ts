import { Hono } from 'hono';
import { requireAccess } from '../access/authorize.ts';
import type { Permission } from '../access/permission.ts';
import { AwsError } from '../errors.ts';
import type { HttpCall } from '../http-call.ts';
import { parseAuthorization } from '../sigv4/authorization-header.ts';
import type { Call } from '../world.ts';
import { createAssociation, deleteAssociation, describeAssociation, listAssociations, updateAssociation } from './associations.ts';
import { describeCluster, listClusters } from './clusters.ts';
import { type EksInput, jsonBody } from './input.ts';
import { listTags, tagResource, untagResource } from './tags.ts';

/** One action of EKS: what it needs, and what it answers as JSON. */
export interface EksOperation {
  readonly name: string;
  readonly permission: (input: EksInput, call: Call) => Permission;
  readonly run: (input: EksInput, call: Call) => object;
}

/** What a route is given. */
interface Bindings {
  readonly http: HttpCall;
  /** Authenticates, or throws. */
  readonly begin: (operation: string) => Promise<Call>;
}

const ROUTES: readonly (readonly [method: 'GET' | 'POST' | 'DELETE', path: string, operation: EksOperation])[] = [
  ['GET', '/clusters', listClusters],
  ['GET', '/clusters/:name', describeCluster],
  ['POST', '/clusters/:name/pod-identity-associations', createAssociation],
  ['GET', '/clusters/:name/pod-identity-associations', listAssociations],
  ['GET', '/clusters/:name/pod-identity-associations/:associationId', describeAssociation],
  ['POST', '/clusters/:name/pod-identity-associations/:associationId', updateAssociation],
  ['DELETE', '/clusters/:name/pod-identity-associations/:associationId', deleteAssociation],
  ['GET', '/tags/:resourceArn', listTags],
  ['POST', '/tags/:resourceArn', tagResource],
  ['DELETE', '/tags/:resourceArn', untagResource],
];

/** The routes of EKS (REST-JSON), as far as clusters, pod identity associations and tags go. Errors are thrown as {@link AwsError}. */
export function eksRoutes(): (bindings: Bindings, request: Request) => Promise<Response> {
  const app = new Hono<{ Bindings: Bindings }>();
  for (const [method, path, operation] of ROUTES) {
    app.on(method, path, async (context) => {
      const { http, begin } = context.env;
      const call = await begin(operation.name);
      const region = parseAuthorization(http.header('authorization') ?? '')?.region ?? call.world.region;
      const input: EksInput = { path: context.req.param(), query: http.url.searchParams, body: jsonBody(http.body), region };
      requireAccess(call, operation.permission(input, call), 'AccessDeniedException');
      return context.json(operation.run(input, call));
    });
  }
  app.notFound(() => {
    throw new AwsError('UnknownOperationException', 404, 'The requested operation is not supported here.');
  });
  app.onError((error) => {
    throw error;
  });
  return async (bindings, request) => app.fetch(request, bindings);
}
