import type { Status, StatusCause, StatusDetails } from '../../../kube/core/status.ts';

/** A request that is answered with a Status. Thrown inside the server and turned into a response at its one boundary. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: Status;
  /** Warnings that go with the refusal, as those of a webhook that denies. */
  readonly warnings: readonly string[];

  constructor(status: Status, warnings: readonly string[] = []) {
    super(status.message ?? 'refused');
    this.status = status;
    this.warnings = warnings;
  }
}

/** Runs `work`; if it is refused, the warnings known by then go with the refusal. */
export async function warned<T>(warnings: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Refusal && warnings.length > 0) throw new Refusal(thrown.status, [...warnings, ...thrown.warnings]);
    throw thrown;
  }
}

/** The group and plural of a resource, as refusals name it. */
export interface ResourceName {
  readonly group: string;
  readonly plural: string;
}

/** The group and kind of a resource, as validation errors name it. */
export interface KindName {
  readonly group: string;
  readonly kind: string;
}

/** A Status with its members in the order in which the real one writes them; empty ones are left out. */
export function failure(
  code: number,
  message: string,
  options: { readonly reason?: string; readonly details?: StatusDetails } = {},
): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.details === undefined ? {} : { details: orderDetails(options.details) }),
    code,
  };
}

function orderDetails(details: StatusDetails): StatusDetails {
  const { name, group, kind, uid, causes, retryAfterSeconds } = details;
  return {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    ...(kind ? { kind } : {}),
    ...(uid ? { uid } : {}),
    ...(causes && causes.length > 0 ? { causes } : {}),
    ...(retryAfterSeconds ? { retryAfterSeconds } : {}),
  };
}

/** `deployments.apps`, or `pods` in the core group. */
export function qualifiedResource(resource: ResourceName): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** `Profile.kubeflow.org`, or `Pod` in the core group. */
export function qualifiedKind(kind: KindName): string {
  return kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
}

export function notFound(resource: ResourceName, name: string): Refusal {
  const details = { name, group: resource.group, kind: resource.plural };
  return new Refusal(failure(404, `${qualifiedResource(resource)} "${name}" not found`, { reason: 'NotFound', details }));
}

/** A path that no resource answers, inside a group that is served. */
export function unknownResource(): Refusal {
  return new Refusal(failure(404, 'the server could not find the requested resource', { reason: 'NotFound', details: {} }));
}

export function alreadyExists(resource: ResourceName, name: string, isGoing = false): Refusal {
  const details = { name, group: resource.group, kind: resource.plural };
  const text = `${isGoing ? 'object is being deleted: ' : ''}${qualifiedResource(resource)} "${name}" already exists`;
  return new Refusal(failure(409, text, { reason: 'AlreadyExists', details }));
}

/** The optimistic lock failed. */
export function modified(resource: ResourceName, name: string): Refusal {
  return conflict(
    qualifiedResource(resource),
    { name, group: resource.group, kind: resource.plural },
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

export function conflict(subject: string, details: StatusDetails & { readonly name: string }, why: string): Refusal {
  return new Refusal(
    failure(409, `Operation cannot be fulfilled on ${subject} "${details.name}": ${why}`, { reason: 'Conflict', details }),
  );
}

export function badRequest(message: string): Refusal {
  return new Refusal(failure(400, message, { reason: 'BadRequest' }));
}

export function forbidden(resource: ResourceName, name: string, why: string, causes: readonly StatusCause[] = []): Refusal {
  const subject = name === '' ? qualifiedResource(resource) : `${qualifiedResource(resource)} "${name}"`;
  const details = { name, group: resource.group, kind: resource.plural, causes };
  return new Refusal(failure(403, `${subject} is forbidden: ${why}`, { reason: 'Forbidden', details }));
}

export function unauthorized(): Refusal {
  return new Refusal(failure(401, 'Unauthorized', { reason: 'Unauthorized' }));
}

export function methodNotAllowed(): Refusal {
  return new Refusal(
    failure(405, 'the server does not allow this method on the requested resource', { reason: 'MethodNotAllowed', details: {} }),
  );
}

export function unsupportedMedia(accepted: readonly string[]): Refusal {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new Refusal(failure(415, message, { reason: 'UnsupportedMediaType' }));
}

/** A list or a continue token whose revision the history no longer reaches. */
export function expired(message: string, continueToken?: string): Refusal {
  const status = failure(410, message, { reason: 'Expired' });
  return new Refusal(continueToken === undefined ? status : { ...status, metadata: { continue: continueToken } });
}

export function internalError(message: string): Refusal {
  const details = { causes: [{ message }] };
  return new Refusal(failure(500, `Internal error occurred: ${message}`, { reason: 'InternalError', details }));
}
