import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { KeySet } from '../../oidc/key-set.ts';
import type { DecisionWriter } from './decision-log.ts';
import type { Quotas } from './quotas.data.ts';
import type { Session, SessionSeal } from './sigv4/session-seal.ts';
import type { AccountState } from './store/account-state.ts';
import type { RoleRecord } from './store/records.ts';

/** `aws` answers as live AWS was observed to; `strict` refuses what a careful reader of the specifications would refuse. */
export type TokenMode = 'aws' | 'strict';

/** Where the keys of an OIDC issuer come from. */
export interface IssuerKeys {
  /** The issuer's keys, the same list for as long as they are the same; with a `kid` that the cached ones lack, newer ones if it may be fetched again. */
  fetchKeys(issuer: string, kid: string | undefined, signal: AbortSignal): Promise<FetchedKeys>;
}

export type FetchedKeys =
  | { readonly ok: true; readonly keys: KeySet['keys'] }
  | { readonly ok: false; readonly reason: string; readonly message: string };

/** What every handler works on. */
export interface World {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  /** ISO 8601 without fraction. */
  readonly createdAt: string;
  readonly clock: Clock;
  /** Unguessable and never the same twice. */
  readonly newId: () => string;
  readonly log: Log;
  readonly state: AccountState;
  readonly decisions: DecisionWriter;
  readonly seal: SessionSeal;
  readonly issuerKeys: IssuerKeys;
  readonly switches: Switches;
}

/** What a test may turn while the sandbox runs. */
export interface Switches {
  mode: TokenMode;
  /** Milliseconds until STS acts on a change of a role or provider. */
  propagationMs: number;
  quotas: Quotas;
}

/** Who signed a request. */
export type Caller =
  | { readonly kind: 'admin'; readonly arn: string; readonly userId: string; readonly userName: string }
  | { readonly kind: 'session'; readonly arn: string; readonly userId: string; readonly session: Session }
  | { readonly kind: 'anonymous' };

/** One request on its way through a service. */
export interface Call {
  readonly world: World;
  readonly caller: Caller;
  readonly requestId: string;
  /** Epoch milliseconds at which the request arrived; one request sees one time. */
  readonly now: number;
  readonly signal: AbortSignal;
  /** What the decision log will say about this call; filled in on the way. */
  readonly notes: DecisionNotes;
}

/** Facts for the decision log that only a handler knows. */
export interface DecisionNotes {
  roleArn?: string;
  sessionName?: string;
  subject?: string;
  audience?: string;
  resource?: string;
  message?: string;
  warnings?: readonly string[];
  explain?: () => unknown;
}

/** The ARN prefix of the account's IAM things. */
export function iamArn(world: Pick<World, 'partition' | 'account'>, resource: string): string {
  return `arn:${world.partition}:iam::${world.account}:${resource}`;
}

/** Puts a changed role where IAM sees it at once and STS after the propagation delay. */
export function putRole(call: Call, role: RoleRecord): void {
  call.world.state.roles.set(role.name.toLowerCase(), role, { now: call.now, visibleAt: call.now + call.world.switches.propagationMs });
}
