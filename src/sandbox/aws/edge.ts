import type { FaultKind } from './faults.ts';
import type { HttpCall } from './http-call.ts';
import type { Authentication } from './sigv4/authenticate.ts';
import type { Call } from './world.ts';

/** What every protocol needs of the sandbox around it. */
export interface Edge {
  /** A call by `authentication`'s caller; anonymous when it failed or was not asked for. Calls of one request share its id and time. */
  newCall(http: HttpCall, authentication: Authentication | undefined): Call;
  authenticate(http: HttpCall): Promise<Authentication>;
  /** The fault that was armed for this operation, which is thereby used up. */
  takeFault(operation: string): FaultKind | undefined;
}
